"""Where I am logged in, and ending it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.serializers import MessageSerializer
from core.views import ScopedMixin
from users import sessions
from users.authentication import logged_in
from users.models import AppSession, RevokedReason
from users.serializers.security import SessionSerializer
from users.views.base import plain, said


class SessionList(ScopedMixin, ListAPIView[AppSession]):
    """All live logins of the caller, newest first."""

    model = AppSession
    serializer_class = SessionSerializer
    ordering = "-created_at"
    ordering_fields = ("created_at", "last_seen_at")

    def shape(self, rows: Any) -> QuerySet[Any]:
        return rows.select_related("device")  # type: ignore[no-any-return]


class RevokeView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        session = get_object_or_404(AppSession.objects.visible_to(request.user), pk=pk)
        sessions.revoke(
            user_id=session.user_id, reason=RevokedReason.USER, only=session.pk, request=plain(request)
        )
        return said("That login has ended.")


class RevokeOthersView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        login = logged_in(request)
        ended = sessions.revoke(
            user_id=login.user_id, reason=RevokedReason.USER, spare=login.session_id, request=plain(request)
        )
        return said(f"{ended} other login{'' if ended == 1 else 's'} ended.")
