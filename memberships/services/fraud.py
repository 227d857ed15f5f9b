"""Who refers themselves: what is looked at, and the words for it.

Phones, devices and payment instruments are compared as keyed hashes; a hash is kept with the referral, so that an
erased account's phone can't be referred again. Nothing of this is shown to people, only to staff who decide.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac

from core import clock
from memberships.models import Referral, ReferralStatus
from payments.models import GatewayPayment
from users.models import User, UserDevice

SAME_PHONE, SAME_DEVICE, SAME_MAILBOX = "same_phone", "same_device", "same_mailbox"
SAME_INSTRUMENT, MONTHLY_CAP, TOTAL_CAP = "same_instrument", "monthly_cap", "total_cap"
WORDS = {
    SAME_PHONE: "The phone number is the referrer's, or was referred before",
    SAME_DEVICE: "The device is the referrer's, or was referred before",
    SAME_MAILBOX: "The mail address is another spelling of the referrer's",
    SAME_INSTRUMENT: "The first payment was made with what the referrer pays with",
    MONTHLY_CAP: "The referrer has reached the cap of a month",
    TOTAL_CAP: "The referrer has reached the cap of all time",
    "refunded": "The first payment went back",
    "staff": "Decided by staff",
    "erased": "An account was erased",
}
COUNTED = (ReferralStatus.QUALIFIED, ReferralStatus.CREDITED)
MONTH = timedelta(days=30)


def keyed(kind: str, value: str) -> str:
    """The keyed hash of a phone number or device id; "" of nothing."""
    return salted_hmac(f"memberships.{kind}", value, algorithm="sha256").hexdigest() if value else ""


def phone_of(user: User) -> str:
    return keyed("phone", user.phone or "")


def devices_of(user_id: UUID) -> list[str]:
    ids = UserDevice.objects.filter(user_id=user_id).values_list("device_id", flat=True)
    return sorted({keyed("device", one) for one in ids})


def mailbox(address: str | None) -> str:
    """One spelling of a mailbox: without what comes after a plus, and at Google without dots."""
    name, _, host = (address or "").lower().rpartition("@")
    name = name.partition("+")[0]
    return (
        f"{name.replace('.', '')}@gmail.com" if host in {"gmail.com", "googlemail.com"} else f"{name}@{host}"
    )


def refresh_signals(referral: Referral) -> None:
    """What the newcomer has been seen with until now; nothing seen is ever forgotten."""
    referral.phone_hash = phone_of(referral.referred) or referral.phone_hash
    seen = set(referral.device_hashes) | set(devices_of(referral.referred_id))
    referral.device_hashes = sorted(seen)[:50]


def suspicions(referral: Referral, *, payment_id: UUID | None = None) -> list[str]:
    """Which rules this referral breaks now, in order; sees everybody's rows."""
    referrer, referred = referral.referrer, referral.referred
    others = Referral.objects.exclude(pk=referral.pk)
    found = {
        SAME_PHONE: _same_phone(referral, referrer, others),
        SAME_DEVICE: _same_device(referral, referrer, others),
        SAME_MAILBOX: bool(referred.email and mailbox(referred.email) == mailbox(referrer.email)),
        SAME_INSTRUMENT: payment_id is not None and _same_instrument(referrer.pk, payment_id),
        **_caps(others.filter(referrer=referrer, status__in=COUNTED)),
    }
    return [name for name, broken in found.items() if broken]


def _same_phone(referral: Referral, referrer: User, others: Any) -> bool:
    phone = referral.phone_hash
    return bool(phone) and (phone == phone_of(referrer) or others.filter(phone_hash=phone).exists())


def _same_device(referral: Referral, referrer: User, others: Any) -> bool:
    devices = referral.device_hashes
    if not devices:
        return False
    return bool(set(devices) & set(devices_of(referrer.pk))) or bool(
        others.filter(device_hashes__overlap=devices).exists()
    )


def _same_instrument(referrer_id: UUID, payment_id: UUID) -> bool:
    """Did the referrer ever pay with what paid this? Only where the gateway tells what it was."""
    used = GatewayPayment.objects.filter(payment_id=payment_id).exclude(instrument="").values("instrument")
    return bool(GatewayPayment.objects.filter(payment__user_id=referrer_id, instrument__in=used).exists())


def _caps(counted: Any) -> dict[str, bool]:
    lately = Q(qualified_at__gt=clock.now() - MONTH)
    month, total = counted.filter(lately).count(), counted.count()
    return {
        MONTHLY_CAP: month >= settings.REFERRAL_MONTHLY_CAP,
        TOTAL_CAP: total >= settings.REFERRAL_TOTAL_CAP,
    }
