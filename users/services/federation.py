"""Logins from outside: exchanged once for ours, and linked to an account only where both sides have proof."""

from django.http import HttpRequest

from core import audit, clock
from core.clientip import client_ip, throttle_key
from core.rls import as_system, as_user
from core.throttling import demand
from users.authentication import Login
from users.errors import IdentityTaken, LastLogin, LinkRequiresLogin
from users.models import AuthMethod, Identity, User
from users.phones import BadPhone, normalise_phone
from users.ports import ExternalIdentity
from users.providers import provider_for
from users.services import claims, post
from users.services.arriving import welcome
from users.services.entering import enter
from users.services.proof import demand_recent_proof
from users.sessions import Pair


def exchange(
    *, provider: str, token: str, request: HttpRequest, device_id: str = "", mfa_code: str = ""
) -> tuple[User, Pair]:
    """Our pair for a provider's token. Raises ProviderUnknown, TokenRefused, ProviderDown, LinkRequiresLogin,
    InvalidCredentials (banned), SecondFactorRequired, Throttled.

    The provider is asked outside of any transaction.
    """
    demand("exchange_ip", throttle_key(client_ip(request)))
    source = provider_for(provider, token)
    outside = source.verify(token)
    with as_system("an outside login: its account is to be found"):
        user = _known(outside)
    if user is None:
        outside = source.vouch(token, outside)
        with as_system("an outside login: its account is to be found or made"):
            user = _known(outside) or _linked(outside, provider, request)
    method = AuthMethod(provider) if provider in {"supabase", "descope"} else AuthMethod.OIDC
    pair = enter(
        user,
        method=method,
        request=request,
        device_id=device_id,
        mfa_code=mfa_code,
        provider_session_id=outside.session_id[:200] or None,
    )
    return user, pair


def connect(*, login: Login, provider: str, token: str, request: HttpRequest) -> Identity:
    """Another way into the caller's account. Raises as `exchange`, and IdentityTaken, ReauthenticationRequired."""
    demand("exchange_ip", throttle_key(client_ip(request)))
    demand_recent_proof(login)
    source = provider_for(provider, token)
    outside = source.vouch(token, source.verify(token))
    with as_system("the identity may belong to another account"):
        owner = _known(outside)
    if owner is not None and owner.pk != login.user_id:
        raise IdentityTaken
    with as_user(login.user_id):
        user = User.objects.get(pk=login.user_id)
        return _row(outside) if owner is not None else _link(user, outside, provider, request)


def disconnect(*, login: Login, identity: Identity, request: HttpRequest) -> None:
    """Raises LastLogin when nothing else opens the account, ReauthenticationRequired."""
    demand_recent_proof(login)
    with as_user(login.user_id):
        user = User.objects.select_for_update().get(pk=login.user_id)
        others = Identity.objects.filter(user=user).exclude(pk=identity.pk).exists()
        if not (others or user.has_usable_password() or user.phone_verified_at):
            raise LastLogin
        identity.delete()
        audit.record("identity.unlink", actor=user.pk, request=request, provider=identity.provider)


def _row(outside: ExternalIdentity) -> Identity:
    row: Identity = Identity.objects.get(issuer=outside.issuer, subject=outside.subject)
    return row


def _known(outside: ExternalIdentity) -> User | None:
    row: Identity | None = (
        Identity.objects.select_related("user").filter(issuer=outside.issuer, subject=outside.subject).first()
    )
    if row is None:
        return None
    Identity.objects.filter(pk=row.pk).update(last_used_at=clock.now())
    user: User = row.user
    return user


def _linked(outside: ExternalIdentity, provider: str, request: HttpRequest) -> User:
    user = _by_email(outside, request) or _by_phone(outside, request) or _made(outside, request)
    _link(user, outside, provider, request)
    return user


def _by_email(outside: ExternalIdentity, request: HttpRequest) -> User | None:
    """The account with this address, when the issuer has proved it. Raises LinkRequiresLogin when it has not."""
    user: User | None = User.objects.select_for_update().with_address(email=outside.email)
    if user is None:
        return None
    if not outside.email_verified:
        raise LinkRequiresLogin
    if user.email_verified_at is None:
        if user.phone_verified_at is not None:  # a slip of the pen in somebody else's account
            user.email = None
            user.save(update_fields=["email"])
            return None
        claims.strip(user, proved="email", request=request)
        user.email_verified_at = clock.now()
        user.save(update_fields=["email_verified_at"])
    return user


def _by_phone(outside: ExternalIdentity, request: HttpRequest) -> User | None:
    """The same for the number; an unproved one is simply not looked at: codes by SMS are the way in."""
    number = _number(outside)
    user: User | None = User.objects.select_for_update().with_address(phone=number)
    if user is None or not outside.phone_verified:
        return None
    if user.phone_verified_at is None:
        if user.email_verified_at is not None:
            user.phone = None
            user.save(update_fields=["phone"])
            return None
        claims.strip(user, proved="phone", request=request)
        user.phone_verified_at = clock.now()
        user.save(update_fields=["phone_verified_at"])
    return user


def _made(outside: ExternalIdentity, request: HttpRequest) -> User:
    """A new account with what the issuer says. Raises LinkRequiresLogin when it says no address at all."""
    now = clock.now()
    number = _number(outside) if outside.phone_verified else None
    if not outside.email and not number:
        raise LinkRequiresLogin("This login tells no address. Register first, then connect it.")
    first, _, last = " ".join(outside.name.split()).partition(" ")
    user: User = User.objects.create_user(
        email=outside.email or None,
        email_verified_at=now if outside.email and outside.email_verified else None,
        phone=number,
        phone_verified_at=now if number else None,
        first_name=first[:80],
        last_name=last[:80],
    )
    welcome(user)
    audit.record("account.register", actor=user.pk, request=request, method="exchange")
    return user


def _link(user: User, outside: ExternalIdentity, provider: str, request: HttpRequest) -> Identity:
    row: Identity = Identity.objects.create(
        user=user,
        provider=provider,
        issuer=outside.issuer,
        subject=outside.subject,
        email=outside.email,
        email_verified=outside.email_verified,
        phone=outside.phone[:32],
        phone_verified=outside.phone_verified,
    )
    audit.record("identity.link", actor=user.pk, request=request, provider=provider)
    if user.last_login is not None:
        post.tell(user, "identity_linked", provider=provider)
    return row


def _number(outside: ExternalIdentity) -> str | None:
    try:
        return normalise_phone(outside.phone) if outside.phone else None
    except BadPhone:
        return None
