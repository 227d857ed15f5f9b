"""Refusals of telematics. Codes never change."""

from __future__ import annotations

from core.errors import DomainError, Invalid


class BadCompression(Invalid):
    code, message = "bad_compression", "The body is not what its Content-Encoding says."


class UnknownEncoding(DomainError):
    code, status = "unsupported_media_type", 415
    message = "Send JSON, plain or with Content-Encoding: gzip."


class SamplesRefused(Invalid):
    """No sample of a batch can be stored, or one can't and `strict=1` was asked; `fields.rejected` lists them."""

    code, message = "samples_refused", "These samples can't be stored."


class ClockAhead(SamplesRefused):
    """The device's clock is ahead; the server's time is in the Date header."""

    code, message = "clock_ahead", "These samples are from the future. Set the device's clock."
