"""Artifacts in an S3 bucket, Amazon's or of any store that speaks S3."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from pycore import config
from pycore.artifacts.paths import UPLOAD_PREFIX, checked, checked_folder, joined
from pycore.entities import FileInfo, PartedUpload, SignedUrl, UploadedPart
from pycore.errors import InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A store takes 10,000 parts: this allows files of 160 GB, with one part in memory at a time.
_PART_BYTES = 16 << 20
_READ_BYTES = 1 << 20
_DELETED_AT_ONCE = 1000
_MAX_PARTS = 10_000
_PARTS_EXPIRE_S = 3600

_MISSING = ("404", "NoSuchKey", "NotFound")
_NO_BUCKET = ("NoSuchBucket",)
_WRONG_PARTS = ("InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML")

_making = threading.Lock()


def open_s3(uri: str) -> S3ArtifactStore:
    """Return the store that an ``s3://bucket/folder`` URI names.

    Raises
    ------
    InvalidInput
        The URI names no bucket, or a setting cannot be used.
    Unavailable
        boto3 is not installed.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if not parts.netloc or parts.query:
        raise InvalidInput(f"Artifacts at {uri!r} cannot be found: expected s3://bucket/folder.")
    folder = checked_folder(unquote(parts.path).lstrip("/"))
    with _making:
        client = _client(
            os.getpid(),
            config.S3_ENDPOINT_URL.get(),
            not config.S3_IGNORE_TLS.get(),
            config.S3_ADDRESSING_STYLE.get(),
            config.S3_SIGNATURE_VERSION.get(),
            config.ARTIFACT_TIMEOUT_S.get(),
        )
    return S3ArtifactStore(client, parts.netloc, folder)


class S3ArtifactStore:
    """Objects of a bucket below a prefix.

    Parameters
    ----------
    client : botocore client
        Of the service s3.
    bucket : str
    root : str
        Prefix without its last ``/``; "" for the whole bucket.
    """

    def __init__(self, client: Any, bucket: str, root: str) -> None:
        self._client = client
        self._bucket = bucket
        self._root = root
        owner = config.S3_BUCKET_OWNER.get()
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path; nothing for a file or a missing folder."""
        path = checked_folder(path)
        prefix = self._below(path)
        found = []
        with self._translated(path):
            for page in self._pages(prefix, Delimiter="/"):
                for entry in page.get("CommonPrefixes", ()):
                    found.append(FileInfo(entry["Prefix"].removeprefix(prefix).removesuffix("/"), True))
                for entry in page.get("Contents", ()):
                    found.append(FileInfo(entry["Key"].removeprefix(prefix), False, entry["Size"]))
        # Other programs mark folders by keys that end in a slash, and may leave a part of a path empty.
        named = [info for info in found if info.path and not info.path.startswith(UPLOAD_PREFIX)]
        infos = [FileInfo(joined(path, info.path), info.is_dir, info.file_size) for info in named]
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; `NotFound` when there is none."""
        key = self._key(path)
        with self._translated(path):
            head = self._client.head_object(Bucket=self._bucket, Key=key, **self._owner)
        return cast(BinaryIO, _ObjectFile(self, path, key, head))

    def write(self, path: str, content: BinaryIO) -> None:
        """Write a file whole or not at all, replacing one of that name; large ones go in parts."""
        # boto3 is heavy and optional; who has a store has it.
        from boto3.s3.transfer import TransferConfig

        arguments = {**config.S3_UPLOAD_EXTRA_ARGS.get(), **self._owner}
        one_part_at_a_time = TransferConfig(
            multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, use_threads=False
        )
        with self._translated(path):
            try:
                self._client.upload_fileobj(
                    content, self._bucket, self._key(path), ExtraArgs=arguments, Config=one_part_at_a_time
                )
            except ValueError as error:
                raise InvalidInput(
                    f"The environment variable {config.S3_UPLOAD_EXTRA_ARGS.name} cannot be used: {error}."
                ) from error

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all below it; a missing one is no error."""
        key = self._key(path)
        with self._translated(path):
            self._client.delete_object(Bucket=self._bucket, Key=key, **self._owner)
            for page in self._pages(f"{key}/", MaxKeys=_DELETED_AT_ONCE):
                keys = [{"Key": entry["Key"]} for entry in page.get("Contents", ())]
                if keys:
                    self._delete_all(path, keys)

    def sign_upload(self, path: str, expires_s: int) -> SignedUrl:
        """Return where a file may be sent by PUT."""
        if config.S3_UPLOAD_EXTRA_ARGS.get():
            # The client would have to send them, and the protocol does not say how.
            raise InvalidInput(
                f"Uploads cannot be signed where {config.S3_UPLOAD_EXTRA_ARGS.name} is set: send the file "
                "through this server."
            )
        return SignedUrl(self._signed("put_object", path, expires_s))

    def sign_download(self, path: str, expires_s: int) -> SignedUrl:
        """Return where a file may be fetched by GET; `NotFound` when there is none."""
        with self._translated(path):
            head = self._client.head_object(Bucket=self._bucket, Key=self._key(path), **self._owner)
        return SignedUrl(self._signed("get_object", path, expires_s), head["ContentLength"])

    def start_parts(self, path: str, count: int) -> PartedUpload:
        """Begin to send a file in parts, each by PUT."""
        if not 1 <= count <= _MAX_PARTS:
            raise InvalidInput(f"Invalid number of parts: expected 1 to {_MAX_PARTS}, got {count}.")
        arguments = {**config.S3_UPLOAD_EXTRA_ARGS.get(), **self._owner}
        with self._translated(path):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._key(path), **arguments
            )
        upload_id = begun["UploadId"]
        urls = (
            self._signed("upload_part", path, _PARTS_EXPIRE_S, UploadId=upload_id, PartNumber=number)
            for number in range(1, count + 1)
        )
        return PartedUpload(upload_id, tuple(urls))

    def finish_parts(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make the file of all its parts; it is there whole or not at all."""
        sent = [{"PartNumber": part.part_number, "ETag": part.etag} for part in parts]
        with self._translated(path):
            self._client.complete_multipart_upload(
                **self._upload(path, upload_id), MultipartUpload={"Parts": sent}
            )

    def abort_parts(self, path: str, upload_id: str) -> None:
        """Forget the parts that were sent."""
        with self._translated(path):
            self._client.abort_multipart_upload(**self._upload(path, upload_id))

    def read_from(self, path: str, key: str, start: int, version: str) -> Any:
        """Return the body of an object from a byte on, provided that it is still the same."""
        with self._translated(path):
            reply = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-", IfMatch=version, **self._owner
            )
        return reply["Body"]

    def _upload(self, path: str, upload_id: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._key(path), "UploadId": upload_id, **self._owner}

    def _signed(self, operation: str, path: str, expires_s: int, **parameters: Any) -> str:
        with self._translated(path):
            url: str = self._client.generate_presigned_url(
                operation,
                Params={"Bucket": self._bucket, "Key": self._key(path), **parameters},
                ExpiresIn=expires_s,
            )
        return url

    def _delete_all(self, path: str, keys: Sequence[dict[str, str]]) -> None:
        reply = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True}, **self._owner
        )
        if refused := reply.get("Errors"):
            raise Unavailable(
                f"The bucket {self._bucket!r} keeps {len(refused)} files of {path!r}: "
                f"{refused[0].get('Message', refused[0].get('Code'))}."
            )

    def _pages(self, prefix: str, **options: Any) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, **options, **self._owner
        )
        return iter(pages)

    def _key(self, path: str) -> str:
        return joined(self._root, checked(path))

    def _below(self, folder: str) -> str:
        place = joined(self._root, folder) if folder else self._root
        return f"{place}/" if place else ""

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        # Loaded already: without it there is no client.
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            found = error.response.get("Error", {})
            code = str(found.get("Code", ""))
            if code in _MISSING:
                raise NotFound(f"No such artifact: {path!r}.") from error
            if code == "NoSuchUpload":
                raise NotFound(f"No upload of {path!r} with this id is going on; begin it again.") from error
            if code in _WRONG_PARTS:
                raise InvalidInput(f"The parts of {path!r} do not make a file: {found['Message']}") from error
            if code in _NO_BUCKET:
                raise NotFound(f"There is no bucket {self._bucket!r}; make it, or name another.") from error
            raise Unavailable(
                f"The bucket {self._bucket!r} refuses {path!r}: {found.get('Message') or code} ({code}). "
                "Check the AWS credentials of this process and what they may do."
            ) from error
        except BotoCoreError as error:
            raise Unavailable(f"The bucket {self._bucket!r} cannot be reached: {error}.") from error


