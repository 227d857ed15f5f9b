"""A tuner's earnings, payouts and payout account."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import NotFound
from core.views import ScopedMixin
from payments.models import Payout, PayoutAccount, Posting
from tuners.serializers.money import (
    BalancesSerializer,
    EarningSerializer,
    PayoutAccountInput,
    PayoutAccountSerializer,
    PayoutSerializer,
)
from tuners.services.money import balances, set_payout_account
from users.authentication import person


class BalanceView(APIView):
    """What the house owes me."""

    @extend_schema(responses=BalancesSerializer)
    def get(self, request: Request) -> Response:
        return Response(BalancesSerializer({"balances": balances(person(request).pk)}).data)


class EarningsView(ScopedMixin, ListModelMixin, GenericViewSet[Posting]):
    """The statement: every line of my account in the books, newest first."""

    model = Posting
    serializer_class = EarningSerializer
    ordering = "-id"  # made in order of time

    def shape(self, rows: Any) -> QuerySet[Posting]:
        rows = rows.filter(account__code__startswith="payee:")  # rewards stand in their own statement
        return rows.select_related("entry")  # type: ignore[no-any-return]


class PayoutsView(ScopedMixin, ListModelMixin, GenericViewSet[Payout]):
    model = Payout
    serializer_class = PayoutSerializer
    ordering = "-created_at"


class PayoutAccountView(APIView):
    """Where my payouts go. A new account takes the place of the old one and waits for staff."""

    @extend_schema(responses=PayoutAccountSerializer)
    def get(self, request: Request) -> Response:
        account = PayoutAccount.objects.visible_to(request.user).first()
        if account is None:
            raise NotFound
        return Response(PayoutAccountSerializer(account).data)

    @extend_schema(request=PayoutAccountInput, responses=PayoutAccountSerializer)
    def put(self, request: Request) -> Response:
        form = PayoutAccountInput(data=request.data)
        form.is_valid(raise_exception=True)
        account = set_payout_account(user=person(request), **form.validated_data)
        return Response(PayoutAccountSerializer(account).data)
