from typing import Any

from django.urls import path

from chat.views import messages, staff, threads

LIST: dict[str, Any] = {"get": "list", "post": "create"}
DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
MESSAGES = "chat/threads/<uuid:pk>/messages/"

urlpatterns = [
    path("chat/threads/", threads.ThreadViewSet.as_view(LIST)),
    path("chat/threads/<uuid:pk>/", threads.ThreadViewSet.as_view(DETAIL)),
    path("chat/threads/<uuid:pk>/read/", threads.ReadView.as_view()),
    path("chat/threads/<uuid:pk>/participants/", threads.ParticipantsView.as_view()),
    path(MESSAGES, messages.MessagesView.as_view()),
    path(f"{MESSAGES}<uuid:message_id>/", messages.MessageView.as_view()),
    path(f"{MESSAGES}<uuid:message_id>/report/", messages.ReportView.as_view()),
    path(f"{MESSAGES}<uuid:message_id>/attachments/<uuid:file_id>/", messages.AttachmentView.as_view()),
    path("chat/unread/", threads.UnreadView.as_view()),
    path("chat/search/", messages.SearchView.as_view()),
    path("chat/sync/", threads.SyncView.as_view()),
    path("chat/ws-ticket/", threads.TicketView.as_view()),
    path("chat/blocks/", messages.BlockViewSet.as_view(LIST)),
    path("chat/blocks/<uuid:pk>/", messages.BlockViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("staff/chat/threads/", staff.InboxView.as_view()),
    path("staff/chat/threads/<uuid:pk>/", staff.ConversationView.as_view()),
    path("staff/chat/threads/<uuid:pk>/messages/", staff.ConversationMessagesView.as_view()),
    path("staff/chat/threads/<uuid:pk>/messages/<uuid:message_id>/", staff.ConversationMessageView.as_view()),
    path("staff/chat/threads/<uuid:pk>/read/", staff.ConversationReadView.as_view()),
    path("staff/chat/threads/<uuid:pk>/notes/", staff.NotesView.as_view()),
    path("staff/chat/canned-replies/", staff.CannedRepliesView.as_view()),
    path("staff/chat/reports/", staff.ReportsView.as_view()),
    path("staff/chat/reports/<uuid:pk>/close/", staff.CloseReportView.as_view()),
]
