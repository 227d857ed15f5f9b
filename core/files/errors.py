"""Refusals about files."""

from core.errors import DomainError


class FileMismatch(DomainError):
    """What was uploaded is not what was promised; `fields` says in what."""

    code, status, message = "file_mismatch", 400, "The upload is not what was announced."


class FileNotUploaded(DomainError):
    code, status, message = "file_not_uploaded", 409, "Nothing was uploaded yet."


class FileNotComplete(DomainError):
    code, status, message = "file_not_complete", 409, "This upload was not completed yet."


class FileInUse(DomainError):
    code, status, message = "file_in_use", 409, "This file is still used and can't be deleted."


class UploadClosed(DomainError):
    """The file is complete or gone: its upload URL is spent."""

    code, status, message = "upload_closed", 409, "This upload is closed."


class FileUnavailable(DomainError):
    """The blob is missing in the store or not the one that was checked."""

    code, status, message = "file_unavailable", 503, "This file can't be read at the moment."
