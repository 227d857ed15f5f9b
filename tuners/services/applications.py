"""What an applicant does."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from core import audit
from core.errors import Invalid
from core.files.services import claim
from core.models import FilePurpose
from tuners.errors import ApplicationDecided, ApplicationOpen
from tuners.models import ApplicationStatus, TunerApplication, TunerCertification
from users.models import User


def apply(*, user: User, certifications: Sequence[dict[str, Any]], **fields: Any) -> TunerApplication:
    """Send an application with its documents, which must be complete uploads of the purpose `certification`.

    Also the way to renew: an approved tuner applies again before a certification expires. Raises ApplicationOpen
    (409), Invalid (400) naming the certification.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                application: TunerApplication = TunerApplication.objects.create(user=user, **fields)
        except IntegrityError:
            raise ApplicationOpen from None
        for number, document in enumerate(certifications):
            _attach(application, number, document)
        audit.record("tuner.apply", actor=user.pk, target=application.pk)
    return application


def _attach(application: TunerApplication, number: int, document: dict[str, Any]) -> None:
    try:
        claim(application.user_id, document["file_id"], purpose=FilePurpose.CERTIFICATION)
    except Invalid as problem:
        raise Invalid(fields={"certifications": {str(number): problem.fields}}) from None
    TunerCertification.objects.create(application=application, user_id=application.user_id, **document)


def withdraw(*, application: TunerApplication) -> TunerApplication:
    """Take an open application back; repeating changes nothing. Raises ApplicationDecided (409)."""
    with transaction.atomic():
        locked: TunerApplication = TunerApplication.objects.select_for_update().get(pk=application.pk)
        if locked.status == ApplicationStatus.SUBMITTED:
            locked.status = ApplicationStatus.WITHDRAWN
            locked.save(update_fields=["status"])
        elif locked.status != ApplicationStatus.WITHDRAWN:
            raise ApplicationDecided
    return locked
