"""Doors of the tuner routes."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import Invalid, NotFound
from core.views import ScopedMixin, etag
from tuners import selectors, services
from tuners.models import TunerApplication, TunerProfile, TunerReview
from tuners.serializers.profiles import (
    ApplicationInput,
    ApplicationSerializer,
    DiscoverQuery,
    OwnTunerSerializer,
    TunerProfileInput,
    TunerReplyInput,
    TunerReviewInput,
    TunerReviewSerializer,
    TunerSerializer,
)
from users.authentication import person


class TunerViewSet(ScopedMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[TunerProfile]):
    """Verified tuners, for everybody."""

    model = TunerProfile
    serializer_class = TunerSerializer
    permission_classes = (AllowAny,)
    lookup_value_converter = "uuid"
    ordering = "-score"
    ordering_fields: ClassVar[tuple[str, ...]] = ("score", "created_at", "distance_m")

    def shape(self, rows: Any) -> QuerySet[TunerProfile]:
        if self.action != "list":
            return rows  # type: ignore[no-any-return]
        asked = self.request.query_params
        query = DiscoverQuery(data={name: asked[name] for name in DiscoverQuery().fields if name in asked})
        query.is_valid(raise_exception=True)
        if "distance_m" in asked.get("ordering", "") and not query.validated_data["near"]:
            raise Invalid(fields={"ordering": ["Give lat and lng to order by distance."]})
        return selectors.discover(rows.listed(), **query.validated_data)

    @extend_schema(parameters=[DiscoverQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        tag = etag(row)
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return Response(self.get_serializer(row).data, headers={"ETag": tag})


class TunerReviewsView(ScopedMixin, ListModelMixin, GenericViewSet[TunerReview]):
    """What people say of a tuner; writing again rewrites."""

    model = TunerReview
    serializer_class = TunerReviewSerializer
    ordering = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "rating")

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in {"GET", "HEAD", "OPTIONS"} else IsAuthenticated()]

    def shape(self, rows: Any) -> QuerySet[TunerReview]:
        return rows.filter(tuner_id=self.kwargs.get("tuner_id")).select_related("author")  # type: ignore[no-any-return]

    @extend_schema(responses=TunerReviewSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        tuner_for(request, kwargs["tuner_id"])
        return super().list(request, *args, **kwargs)

    @extend_schema(request=TunerReviewInput, responses={201: TunerReviewSerializer})
    def create(self, request: Request, tuner_id: UUID) -> Response:
        form = TunerReviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        review, new = services.write_review(
            author=person(request), tuner=tuner_for(request, tuner_id), **form.validated_data
        )
        return Response(TunerReviewSerializer(review).data, status=201 if new else 200)


class ReplyView(APIView):
    @extend_schema(request=TunerReplyInput, responses=TunerReviewSerializer)
    def post(self, request: Request, tuner_id: UUID, review_id: UUID) -> Response:
        form = TunerReplyInput(data=request.data)
        form.is_valid(raise_exception=True)
        tuner = selectors.profile_of(person(request).pk)
        if tuner.pk != tuner_id:
            raise NotFound
        review = services.reply_to_review(tuner=tuner, review_id=review_id, text=form.validated_data["text"])
        if review is None:
            raise NotFound
        return Response(TunerReviewSerializer(review).data)


class ApplicationViewSet(ScopedMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[TunerApplication]):
    """One's own applications."""

    model = TunerApplication
    serializer_class = ApplicationSerializer
    lookup_value_converter = "uuid"
    ordering = "-created_at"

    def shape(self, rows: Any) -> QuerySet[TunerApplication]:
        return rows.prefetch_related("certifications")  # type: ignore[no-any-return]

    @extend_schema(request=ApplicationInput, responses={201: ApplicationSerializer})
    def create(self, request: Request) -> Response:
        form = ApplicationInput(data=request.data)
        form.is_valid(raise_exception=True)
        application = services.apply(user=person(request), **form.validated_data)
        return Response(ApplicationSerializer(application).data, status=201)

    @extend_schema(request=None, responses=ApplicationSerializer)
    def withdraw(self, request: Request, pk: UUID) -> Response:
        application = services.withdraw(application=self.get_object())
        return Response(ApplicationSerializer(application).data)


class OwnProfileView(APIView):
    """The caller's own tuner profile."""

    @extend_schema(responses=OwnTunerSerializer)
    def get(self, request: Request) -> Response:
        return own(selectors.profile_of(person(request).pk))

    @extend_schema(request=TunerProfileInput, responses=OwnTunerSerializer)
    def patch(self, request: Request) -> Response:
        form = TunerProfileInput(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        profile = selectors.profile_of(person(request).pk, lock=True)
        for name, value in form.validated_data.items():
            setattr(profile, name, value)
        if form.validated_data:
            profile.save(update_fields=list(form.validated_data))
            profile.refresh_from_db()
        return own(profile)


def own(profile: TunerProfile) -> Response:
    return Response(OwnTunerSerializer(profile).data, headers={"ETag": etag(profile)})


def tuner_for(request: Request, tuner_id: UUID) -> TunerProfile:
    found: TunerProfile | None = TunerProfile.objects.visible_to(request.user).filter(pk=tuner_id).first()
    if found is None:
        raise NotFound
    return found
