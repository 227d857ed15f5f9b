"""What identity forgets by itself: codes and ended logins after thirty days, networks after ninety."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q

from core import clock
from core.rls import as_system
from users.models import AppSession, OtpChallenge

SHORT, LONG = timedelta(days=30), timedelta(days=90)


def forget() -> dict[str, int]:
    """How many rows of each kind were forgotten."""
    now = clock.now()
    with as_system("retention of identity"):
        over = Q(revoked_at__lt=now - SHORT) | Q(idle_expires_at__lt=now - SHORT)
        gone = {
            "codes": OtpChallenge.objects.filter(created_at__lt=now - SHORT).delete()[0],
            "logins": AppSession.objects.filter(over | Q(absolute_expires_at__lt=now - SHORT)).delete()[0],
            "notes": Session.objects.filter(expire_date__lt=now).delete()[0],
            "networks": AppSession.objects.filter(created_at__lt=now - LONG).exclude(ip_prefix="").update(ip_prefix=""),
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_forget_networks(%s)", [now - LONG])
    return gone
