"""One's code and who came by it; a friend's code; the rewards account."""

from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.throttling import demand
from core.views import ScopedMixin
from memberships.models import Referral
from memberships.serializers.referrals import (
    AppliedSerializer,
    ApplyInput,
    OwnReferralsOutput,
    RewardLineSerializer,
)
from memberships.services import codes, referring
from payments.models import Posting
from payments.services import rewards
from users.authentication import person

SHOWN = 200


class OwnReferralsView(APIView):
    @extend_schema(responses=OwnReferralsOutput)
    def get(self, request: Request) -> Response:
        user = person(request)
        mine = codes.own_code(user)
        rows = Referral.objects.visible_to(user).order_by("-created_at", "-id")[:SHOWN]
        answer = {
            "code": mine.code if mine else None,
            "link": codes.link(mine.code) if mine else None,
            "referrals": rows,
        }
        return Response(OwnReferralsOutput(answer).data)


class ApplyView(APIView):
    """A newcomer names the code that brought them. Guesses are throttled."""

    @extend_schema(request=ApplyInput, responses={201: AppliedSerializer})
    def post(self, request: Request) -> Response:
        user = person(request)
        demand("referral_code", str(user.pk))
        form = ApplyInput(data=request.data)
        form.is_valid(raise_exception=True)
        row = referring.apply_code(user=user, text=form.validated_data["code"])
        return Response(AppliedSerializer(row).data, status=201)


class RewardsView(ScopedMixin, ListModelMixin, GenericViewSet[Posting]):
    """The lines of one's rewards account, the newest first, beside the balance."""

    model = Posting
    serializer_class = RewardLineSerializer
    ordering: ClassVar[str] = "-id"
    ordering_fields: ClassVar[tuple[str, ...]] = ("id",)

    def shape(self, rows: Any) -> QuerySet[Posting]:
        """Of one's accounts the one for rewards: a tuner's earnings stand elsewhere."""
        return rows.filter(account__code__startswith="rewards:").select_related("entry")  # type: ignore[no-any-return]

    @extend_schema(
        responses=inline_serializer(
            "RewardsOutput",
            {
                "balance_minor": serializers.IntegerField(),
                "currency": serializers.CharField(),
                "results": RewardLineSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
                "previous": serializers.URLField(allow_null=True),
            },
        )
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer = super().list(request, *args, **kwargs)
        currency = settings.REWARDS_CURRENCY
        answer.data = {
            "balance_minor": rewards.balance(person(request).pk, currency),
            "currency": currency,
            **answer.data,
        }
        return answer
