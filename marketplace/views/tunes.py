"""Tunes: pages for everybody, the bench for tuners."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.errors import NotFound, PreconditionFailed
from core.renderers import dumps
from core.rls import as_anonymous, as_user
from core.views import GatewayView, ScopedMixin, etag
from garage.models import Vehicle
from marketplace import services
from marketplace.fitment import judge
from marketplace.models import Tune, TuneVersion
from marketplace.selectors import badges_of, tune_page, visible_tune
from marketplace.serializers.tunes import (
    FitAnswer,
    FitQuery,
    OwnTuneSerializer,
    OwnVersionSerializer,
    TuneInput,
    TunePatch,
    TuneSerializer,
    VersionInput,
    VersionSerializer,
    shown_version,
)
from marketplace.services.versions import own_tune
from users.authentication import person

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class PublicReads(APIView):
    """Everybody reads, people with an account write."""

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in SAFE else IsAuthenticated()]


def seen_by(request: Request) -> AbstractContextManager[None]:
    """The context of whoever asks, for views that own their transactions."""
    return as_user(request.user) if request.user.is_authenticated else as_anonymous()


def page_etag(tune: Tune, badges: Mapping[UUID, Mapping[str, Any]]) -> str:
    """The revision, and a digest of the badges, which change without it: `"7"` or `"7-1f0c..."`."""
    told = [badge for badge in badges.values() if badge]
    if not told:
        return etag(tune)
    return f'{etag(tune)[:-1]}-{sha256(dumps(told)).hexdigest()[:16]}"'


def revision_of(tag: str) -> str:
    """The part of a page's ETag that an `If-Match` is about."""
    return tag if "-" not in tag else tag.partition("-")[0] + '"'


def created_answer(request: Request, tune_id: UUID, *, status: int = 200) -> Response:
    """The caller's own tune as its tuner sees it."""
    tune = tune_page(Tune.objects.visible_to(request.user)).get(pk=tune_id)
    shown = shown_version(tune)
    context = {"badges": badges_of([shown.pk]) if shown else {}}
    return Response(
        OwnTuneSerializer(tune, context=context).data, status=status, headers={"ETag": etag(tune)}
    )


def create_tune(request: Request) -> Response:
    form = TuneInput(data=request.data, context={"request": request})
    form.is_valid(raise_exception=True)
    tune, _ = services.create_tune(owner=person(request), **form.validated_data)
    return created_answer(request, tune.pk, status=201)


class TuneView(PublicReads):
    @extend_schema(responses=TuneSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        tune = tune_page(Tune.objects.visible_to(request.user)).filter(pk=pk).first()
        if tune is None:
            raise NotFound
        shown = shown_version(tune)
        badges = badges_of([shown.pk]) if shown else {}
        tag = page_etag(tune, badges)
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        own = tune.tuner.user_id == request.user.pk
        shape: type[BaseSerializer[Tune]] = OwnTuneSerializer if own else TuneSerializer
        return Response(shape(tune, context={"badges": badges}).data, headers={"ETag": tag})

    @extend_schema(request=TunePatch, responses=OwnTuneSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        tune = own_tune(person(request), pk)
        demanded = request.headers.get("If-Match")
        if demanded and demanded != "*" and revision_of(demanded) != etag(tune):
            raise PreconditionFailed
        form = TunePatch(data=request.data, partial=True, context={"request": request})
        form.is_valid(raise_exception=True)
        services.update_tune(tune=tune, owner=person(request), **form.validated_data)
        return created_answer(request, pk)


class PublishView(GatewayView):
    @extend_schema(request=None, responses=OwnTuneSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        services.publish_tune(owner=person(request), tune_id=pk)
        with as_user(request.user):
            return created_answer(request, pk)


class RetireView(APIView):
    @extend_schema(request=None, responses=OwnTuneSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        services.retire_tune(owner=person(request), tune_id=pk)
        return created_answer(request, pk)


class VersionsView(ScopedMixin, ListModelMixin, GenericAPIView[TuneVersion], GatewayView):
    """Published versions; the tuner also sees those on the bench. A new one is read outside of transactions."""

    model = TuneVersion
    ordering = "-number"
    ordering_fields: ClassVar[tuple[str, ...]] = ("number", "created_at")

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in SAFE else IsAuthenticated()]

    def shape(self, rows: Any) -> QuerySet[TuneVersion]:
        return rows.filter(tune_id=self.kwargs.get("pk"))  # type: ignore[no-any-return]

    def get_serializer_class(self) -> type[BaseSerializer[TuneVersion]]:
        return OwnVersionSerializer if getattr(self, "own", False) else VersionSerializer

    @extend_schema(responses=VersionSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        with seen_by(request):
            self.own = visible_tune(request.user, pk).tuner.user_id == request.user.pk
            return self.list(request)

    @extend_schema(request=VersionInput, responses={201: OwnVersionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        form = VersionInput(data=request.data)
        form.is_valid(raise_exception=True)
        version = services.add_version(owner=person(request), tune_id=pk, **form.validated_data)
        return Response(OwnVersionSerializer(version).data, status=201)


class CompatibilityView(APIView):
    """Does it fit my vehicle? With every reason why not."""

    @extend_schema(parameters=[FitQuery], responses=FitAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        query = FitQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        tune = visible_tune(request.user, pk)
        vehicle = (
            Vehicle.objects.visible_to(request.user).filter(pk=query.validated_data["vehicle_id"]).first()
        )
        if vehicle is None:
            raise NotFound
        fit = judge(vehicle, tune.fits.filter(deleted_at=None))
        answer = {
            "tune_id": pk,
            "vehicle_id": vehicle.pk,
            "verdict": fit.verdict,
            "reasons": fit.reasons,
            "label": fit.label,
            "verified": fit.verified,
        }
        return Response(FitAnswer(answer).data)
