"""ECU backups. Saving one reads the file that was uploaded, so no transaction is open around these views."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.decorators import method_decorator
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.rls import as_user
from core.views import caller_id, etag
from garage.models import BackupState, EcuBackup
from garage.serializers.flashing import BackupInput, BackupSerializer, DownloadOutput
from garage.services import backups
from sync.views import SyncedViewSet

NO_STORE = {"Cache-Control": "no-store"}


class BackupFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()
    state = filters.ChoiceFilter(choices=BackupState.choices)

    class Meta:
        model = EcuBackup
        fields: list[str] = []


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class BackupViewSet(SyncedViewSet):
    """Immutable: there is no PATCH."""

    model = EcuBackup
    collection = "ecu_backups"
    serializer_class = BackupSerializer
    filterset_class = BackupFilter
    http_method_names = ["get", "post", "delete", "head", "options"]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with as_user(request.user):
            return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with as_user(request.user):
            return super().retrieve(request, *args, **kwargs)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with as_user(request.user):
            return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: EcuBackup) -> None:
        backups.delete_backup(instance)

    @extend_schema(request=BackupInput, responses={201: BackupSerializer, 200: BackupSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        form = BackupInput(data=request.data)
        form.is_valid(raise_exception=True)
        facts = {"size": None, "id": None} | form.validated_data
        backup_id, new = backups.upload_and_save(owner_id=caller_id(request), **facts)
        with as_user(request.user):
            row = self.get_queryset().get(pk=backup_id)
            answer = self.get_serializer(row).data
        return Response(answer, status=201 if new else 200, headers={"ETag": etag(row)})

    @extend_schema(request=None, responses=DownloadOutput)
    def download(self, request: Request, pk: UUID) -> Response:
        with as_user(request.user):
            backup: EcuBackup = self.get_object()
            link = backups.download_backup(user_id=caller_id(request), backup=backup)
        told = {"url": link.url, "sha256": backup.sha256, "size": backup.size, "expires_at": link.expires_at}
        return Response(DownloadOutput(told).data, headers=NO_STORE)
