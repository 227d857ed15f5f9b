"""Training texts: plain owned things, with caps."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.serializers import BaseSerializer

from chat.assistant.models import TrainingData
from chat.assistant.serializers import TrainingSerializer
from chat.assistant.services.conversing import open_session
from chat.assistant.services.training import add_training, change_training, forget_training
from core.errors import Invalid
from core.views import ScopedViewSet
from users.authentication import person


class TrainingFilter(filters.FilterSet):
    session_id = filters.CharFilter(field_name="session__session_id", max_length=64)


class TrainingViewSet(ScopedViewSet):
    model = TrainingData
    serializer_class = TrainingSerializer
    filterset_class = TrainingFilter

    def shape(self, rows: Any) -> QuerySet[Any]:
        return rows.select_related("session")  # type: ignore[no-any-return]

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        user, said = person(self.request), dict(serializer.validated_data)
        session_id = said.pop("session", {}).get("session_id")
        session = open_session(user, session_id) if session_id else None
        serializer.instance = add_training(owner=user, session=session, **said)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        row: Any = serializer.instance
        said = serializer.validated_data
        if "session" in said:
            raise Invalid(fields={"session_id": ["A text cannot move to another conversation."]})
        serializer.instance = change_training(
            row,
            owner=person(self.request),
            title=said.get("title", row.title),
            body=said.get("body", row.body),
        )

    def perform_destroy(self, instance: Any) -> None:
        forget_training(instance)
