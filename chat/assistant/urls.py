from typing import Any

from django.urls import path

from chat.assistant.views import sessions, talking, training

LIST: dict[str, Any] = {"get": "list", "post": "create"}
DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
ONE = "chat/conversation/<str:session_id>/"
MESSAGE = f"{ONE}messages/<uuid:pk>/"

urlpatterns = [
    path("chat/", talking.AskView.as_view()),
    path("chat/stream/", talking.StreamView.as_view()),
    path("chat/sessions/", sessions.SessionsView.as_view()),
    path(ONE, sessions.ConversationView.as_view()),
    path(f"{ONE}clear/", sessions.ClearView.as_view()),
    path(f"{ONE}hand-over/", sessions.HandOverView.as_view()),
    path(f"{MESSAGE}stream/", talking.ResumeView.as_view()),
    path(f"{MESSAGE}cancel/", sessions.CancelView.as_view()),
    path(f"{MESSAGE}regenerate/", talking.RegenerateView.as_view()),
    path(f"{MESSAGE}edit/", talking.EditView.as_view()),
    path(f"{MESSAGE}choose/", sessions.ChooseView.as_view()),
    path(f"{MESSAGE}feedback/", sessions.FeedbackView.as_view()),
    path("chat/training-data/", training.TrainingViewSet.as_view(LIST)),
    path("chat/training-data/<uuid:pk>/", training.TrainingViewSet.as_view(DETAIL)),
]
