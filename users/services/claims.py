"""An address that is proved for the first time: what somebody else may have prepared there goes.

Whoever registers with a stranger's address keeps a password, perhaps a phone number or an outside identity of
their own, and waits until the stranger comes (account pre-hijacking). So the first proof from outside a login
keeps only what the person now at the door has proved.
"""

from typing import Literal

from django.http import HttpRequest

from core import audit
from users import second_factor, sessions
from users.models import Identity, RevokedReason, User


def strip(user: User, *, proved: Literal["email", "phone"], request: HttpRequest | None) -> None:
    """Remove password, logins, second factors, outside identities and the other address of a locked `user`."""
    user.set_unusable_password()
    if proved == "email":
        user.phone, user.phone_verified_at = None, None
    else:
        user.email, user.email_verified_at = None, None
    user.save(update_fields=["password", "email", "email_verified_at", "phone", "phone_verified_at"])
    Identity.objects.filter(user=user).delete()
    second_factor.remove_all(user)
    sessions.revoke(user_id=user.pk, reason=RevokedReason.PASSWORD, request=request)
    audit.record("account.claimed", actor=user.pk, request=request, proved=proved)
