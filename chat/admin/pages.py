"""The inbox in the admin: its routes, and its link in the sidebar."""

from django.http import HttpRequest

from chat.admin.inbox import InboxView, attachment, ticket
from chat.selectors.conversation import SUPPORT
from core.staff import StaffPage, in_group, staff_pages


def _allows(request: HttpRequest) -> bool:
    return in_group(request, SUPPORT)


staff_pages.register(
    "inbox",
    StaffPage(
        title="Inbox",
        group="Chat",
        urls=[
            ("inbox/", InboxView.as_view(), "chat_inbox"),
            ("inbox/ticket/", ticket, "chat_inbox_ticket"),
            ("inbox/files/<uuid:attachment_id>/", attachment, "chat_inbox_file"),
        ],
        allows=_allows,
    ),
)
