"""Shapes of the file routes."""

from rest_framework import serializers

from core.fields import InstantField, StrictCharField
from core.models import FilePurpose
from core.serializers import StrictSerializer


class PresignInput(StrictSerializer):
    filename = StrictCharField(max_length=1000, trim_whitespace=True)
    content_type = StrictCharField(max_length=200)
    size = serializers.IntegerField(min_value=1, max_value=2**40, required=False, help_text="Bytes.")
    sha256 = StrictCharField(max_length=64, required=False, help_text="Hexadecimal.")
    purpose = serializers.ChoiceField(choices=FilePurpose.choices, default=FilePurpose.ATTACHMENT)


class PresignOutput(StrictSerializer):
    url = serializers.URLField(help_text="PUT the bytes here.")
    method = serializers.CharField(help_text="PUT.")
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="They must go with the upload exactly so."
    )
    file_id = serializers.UUIDField()
    public_url = serializers.URLField(
        allow_null=True,
        help_text="Where everybody may see it once it is complete; null for private purposes.",
    )
    expires_at = InstantField(help_text="Until when the upload may start.")


class FileOutput(StrictSerializer):
    id = serializers.UUIDField()
    url = serializers.URLField(help_text="Downloads the file, until `expires_at`.")
    filename = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Hexadecimal.")
    expires_at = InstantField()
