"""ECU backups and flash jobs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import EcuBackup, FlashEvent, FlashJob, FlashState, FlashStep, Vehicle
from garage.serializers.vehicle import OptionalText


class BackupInput(StrictSerializer):
    """After `files/presign/` and `complete/`, with the purpose `ecu_backup`."""

    id = serializers.UUIDField(required=False)
    vehicle_id = serializers.UUIDField()
    file_id = serializers.UUIDField()
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}\Z", help_text="Hexadecimal; compared with the upload.")
    size = serializers.IntegerField(min_value=1, required=False, help_text="Bytes; compared with the upload.")


class BackupSerializer(StrictModelSerializer[EcuBackup]):
    vehicle_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = EcuBackup
        fields = [
            "id", "vehicle_id", "file_id", "sha256", "size", "filename", "state", "format", "family",
            "signature", "calibration_id", "checksum_ok", "detail", "verified_at", "created_at", "updated_at",
            "rev",
        ]  # fmt: skip
        read_only_fields = fields


class DownloadOutput(StrictSerializer):
    url = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    expires_at = InstantField()


class SourceInput(StrictSerializer):
    """What to write: `tune` with the tune's id, `backup` with the backup's."""

    kind = StrictCharField(max_length=20)
    id = serializers.UUIDField()


class FlashInput(StrictSerializer):
    id = serializers.UUIDField(required=False)
    vehicle_id = VisibleField(Vehicle, source="vehicle")
    source = SourceInput()  # type: ignore[assignment]  # DRF takes declared fields off the class
    safety_report_id = serializers.UUIDField(required=False, allow_null=True)
    acknowledgement = OptionalText(2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["acknowledgement"] = attrs.get("acknowledgement") or ""
        return attrs


class SourceOutput(StrictSerializer):
    kind = serializers.CharField(source="source_kind")
    id = serializers.UUIDField(source="source_id")


class RestoreOffer(StrictSerializer):
    backup_id = serializers.UUIDField()
    sha256 = serializers.CharField()
    created_at = InstantField()


class FlashSerializer(StrictModelSerializer[FlashJob]):
    vehicle_id = serializers.UUIDField(read_only=True)
    source = SourceOutput(source="*", read_only=True)  # type: ignore[assignment]
    ecu_expected = serializers.DictField(child=serializers.CharField(), read_only=True)
    restore_offer = serializers.SerializerMethodField(help_text="After a failure: what to write back.")

    class Meta:
        model = FlashJob
        fields = [
            "id", "vehicle_id", "source", "state", "percent", "detail", "label", "sha256", "size",
            "ecu_expected", "safety_report_id", "acknowledgement", "restore_offer", "expires_at", "started_at",
            "finished_at", "created_at", "updated_at", "rev",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(RestoreOffer(allow_null=True))
    def get_restore_offer(self, job: FlashJob) -> dict[str, Any] | None:
        if job.state not in {FlashState.FAILED, FlashState.RESTORING}:
            return None
        backup = job.restore_backup
        if backup is None or backup.deleted_at is not None:
            return None
        return RestoreOffer(
            {"backup_id": backup.pk, "sha256": backup.sha256, "created_at": backup.created_at}
        ).data


class FlashEventInput(StrictSerializer):
    """`client_event_id`: made once by the phone for each event; repeats of it change nothing."""

    event = serializers.ChoiceField(FlashStep.choices)
    client_event_id = StrictCharField(max_length=64)
    percent = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    detail = OptionalText(2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["detail"] = attrs.get("detail") or ""
        return attrs


class FlashMoved(FlashSerializer):
    """The job after an event. applied: the event told something new."""

    applied = serializers.SerializerMethodField()

    class Meta(FlashSerializer.Meta):
        fields = [*FlashSerializer.Meta.fields, "applied"]
        read_only_fields = fields

    def get_applied(self, job: FlashJob) -> bool:
        return bool(self.context["applied"])


class FlashEventSerializer(StrictModelSerializer[FlashEvent]):
    class Meta:
        model = FlashEvent
        fields = ["id", "event", "client_event_id", "percent", "detail", "applied", "state", "at"]
        read_only_fields = fields


class ManifestSerializer(StrictSerializer):
    """`purpose` is flash, or restore after a failure. Each `chunk_size` bytes have the hash of their place in `chunks`.

    Fetch with Range requests; write only to an ECU that shows every value of `ecu_expected`.
    """

    job_id = serializers.UUIDField()
    vehicle_id = serializers.UUIDField()
    purpose = serializers.ChoiceField(["flash", "restore"])
    url = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    chunk_size = serializers.IntegerField()
    chunks = serializers.ListField(child=serializers.CharField())
    ecu_expected = serializers.DictField(child=serializers.CharField())
    expires_at = InstantField()
    signature = serializers.CharField(help_text="HMAC-SHA-256 of this server over all but url.")
