"""Plans for everybody, and the deeds of a member."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.idempotency import Idempotent
from core.rls import as_user
from core.views import GatewayView, ScopedMixin
from memberships.models import Plan
from memberships.selectors.members import invoices_of, membership_of
from memberships.serializers.members import (
    ChangeInput,
    LeaveInput,
    MembershipSerializer,
    OwnMembershipOutput,
    PlanSerializer,
    ResumeInput,
    StandingOutput,
    SubscribeInput,
)
from memberships.services import joining
from users.authentication import person


class PlansView(ScopedMixin, ListModelMixin, GenericViewSet[Plan]):
    """What can be joined, the smallest plan first."""

    model = Plan
    serializer_class = PlanSerializer
    authentication_classes = ()
    permission_classes = (AllowAny,)
    ordering: ClassVar[str] = "rank"
    ordering_fields: ClassVar[tuple[str, ...]] = ("rank", "price_minor")

    def shape(self, rows: Any) -> QuerySet[Plan]:
        return rows.filter(active=True)  # type: ignore[no-any-return]


class OwnMembershipView(APIView):
    @extend_schema(responses=OwnMembershipOutput)
    def get(self, request: Request) -> Response:
        user = person(request)
        membership = membership_of(user)
        invoices = invoices_of(user, membership) if membership else []
        return Response(OwnMembershipOutput({"membership": membership, "invoices": invoices}).data)


class MemberDeed(Idempotent, GatewayView):
    """A deed that may open an order: outside of transactions."""

    throttle_scopes = ("payment",)

    def said(self, request: Request, shape: Any) -> dict[str, Any]:
        with as_user(request.user):
            form = shape(data=request.data, context={"request": request})
            form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        return fields


class SubscribeView(MemberDeed):
    """Join: 201 with the order to pay, or the standing order to authorise."""

    @extend_schema(request=SubscribeInput, responses={201: StandingOutput})
    def post(self, request: Request) -> Response:
        fields = self.said(request, SubscribeInput)
        return Response(StandingOutput(joining.subscribe(user=person(request), **fields)).data, status=201)


class ChangeView(MemberDeed):
    """A better plan now (with the order to pay, less the credit), a smaller one from the next period."""

    @extend_schema(request=ChangeInput, responses=StandingOutput)
    def post(self, request: Request) -> Response:
        fields = self.said(request, ChangeInput)
        return Response(StandingOutput(joining.change(user=person(request), **fields)).data)


class LeaveView(MemberDeed):
    """Cancel at the end of the period that is paid."""

    @extend_schema(request=LeaveInput, responses=MembershipSerializer)
    def post(self, request: Request) -> Response:
        fields = self.said(request, LeaveInput)
        return Response(MembershipSerializer(joining.cancel(user=person(request), **fields)).data)


class ResumeView(MemberDeed):
    """Take a cancellation back, or get the order of a period that was not paid."""

    @extend_schema(request=ResumeInput, responses=StandingOutput)
    def post(self, request: Request) -> Response:
        fields = self.said(request, ResumeInput)
        return Response(StandingOutput(joining.resume(user=person(request), **fields)).data)
