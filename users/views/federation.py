"""Logins from outside."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.rls import as_user
from core.views import GatewayView, ScopedMixin
from users.authentication import logged_in
from users.models import Identity
from users.serializers.login import LoginOutput
from users.serializers.security import ExchangeInput, IdentityConnectInput, IdentityId, IdentitySerializer
from users.services import federation
from users.views.base import PublicAuthView, checked, plain, welcome


class ExchangeView(PublicAuthView):
    @extend_schema(request=ExchangeInput, responses=LoginOutput)
    def post(self, request: Request) -> Response:
        """Our pair for the token of Supabase, Descope or another configured issuer."""
        form = checked(ExchangeInput(data=request.data))
        return welcome(*federation.exchange(request=plain(request), **form), "Welcome to RevSync.")


class IdentityList(ScopedMixin, GatewayView, ListAPIView[Identity]):
    """The outside logins that open the caller's account."""

    model = Identity
    serializer_class = IdentitySerializer
    ordering = "-linked_at"
    ordering_fields = ("linked_at", "last_used_at")

    def get(self, request: Request) -> Response:
        with as_user(request.user):
            return self.list(request)

    @extend_schema(request=IdentityConnectInput, responses={201: IdentitySerializer})
    def post(self, request: Request) -> Response:
        """Connect one more; needs a recent proof (auth/reauthenticate/)."""
        form = checked(IdentityConnectInput(data=request.data))
        row = federation.connect(login=logged_in(request), request=plain(request), **form)
        return Response(IdentitySerializer(row).data, status=201)

    @extend_schema(
        operation_id="auth_identities_remove",
        parameters=[OpenApiParameter("id", UUID, required=True)],
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        wanted = checked(IdentityId(data=request.query_params.dict() or request.data))
        return disconnect(request, wanted["id"])


class IdentityDetail(GatewayView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        return disconnect(request, pk)


def disconnect(request: Request, pk: UUID) -> Response:
    with as_user(request.user):
        identity = get_object_or_404(Identity.objects.visible_to(request.user), pk=pk)
    federation.disconnect(login=logged_in(request), identity=identity, request=plain(request))
    return Response(status=204)
