"""Blobs in an S3-compatible store: AWS, Supabase, MinIO. Clients talk to it by presigned URLs, not through us."""

from __future__ import annotations

import base64
import hashlib
import io
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.http import content_disposition_header

from core import clock
from core.storage.base import (
    CHUNK,
    Blob,
    BlobAbsent,
    BlobTooLarge,
    SignedUpload,
    StorageUnavailable,
    UploadOrder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_ABSENT = {"404", "NoSuchKey", "NotFound"}


class S3Store:
    """`options` is settings.S3: access_key, secret_key, bucket, region, endpoint ("" for AWS itself), public_domain."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.bucket = options["bucket"]
        self.public_domain = options["public_domain"]
        self.client: Any = boto3.client(
            "s3",
            aws_access_key_id=options["access_key"] or None,
            aws_secret_access_key=options["secret_key"] or None,
            region_name=options["region"],
            endpoint_url=options["endpoint"] or None,
            config=Config(
                signature_version="s3v4",
                # Stores behind an endpoint of their own seldom have a host name for each bucket.
                s3={"addressing_style": "path" if options["endpoint"] else "virtual"},
                # boto adds checksums of its own choice otherwise, which other stores refuse.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=3,
                read_timeout=20,
                retries={"max_attempts": 2, "mode": "standard"},
            ),
        )

    def sign_upload(self, order: UploadOrder) -> SignedUpload:
        wanted: dict[str, Any] = {"ContentType": order.content_type}
        headers = {"Content-Type": order.content_type}
        if order.size is not None:
            wanted["ContentLength"] = order.size
        if order.sha256:
            headers["x-amz-checksum-sha256"] = wanted["ChecksumSHA256"] = _base64(order.sha256)
        return SignedUpload(self._presign("put_object", order.key, order.expires_at, wanted), headers)

    def sign_download(self, key: str, *, filename: str, content_type: str, expires_at: datetime) -> str:
        disposition = content_disposition_header(as_attachment=True, filename=filename)
        answer = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
        return self._presign("get_object", key, expires_at, answer)

    def snapshot(self, source: str, target: str, *, limit: int) -> Blob:
        """The copy is made inside the store, which is asked to hash it; one that can't is read through."""
        with _answering():
            size = int(self.client.head_object(Bucket=self.bucket, Key=source)["ContentLength"])
            if size > limit:
                raise BlobTooLarge(limit)
            self.client.copy_object(
                Bucket=self.bucket,
                Key=target,
                CopySource={"Bucket": self.bucket, "Key": source},
                ChecksumAlgorithm="SHA256",
            )
            head = self.client.head_object(Bucket=self.bucket, Key=target, ChecksumMode="ENABLED")
        checksum = str(head.get("ChecksumSHA256") or "")
        if checksum and "-" not in checksum:  # "...-3" is a hash of part hashes
            return Blob(int(head["ContentLength"]), base64.b64decode(checksum).hex())
        return self._measure(target, limit)

    def write(self, key: str, data: bytes, *, content_type: str) -> None:
        with _answering():
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)

    @contextmanager
    def open(self, key: str) -> Iterator[IO[bytes]]:
        with _answering():
            body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        try:
            yield cast("IO[bytes]", io.BufferedReader(_Readable(body), CHUNK))
        finally:
            body.close()

    def delete(self, key: str) -> None:
        with _answering():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def address(self, key: str) -> str | None:
        return f"https://{self.public_domain}/{key}" if self.public_domain else None

    def ready(self) -> bool:
        with _answering():
            self.client.head_bucket(Bucket=self.bucket)
        return True

    def _presign(self, method: str, key: str, expires_at: datetime, wanted: dict[str, Any]) -> str:
        seconds = max(1, int((expires_at - clock.now()).total_seconds()))
        parameters = {"Bucket": self.bucket, "Key": key, **wanted}
        return str(self.client.generate_presigned_url(method, Params=parameters, ExpiresIn=seconds))

    def _measure(self, key: str, limit: int) -> Blob:
        digest, size = hashlib.sha256(), 0
        with self.open(key) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise BlobTooLarge(limit)
                digest.update(chunk)
        return Blob(size, digest.hexdigest())


class _Readable(io.RawIOBase):
    """botocore's body as a stream that the standard library knows; its network errors become ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _answering():
            data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


@contextmanager
def _answering() -> Iterator[None]:
    """The store's own words for absent and down."""
    try:
        yield
    except ClientError as problem:
        if problem.response.get("Error", {}).get("Code") in _ABSENT:
            raise BlobAbsent from None
        raise StorageUnavailable from problem
    except BotoCoreError as problem:
        raise StorageUnavailable from problem
