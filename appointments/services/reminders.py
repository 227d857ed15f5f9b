"""Reminders: rows and jobs in the transaction of the booking; another version of the appointment makes them void."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail

from appointments.models import Appointment, Reminder, Status
from core import clock
from core.jobs import enqueue
from core.notes import notify
from core.rls import as_system
from users import sms

BEFORE = {Reminder.Kind.DAY_BEFORE: timedelta(days=1), Reminder.Kind.HOURS_BEFORE: timedelta(hours=2)}
TITLES = {
    Reminder.Kind.CONFIRMED: "Your appointment on {when}",
    Reminder.Kind.DAY_BEFORE: "Tomorrow: your appointment on {when}",
    Reminder.Kind.HOURS_BEFORE: "Soon: your appointment on {when}",
}
TALKED_OF = (Status.PENDING, Status.CONFIRMED)


def plan_reminders(appointment: Appointment) -> None:
    """Enqueue what is still to come of this version, in the transaction under way."""
    now = clock.now()
    due: dict[str, datetime] = {Reminder.Kind.CONFIRMED: now}
    due |= {kind: appointment.start_at - before for kind, before in BEFORE.items()}
    due = {kind: at for kind, at in due.items() if at >= now}
    channels = _channels(appointment)
    Reminder.objects.bulk_create(
        (
            Reminder(
                appointment=appointment, sequence=appointment.sequence, kind=kind, channel=channel, due_at=at
            )
            for kind, at in due.items()
            for channel in channels
        ),
        ignore_conflicts=True,
    )
    for kind, at in due.items():
        enqueue(
            "appointments.remind",
            delay_seconds=int((at - now).total_seconds()),
            appointment_id=str(appointment.pk),
            sequence=appointment.sequence,
            kind=str(kind),
        )


def remind(appointment_id: str, sequence: int, kind: str) -> int:
    """Send what is unsent of one reminder; how many messages. Nothing of a version that is no longer.

    Call it outside of transactions. A message that fails leaves the rest, and itself, to the next try.
    """
    with as_system("a job speaks for the shop"):
        row = Appointment.objects.select_related("location", "user").filter(pk=appointment_id).first()
        if row is None or row.sequence != sequence or row.status not in TALKED_OF:
            return 0
        open_rows = list(Reminder.objects.filter(appointment=row, sequence=sequence, kind=kind, sent_at=None))
    for reminder in open_rows:
        _send(row, reminder)
        with as_system("a job speaks for the shop"):
            Reminder.objects.filter(pk=reminder.pk).update(sent_at=clock.now())
    return len(open_rows)


def _channels(appointment: Appointment) -> list[str]:
    if appointment.user_id is not None:
        has_mail = bool(appointment.user and appointment.user.email)
        return [Reminder.Channel.NOTE, *([Reminder.Channel.EMAIL] if has_mail else [])]
    if appointment.customer_email:
        return [Reminder.Channel.EMAIL]
    return [Reminder.Channel.SMS] if appointment.customer_phone and _can_text() else []


def _can_text() -> bool:
    """A service that makes codes of its own sends nothing else."""
    return settings.SMS_BACKEND != "off" and not sms.backend().makes_codes


def _send(appointment: Appointment, reminder: Reminder) -> None:
    title, body = words(appointment, reminder.kind)
    match reminder.channel:
        case Reminder.Channel.NOTE if appointment.user_id is not None:
            with as_system("a job speaks for the shop"):
                notify(
                    appointment.user_id,
                    f"appointment_{reminder.kind}",
                    title,
                    body,
                    appointment_id=appointment.pk,
                )
        case Reminder.Channel.EMAIL:
            user = appointment.user
            to = appointment.customer_email or (user.email if user else "") or ""
            send_mail(title, body, None, [to])
        case _:
            sms.backend().send(appointment.customer_phone, f"{title}. {appointment.location.name}")


def words(appointment: Appointment, kind: str) -> tuple[str, str]:
    """Subject and text, in the shop's own time."""
    location = appointment.location
    when = appointment.start_at.astimezone(ZoneInfo(location.tz)).strftime("%a %d %b %Y, %H:%M")
    where = appointment.address or f"{location.name}, {location.address}"
    title = TITLES[Reminder.Kind(kind)].format(when=when)
    body = f"{when} ({location.tz})\n{where}\nReference {appointment.reference}\n"
    return title, body
