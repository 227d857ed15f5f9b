"""Flash jobs: asked for, watched, told of by the phone."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.serializers import judged
from core.views import GatewayView, ScopedViewSet
from garage.models import FlashEvent, FlashJob, FlashState
from garage.serializers.flashing import (
    FlashEventInput,
    FlashEventSerializer,
    FlashInput,
    FlashMoved,
    FlashSerializer,
    ManifestSerializer,
)
from garage.services import flashing
from garage.services.manifests import manifest_for
from sync.views import SyncedViewSet

NO_STORE = {"Cache-Control": "no-store"}


class FlashFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()
    state = filters.MultipleChoiceFilter(choices=FlashState.choices)

    class Meta:
        model = FlashJob
        fields: list[str] = []


class FlashViewSet(SyncedViewSet):
    """A job changes by its events only, and stays in the record."""

    model = FlashJob
    collection = "flash_jobs"
    serializer_class = FlashSerializer
    filterset_class = FlashFilter
    http_method_names = ["get", "post", "head", "options"]

    def shape(self, rows: Any) -> QuerySet[FlashJob]:
        return rows.select_related("restore_backup")  # type: ignore[no-any-return]

    @extend_schema(request=FlashInput, responses={201: FlashSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        form = FlashInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        return self._answer(flashing.queue_flash(user=request.user, **form.validated_data), status=201)


class FlashEventView(ScopedViewSet):
    """What was told of one job, oldest first."""

    model = FlashEvent
    serializer_class = FlashEventSerializer
    ordering = "at"
    ordering_fields = ()

    def shape(self, rows: Any) -> QuerySet[FlashEvent]:
        found: QuerySet[FlashEvent] = rows.filter(job_id=self.kwargs.get("pk"))  # no pk in the schema
        return found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        flashing.owned_job(request.user, kwargs["pk"])
        return super().list(request, *args, **kwargs)

    @extend_schema(request=FlashEventInput, responses=FlashMoved)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        told = judged(FlashEventInput, request.data)
        _, applied = flashing.advance_flash(user=request.user, job_id=kwargs["pk"], **told)
        job = flashing.owned_job(request.user, kwargs["pk"])
        return Response(FlashMoved(job, context={"applied": applied}).data, headers={"ETag": f'"{job.rev}"'})


class ManifestView(GatewayView):
    @extend_schema(responses=ManifestSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(ManifestSerializer(manifest_for(request.user, pk)).data, headers=NO_STORE)
