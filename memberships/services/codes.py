"""Referral codes: random ones for everybody, vanity ones by staff."""

import re
import secrets
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from core import audit, clock
from core.errors import Invalid
from core.rls import as_system
from memberships.errors import CodeTaken
from memberships.models import ReferralCode
from users.models import User

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that are taken for each other
LENGTH = 8  # 2**40 codes: with twenty tries an hour nobody finds one
SHAPE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,22}[A-Z0-9]")
RESERVED = {"ADMIN", "REVSYNC", "STAFF", "SUPPORT"}
BATCH = 1000
TRIES = 5


def normal(text: str) -> str:
    """As codes are stored: capitals, without the blanks that come with copying."""
    return "".join(text.split()).upper()


def link(code: str) -> str:
    """What somebody shares."""
    return settings.REFERRAL_LINK.format(code=code)


def own_code(user: User) -> ReferralCode | None:
    """The code that a person shares, made when first asked for; None when staff closed the only one they have."""
    with as_system("codes are made by the house"):
        for _ in range(TRIES):  # a new code may be somebody's, or a twin's request was quicker
            if ReferralCode.objects.filter(user=user, own=True).exists():
                break
            row = ReferralCode(user=user, code=new_code(), own=True)
            ReferralCode.objects.bulk_create([row], ignore_conflicts=True)
        return shown(user)


def first_code(user: User) -> None:
    """The code of an account that is being made."""
    with as_system("codes are made by the house"):
        for _ in range(TRIES):
            row = ReferralCode(user=user, code=new_code(), own=True)
            made = ReferralCode.objects.bulk_create([row], ignore_conflicts=True)
            if ReferralCode.objects.filter(pk=made[0].pk).exists():
                return  # else the code is somebody's already: the next one


def shown(user: User) -> ReferralCode | None:
    """The code that a person shares: the newest valid vanity code, else their own."""
    rows = ReferralCode.objects.filter(user=user, active=True, deleted_at=None).order_by("own", "-created_at")
    now = clock.now()
    found: list[ReferralCode] = [row for row in rows if row.expires_at is None or row.expires_at > now]
    return found[0] if found else None


def new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def give_codes() -> int:
    """A code for accounts that came by no door (a console, an older version) and have none yet; how many."""
    with as_system("codes are made by the house"):
        without = User.objects.filter(deleted_at=None).exclude(
            pk__in=ReferralCode.objects.filter(own=True).values("user_id")
        )
        rows = [
            ReferralCode(user_id=user_id, code=new_code(), own=True)
            for user_id in without.values_list("pk", flat=True)[:BATCH]
        ]
        ReferralCode.objects.bulk_create(
            rows, ignore_conflicts=True
        )  # who meets a taken code waits for the next run
        return len(rows)


def good_vanity(text: str) -> str:
    """A code with a name to it, as it is stored. Raises Invalid, CodeTaken."""
    wanted = normal(text)
    if wanted in RESERVED or not SHAPE.fullmatch(wanted):
        raise Invalid(fields={"code": ["Give 4 to 24 letters, digits or hyphens that aren't reserved."]})
    if ReferralCode.objects.filter(code=wanted).exists():
        raise CodeTaken
    return wanted


def make_vanity(*, user: User, code: str, expires_at: datetime | None, by: User) -> ReferralCode:
    """A code with a name to it, for one person, by staff. Raises CodeTaken, Invalid."""
    with as_system("staff give codes"):
        wanted = good_vanity(code)
        try:
            with transaction.atomic():
                made: ReferralCode = ReferralCode.objects.create(
                    user=user, code=wanted, expires_at=expires_at
                )
        except IntegrityError:
            raise CodeTaken from None
        audit.record("referral.vanity_code", actor=by.pk, target=made.pk, code=wanted)
        return made
