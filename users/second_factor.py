"""Second factors, kept by django-allauth; on with MFA_ENABLED. Every login of ours asks here."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from core.rls import as_user
from core.throttling import demand
from users.errors import InvalidCredentials, SecondFactorRequired
from users.models import User

RECOVERY = Authenticator.Type.RECOVERY_CODES


def has_one(user: User) -> bool:
    """Does this account ask for more than a password?"""
    if not settings.MFA_ENABLED:
        return False
    with as_user(user):
        return bool(Authenticator.objects.filter(user=user).exclude(type=RECOVERY).exists())


def demand_of(user: User, code: str) -> int:
    """The assurance level of a login with `code`: 2 with a right one, 1 where none is asked for.

    Raises SecondFactorRequired without one, InvalidCredentials with a wrong one, Throttled.
    """
    if not has_one(user):
        return 1
    if not code:
        raise SecondFactorRequired
    if not is_right(user, code):
        raise InvalidCredentials
    return 2


def is_right(user: User, code: str) -> bool:
    """Is this a code of the person's authenticator, or an unused recovery code? Either counts once."""
    if not settings.MFA_ENABLED:
        return False
    demand("mfa_account", str(user.pk), closed=True)
    with as_user(user):
        kept = {row.type: row for row in Authenticator.objects.filter(user=user)}
        totp, recovery = kept.get(Authenticator.Type.TOTP), kept.get(RECOVERY)
        if totp is not None and TOTP(totp).validate_code(code):
            totp.record_usage()
            return True
        return recovery is not None and RecoveryCodes(recovery).validate_code(code)


def remove_all(user: User) -> None:
    """In the transaction under way."""
    Authenticator.objects.filter(user=user).delete()
