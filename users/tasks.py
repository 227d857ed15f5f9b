"""Jobs: letters and codes. Secrets are worked out here and never stand in a job's arguments."""

from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core import clock
from core.rls import as_system
from users import codes, letters, push, sms, tokens
from users.models import OtpChallenge, Purpose, User, UserDevice
from users.services import erasure, exports, retention
from users.services.exports import MAKE_EXPORT
from users.services.post import SEND_CODE, SEND_LETTER, SEND_PUSH

# 2, 4, 8 ... seconds: about two minutes, after which a code is of no use any more.
SOON = RetryStrategy(max_attempts=6, exponential_wait=2)
PATIENT = RetryStrategy(max_attempts=10, exponential_wait=3)


@app.task(name=SEND_LETTER, retry=PATIENT)
def send_letter(*, kind: str, to: str, name: str, facts: dict[str, str]) -> None:
    _mail(to, letters.notice(kind, name=name, site=settings.SITE_URL, **facts))


@app.task(name=SEND_CODE, retry=SOON)
def send_code(*, challenge_id: str, to: str) -> None:
    """Deliver a code by mail or SMS, if it is still open and somebody may have it."""
    with as_system("codes belong to nobody until they are used"):
        challenge = (
            OtpChallenge.objects.select_related("user")
            .filter(pk=UUID(challenge_id), closed_at=None, expires_at__gt=clock.now())
            .first()
        )
    if challenge is None:
        return
    user: User | None = challenge.user
    if challenge.purpose == Purpose.LOGIN:
        if user is not None or settings.OTP_REGISTERS:
            sms.backend().send(to, letters.SMS_CODE.format(code=codes.code_of(challenge)))
    elif user is not None:
        token = (
            tokens.reset_token(user) if challenge.purpose == Purpose.RESET else tokens.address_token(user, to)
        )
        _mail(
            to,
            letters.code_letter(
                challenge.purpose,
                name=user.first_name,
                site=settings.SITE_URL,
                code=codes.code_of(challenge),
                token=token,
            ),
        )


@app.task(name=SEND_PUSH, retry=SOON)
def send_push(*, user_id: str, title: str, body: str, data: dict[str, str]) -> None:
    """To every installation with a token; one that is gone loses its token. A retry may repeat what some have."""
    service = push.backend()
    if service is None:
        return
    with as_system("a note for its owner, sent by a job"):
        devices = list(
            UserDevice.objects.filter(user_id=UUID(user_id), deleted_at=None).exclude(push_token=None)
        )
    gone = [device.pk for device in devices if not _reached(service, device, title, body, data)]
    if gone:
        with as_system("installations that are gone"):
            UserDevice.objects.filter(pk__in=gone).update(push_token=None)


def _reached(
    service: push.PushBackend, device: UserDevice, title: str, body: str, data: dict[str, str]
) -> bool:
    try:
        service.send(str(device.push_token), title=title, body=body, data=data)
    except push.TokenGone:
        return False
    return True


def _mail(to: str, letter: letters.Letter) -> None:
    message = EmailMessage(letter.subject, letter.body, settings.DEFAULT_FROM_EMAIL, [to])
    message.send()


@app.task(name=MAKE_EXPORT, retry=PATIENT)
def make_export(*, export_id: str) -> None:
    exports.make(UUID(export_id))


@app.periodic(cron="7 * * * *")
@app.task(name="users.erase_due", queueing_lock="users.erase_due")
def erase_due(timestamp: int) -> None:
    """Hourly: accounts whose fourteen days are over; each hears of it before its address is forgotten."""
    for user_id in erasure.due():
        with as_system("the last letter of an account"):
            user = User.objects.get(pk=user_id)
        if erasure.erase(user_id) and user.email:
            _mail(user.email, letters.notice("account_erased", name=user.first_name, site=settings.SITE_URL))


@app.periodic(cron="31 3 * * *")
@app.task(name="users.forget", queueing_lock="users.forget")
def forget(timestamp: int) -> None:
    """Nightly: what identity keeps for some weeks only."""
    exports.expire_old()
    retention.forget()