class _ObjectReader(io.RawIOBase):
    """Reads an object from wherever it is asked to; nothing is fetched before."""

    def __init__(self, store: S3ArtifactStore, path: str, key: str, size: int, version: str) -> None:
        self._store, self._path, self._key = store, path, key
        self._size, self._version = size, version
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._position = base + offset
            self._end_body()
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        from botocore.exceptions import BotoCoreError

        if self._position >= self._size:
            return 0
        if self._body is None:
            self._body = self._store.read_from(self._path, self._key, self._position, self._version)
        view = memoryview(buffer).cast("B")
        try:
            data = self._body.read(len(view))
        except BotoCoreError as error:
            raise Unavailable(f"The download of {self._path!r} broke off: {error}. Try again.") from error
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._end_body()
        super().close()

    def _end_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


class _ObjectFile(io.BufferedReader):
    """An object as an open file; implements `pycore.protocols.VersionedFile`."""

    def __init__(self, store: S3ArtifactStore, path: str, key: str, head: dict[str, Any]) -> None:
        self.version: str = head["ETag"].strip('"')
        self.modified: datetime = head["LastModified"]
        reader = _ObjectReader(store, path, key, head["ContentLength"], head["ETag"])
        super().__init__(reader, _READ_BYTES)


@lru_cache(maxsize=8)
def _client(
    process: int, endpoint: str | None, verify: bool, style: str, signature: str | None, timeout_s: int | None
) -> Any:
    """Return a client; connections are shared by threads, and by no forked process."""
    try:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise Unavailable(
            "Artifacts in S3 need boto3, which is not installed: pip install 'crateflow[s3]'."
        ) from error
    options: dict[str, Any] = {"s3": {"addressing_style": style}}
    if signature:
        options["signature_version"] = UNSIGNED if signature.lower() == "unsigned" else signature
    if timeout_s:
        options |= {"connect_timeout": timeout_s, "read_timeout": timeout_s}
    try:
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint, verify=None if verify else False, config=Config(**options)
        )
    except (BotoCoreError, ValueError) as error:
        raise InvalidInput(f"The settings of S3 cannot be used: {error}.") from error
