"""A tuner writes about a tune: words, price, pictures and what it fits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from core.errors import Invalid
from core.files.services import claim, public_url
from core.models import FilePurpose
from marketplace.models import Compatibility, Tune
from marketplace.prices import demand_possible
from tuners.services import demand_verified
from users.models import User

MAX_PICTURES = 10


def create_tune(*, owner: User, fits: Sequence[dict[str, Any]] = (), **fields: Any) -> tuple[Tune, bool]:
    """A draft; an `id` that the caller has used before is the same create (False: it was there).

    Raises TunerNotVerified (403), PriceTooLow, Invalid (400).
    """
    profile = demand_verified(owner)
    with transaction.atomic():
        if given := fields.get("id"):
            found = Tune.objects.filter(pk=given, tuner=profile).first()
            if found is not None:
                return found, False
        fields["pictures"] = _pictures(owner.pk, fields.pop("picture_ids", []))
        demand_possible(fields.get("price_minor", 0), fields.get("currency", "INR"))
        tune: Tune = Tune(tuner=profile, **fields)
        tune.save(force_insert=True)
        write_fits(tune, fits)
    return tune, True


def update_tune(
    *, tune: Tune, owner: User, fits: Sequence[dict[str, Any]] | None = None, **fields: Any
) -> Tune:
    """Change one's own tune, locked by the caller; `fits` replaces all rows. Raises PriceTooLow, Invalid (400)."""
    with transaction.atomic():
        if "picture_ids" in fields:
            fields["pictures"] = _pictures(owner.pk, fields.pop("picture_ids"), known=tune.pictures)
        for name, value in fields.items():
            setattr(tune, name, value)
        demand_possible(tune.price_minor, tune.currency)
        if fields:
            tune.save(update_fields=list(fields))
        if fits is not None:
            write_fits(tune, fits)
    return tune


def write_fits(tune: Tune, wanted: Sequence[dict[str, Any]]) -> None:
    """Make the rows what is wanted: equal ones stay (and stay verified), others go, new ones come."""
    kept = {_facts(row): row for row in tune.fits.filter(deleted_at=None)}
    new = []
    for fields in wanted:
        row = Compatibility(tune=tune, **fields)
        if kept.pop(_facts(row), None) is None:
            new.append(row)
    Compatibility.objects.filter(pk__in=[row.pk for row in kept.values()]).tombstone()
    Compatibility.objects.bulk_create(new)


def _facts(row: Compatibility) -> tuple[Any, ...]:
    return (
        row.vehicle_model_id,
        row.make,
        row.model,
        row.year_from,
        row.year_to,
        row.ecu_family,
        row.ecu_hardware,
        row.ecu_software,
        tuple(row.calibration_ids),
    )


def _pictures(
    owner_id: UUID, file_ids: Sequence[UUID], *, known: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    urls = {row["file_id"]: row for row in known}
    found = []
    for file_id in file_ids:
        if (row := urls.get(str(file_id))) is None:
            try:
                file = claim(owner_id, file_id, purpose=FilePurpose.PHOTO)
            except Invalid as problem:
                raise Invalid(fields={"picture_ids": problem.fields["file_id"]}) from None
            row = {"file_id": str(file.pk), "url": public_url(file)}
        found.append(row)
    return found
