"""Shapes of batches and of what is read back, for the description of the API: the hot paths do without them."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer
from telematics.series import AGGREGATES


class TroubleCodeInput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Such as P0301.")
    status = serializers.ChoiceField(choices=["stored", "pending", "permanent"], required=False)
    freeze_frame = serializers.DictField(required=False)


class BatchInput(serializers.Serializer[Any]):
    """Rows in `samples`, or columns in `columns`. Every key may also be spelt in camelCase."""

    vehicle_id = serializers.UUIDField(required=False)
    start_timestamp = serializers.IntegerField(required=False, help_text="Epoch milliseconds.")
    end_timestamp = serializers.IntegerField(required=False)
    samples = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="At most 5,000 objects with t (epoch ms) and signals.",
    )
    columns = serializers.DictField(
        child=serializers.ListField(),
        required=False,
        help_text="t and one list of the same length for each signal.",
    )
    sent_at = serializers.IntegerField(required=False, help_text="The device's clock at the upload.")
    batch_id = serializers.CharField(required=False)
    dongle_id = serializers.CharField(required=False)
    dtcs = serializers.ListField(child=TroubleCodeInput(), required=False)
    mil = serializers.BooleanField(required=False)
    strict = serializers.BooleanField(required=False, help_text="All samples or none.")


class BatchesInput(serializers.Serializer[Any]):
    batches = serializers.ListField(child=BatchInput(), help_text="At most 100, each with its vehicle_id.")


class RejectedSample(StrictSerializer):
    index = serializers.IntegerField()
    code = serializers.CharField()
    signal = serializers.CharField(required=False)
    error = serializers.CharField()


class BatchOutput(StrictSerializer):
    message = serializers.CharField()
    accepted = serializers.IntegerField(help_text="Samples that are new.")
    duplicates = serializers.IntegerField(help_text="Samples that were known.")
    conflicts = serializers.IntegerField(help_text="Of those, told otherwise before; what was first stays.")
    rejected = RejectedSample(many=True)
    ignored = serializers.ListField(child=serializers.CharField(), help_text="Signals that are not kept.")
    latest = serializers.IntegerField(help_text="Epoch ms of the vehicle's newest sample.")


class BatchesOutput(StrictSerializer):
    results = serializers.ListField(child=serializers.DictField(), help_text="In the order of the batches.")


class LatestOutput(StrictSerializer):
    vehicle_id = serializers.UUIDField()
    t = serializers.IntegerField(allow_null=True, help_text="Epoch ms of the newest sample.")
    vals = serializers.DictField(child=serializers.FloatField(), help_text="The last value of each signal.")
    instants = serializers.DictField(child=serializers.IntegerField(), help_text="When it was so.")
    odometer_km = serializers.FloatField(allow_null=True, help_text="The highest plausible reading.")
    lat = serializers.FloatField(allow_null=True)
    lon = serializers.FloatField(allow_null=True)
    dtc_count = serializers.IntegerField(allow_null=True)
    mil = serializers.BooleanField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)


class SamplesOutput(StrictSerializer):
    samples = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor`.")


class SeriesOutput(StrictSerializer):
    from_ms = serializers.IntegerField()
    to_ms = serializers.IntegerField()
    resolution_ms = serializers.IntegerField()
    agg = serializers.ChoiceField(choices=list(AGGREGATES))
    source = serializers.ChoiceField(choices=["samples", "segments", "days"])  # type: ignore[assignment]  # DRF takes declared fields off the class
    t = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    signals = serializers.DictField(
        help_text="Signal -> columns: min, max, avg, last, or t and values (lttb)."
    )


class DeletedOutput(StrictSerializer):
    deleted = serializers.IntegerField(help_text="Samples.")


class RetentionShape(StrictSerializer):
    plan_days = serializers.IntegerField(read_only=True, help_text="What the plan allows.")
    keep_days = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=36_500, help_text="Shorter, by the owner; null: as the plan."
    )
