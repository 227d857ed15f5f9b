"""One-time codes by SMS: sending, checking, logging in and proving a number with them."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from core import audit, clock
from core.clientip import client_ip, ip_prefix, throttle_key
from core.rls import as_system, as_user
from core.throttling import demand
from users import codes, sms
from users.authentication import Login
from users.errors import AccountExists, InvalidCredentials, NoSmsThere, WrongCode
from users.models import AuthMethod, OtpChallenge, Purpose, User
from users.phones import country_of, is_possible
from users.selectors import account_behind
from users.services import claims, post
from users.services.arriving import welcome
from users.services.entering import enter
from users.sessions import Pair


def request_code(*, phone: str, request: HttpRequest) -> OtpChallenge:
    """A code to this number, if our rules let it have one; answer and work are the same for every number.

    Raises NoSmsThere for what can't be dialled or a country that isn't served, Throttled (also when the day's
    budget for SMS is spent).
    """
    address = client_ip(request)
    _demand_servable(phone)
    demand("otp_send_ip", throttle_key(address), closed=True)
    for scope in ("otp_send_pause", "otp_send_hour", "otp_send_day"):
        demand(scope, codes.hash_of(phone), closed=True)
    demand("otp_spend", "all", closed=True)
    with as_system("codes belong to nobody until they are used"):
        user = account_behind(phone=phone)
        challenge = codes.issue(
            purpose=Purpose.LOGIN,
            address=phone,
            user_id=user.pk if user else None,
            ip_prefix=ip_prefix(address),
            outside=sms.backend().makes_codes,
        )
        post.send_code(challenge, phone)
        audit.record("otp.request", actor=user.pk if user else None, target=challenge.pk, request=request)
    return challenge


def check(*, phone: str, code: str, challenge_id: UUID | None, request: HttpRequest) -> None:
    """Use up the code. Raises WrongCode, Throttled; the attempt counts whatever becomes of the request."""
    demand("otp_verify_ip", throttle_key(client_ip(request)), closed=True)
    demand("otp_verify_day", codes.hash_of(phone), closed=True)
    with as_system("a wrong code must be remembered after its refusal"):
        challenge = codes.attempt(purpose=Purpose.LOGIN, address=phone, challenge_id=challenge_id)
        right = challenge is not None and not challenge.outside and codes.is_code_of(challenge, code)
        if right and challenge is not None:
            codes.close(challenge)
    if challenge is not None and challenge.outside and sms.backend().is_right(phone, code):
        with as_system("codes belong to nobody until they are used"):
            closed = OtpChallenge.objects.filter(pk=challenge.pk, closed_at=None).update(
                closed_at=clock.now()
            )
        right = closed == 1
    if not right:
        with as_system("a refusal is remembered"):
            audit.record("otp.check", outcome="refused", request=request)
        raise WrongCode(fields={"otp_code": [WrongCode.message]})


def login(
    *,
    phone: str,
    code: str,
    request: HttpRequest,
    challenge_id: UUID | None = None,
    device_id: str = "",
    mfa_code: str = "",
) -> tuple[User, Pair]:
    """A session for whoever reads this phone. Raises WrongCode, InvalidCredentials, SecondFactorRequired.

    A new number makes a new account (OTP_REGISTERS). One that somebody wrote into an account and never proved is
    taken from it, or takes it over emptied of what that somebody left there (users/services/claims.py).
    """
    check(phone=phone, code=code, challenge_id=challenge_id, request=request)
    with as_system("the number is proved, its account is to be found"):
        user = _account_of(phone, request)
    pair = enter(user, method=AuthMethod.OTP, request=request, device_id=device_id, mfa_code=mfa_code)
    return user, pair


def prove(
    *, login: Login, phone: str, code: str, request: HttpRequest, challenge_id: UUID | None = None
) -> None:
    """The number is this account's now, proved. Raises WrongCode; AccountExists if another one proved it before."""
    check(phone=phone, code=code, challenge_id=challenge_id, request=request)
    with as_system("the number may stand, unproved, in another account"):
        other = User.objects.select_for_update().filter(phone=phone).exclude(pk=login.user_id).first()
        if other is not None:
            if other.phone_verified_at is not None or other.email_verified_at is None:
                raise AccountExists
            _take_number_from(other, request)
    with as_user(login.user_id):
        User.objects.filter(pk=login.user_id).update(phone=phone, phone_verified_at=clock.now())
        audit.record("phone.verified", actor=login.user_id, session=login.session_id, request=request)


def _account_of(phone: str, request: HttpRequest) -> User:
    user: User | None = User.objects.select_for_update().filter(phone=phone).first()
    if user is not None and user.phone_verified_at is None:
        if user.email_verified_at is not None:
            _take_number_from(user, request)
            user = None
        else:
            claims.strip(user, proved="phone", request=request)
            user.phone_verified_at = clock.now()
            user.save(update_fields=["phone_verified_at"])
    if user is None:
        if not settings.OTP_REGISTERS:
            raise InvalidCredentials
        user = User.objects.create_user(phone=phone, phone_verified_at=clock.now())
        welcome(user)
        audit.record("account.register", actor=user.pk, request=request, method="otp")
    return user


def _take_number_from(user: User, request: HttpRequest) -> None:
    user.phone = None
    user.save(update_fields=["phone"])
    audit.record("phone.taken", actor=user.pk, request=request)


def _demand_servable(phone: str) -> None:
    if (
        settings.SMS_BACKEND == "off"
        or not is_possible(phone)
        or country_of(phone) not in settings.OTP_COUNTRIES
    ):
        raise NoSmsThere(fields={"phone_number": [NoSmsThere.message]})
