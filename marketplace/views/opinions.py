"""Reviews of a tune, and the tuner's own bench."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import NotFound
from core.views import ScopedMixin
from marketplace import services
from marketplace.models import Tune, TuneReview
from marketplace.selectors import tune_page, visible_tune
from marketplace.selectors.figures import figures_of
from marketplace.serializers.buying import TuneReplyInput, TuneReviewInput, TuneReviewSerializer
from marketplace.serializers.tunes import BenchTuneSerializer
from marketplace.views.tunes import SAFE
from users.authentication import person


class ReviewsView(ScopedMixin, ListModelMixin, GenericViewSet[TuneReview]):
    """What buyers say; writing again rewrites."""

    model = TuneReview
    serializer_class = TuneReviewSerializer
    ordering = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "rating")

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in SAFE else IsAuthenticated()]

    def shape(self, rows: Any) -> QuerySet[TuneReview]:
        return rows.filter(tune_id=self.kwargs.get("pk")).select_related("author")  # type: ignore[no-any-return]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        visible_tune(request.user, kwargs["pk"])
        return super().list(request, *args, **kwargs)

    @extend_schema(request=TuneReviewInput, responses={200: TuneReviewSerializer, 201: TuneReviewSerializer})
    def create(self, request: Request, pk: UUID) -> Response:
        form = TuneReviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        review, new = services.write_review(
            author=person(request), tune=visible_tune(request.user, pk), **form.validated_data
        )
        return Response(TuneReviewSerializer(review).data, status=201 if new else 200)


class ReplyView(APIView):
    """The tuner's answer."""

    @extend_schema(request=TuneReplyInput, responses=TuneReviewSerializer)
    def post(self, request: Request, pk: UUID, review_id: UUID) -> Response:
        form = TuneReplyInput(data=request.data)
        form.is_valid(raise_exception=True)
        review = services.reply_to_review(
            owner=person(request), tune_id=pk, review_id=review_id, text=form.validated_data["text"]
        )
        if review is None:
            raise NotFound
        return Response(TuneReviewSerializer(review).data)


class BenchView(ScopedMixin, ListModelMixin, GenericViewSet[Tune]):
    """All tunes of the caller, drafts included, with their figures."""

    model = Tune
    serializer_class = BenchTuneSerializer
    ordering = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "sales_count")

    def shape(self, rows: Any) -> QuerySet[Tune]:
        return tune_page(rows.filter(tuner__user_id=self.request.user.pk))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        context = {**self.get_serializer_context(), "figures": figures_of([row.pk for row in page])}
        return self.get_paginated_response(BenchTuneSerializer(page, many=True, context=context).data)
