"""What users, and core for it, hold of a person: shown to them, and erased."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection

from core import clock
from core.models import AuditEvent, StoredFile
from core.ports import file_holders
from users.mfa import session_key
from users.models import AppSession, DataExport, Identity, OtpChallenge, User, UserDevice
from users.selectors import account_payload

NOBODY = "An erased account"


class UsersData:
    """Runs as the system, in the transaction of the job that asks."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "account": account_payload(user_id),
            "devices": list(
                UserDevice.objects.filter(user_id=user_id).values(
                    "device_id", "platform", "name", "app_version", "created_at", "last_seen_at"
                )
            ),
            "logins": list(
                AppSession.objects.filter(user_id=user_id).values(
                    "created_at", "last_seen_at", "auth_method", "ip_prefix", "user_agent", "revoked_at"
                )
            ),
            "outside_logins": list(
                Identity.objects.filter(user_id=user_id).values(
                    "provider", "issuer", "subject", "email", "phone", "linked_at", "last_used_at"
                )
            ),
            "second_factors": list(
                Authenticator.objects.filter(user_id=user_id).values("type", "created_at", "last_used_at")
            ),
            "own_deeds": list(
                AuditEvent.objects.filter(actor=user_id).values(
                    "at", "action", "target", "outcome", "ip_prefix"
                )
            ),
            "files": list(
                StoredFile.objects.live()
                .filter(owner_id=user_id)
                .values("id", "filename", "purpose", "content_type", "size", "sha256", "created_at")
            ),
        }

    def erase(self, user_id: UUID) -> None:
        """The row stays as an id with a tombstone; blobs are wiped afterwards by core.files.retention."""
        user = User.objects.select_for_update().get(pk=user_id)
        addresses = [address for address in (user.email, user.phone) if address]
        _keep_held_files(user_id)
        Session.objects.filter(
            session_key__in=[
                session_key(pk)
                for pk in AppSession.objects.filter(user_id=user_id).values_list("pk", flat=True)
            ]
        ).delete()
        owned: tuple[Any, ...] = (AppSession, UserDevice, Identity, OtpChallenge, DataExport, Authenticator)
        for model in owned:
            model.objects.filter(user_id=user_id).delete()
        LogEntry.objects.filter(object_id=str(user_id)).update(object_repr=NOBODY)
        _forget_in_jobs([*addresses, str(user_id)])
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_forget_actor(%s, %s)", [user_id, stand_in(user_id)])
        _empty(user)


def stand_in(user_id: UUID) -> UUID:
    """What stands for an erased person in the audit log: who knows the id can still find their deeds."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"erased:" + user_id.bytes, hashlib.sha256).digest()
    return UUID(bytes=digest[:16], version=4)


def _empty(user: User) -> None:
    user.email = user.phone = None
    user.email_verified_at = user.phone_verified_at = user.last_login = user.erase_after = None
    user.first_name = user.last_name = user.bio = user.location = user.experience = user.profile_picture = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.deleted_at = clock.now()
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def _keep_held_files(user_id: UUID) -> None:
    """What others have a right to (a tune they bought) stays, without the name its maker gave it."""
    held = [
        file.pk
        for file in StoredFile.objects.filter(owner_id=user_id)
        if any(holder.holds(file.pk) for holder in file_holders.values())
    ]
    StoredFile.objects.filter(pk__in=held).update(owner_id=stand_in(user_id), filename="")


def _forget_in_jobs(words: Iterable[str]) -> None:
    """Letters that were sent, or wait to be, name an address in their arguments."""
    with connection.cursor() as cursor:
        for word in words:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE position(%s in args::text) > 0 AND status <> 'doing'",
                [word],
            )
