"""What moderators decide about reported messages."""

from uuid import UUID

from chat.models import Report
from core import clock
from core.errors import NotFound
from core.rls import as_system
from users.models import User


def close_report(*, report_id: UUID, by: User | None) -> Report:
    """All open reports about the same message end with it; repeating changes nothing. Raises NotFound."""
    with as_system("a report is judged by staff"):
        row: Report | None = Report.objects.live().filter(pk=report_id).first()
        if row is None:
            raise NotFound
        same = Report.objects.live().filter(message_id=row.message_id, closed_at=None)
        same.update(closed_at=clock.now(), closed_by=by)
        row.refresh_from_db()
        return row
