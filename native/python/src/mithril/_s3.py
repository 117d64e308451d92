"""Objects of S3: read in ranges by obstore, written in parts by boto3.

obstore reads on many threads without the GIL, but cannot abort the multipart upload that it has
begun, so uploads are boto3's. Both take credentials from boto3's chain: environment, profiles,
containers, instances, web identity, session tokens included.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from mithril._errors import InputError, StorageError
from mithril._storage import S3_SCHEME, Connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from typing_extensions import Buffer

    from mithril import _native

#: Bytes of a part of an upload, unless the object is so large that there would be too many.
PART_BYTES = 16 << 20
#: S3 takes 10,000 parts; the rest is room for what compression may add.
PARTS_MAX = 9_900
#: Parts that are on their way at the same time; as many more wait in memory at most.
PARTS_AT_ONCE = 4
#: Ranges from this size on are fetched ahead.
AHEAD_BYTES_MIN = 1 << 20
DEFAULT_REGION = "us-east-1"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix(S3_SCHEME).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise InputError(f"expected s3://bucket/key, found {uri}")
    return bucket, key


class Object:
    """An object as it was when it was opened: a change in between is an error, never a mixture."""

    def __init__(self, uri: str, connection: Connection) -> None:
        self._uri = uri
        bucket, self._key = split_uri(uri)
        self._store = _store(bucket, connection)
        with _as_storage_error(f"open {uri}"):
            head = self._store.head(self._key)
        self.size: int = head["size"]
        self._etag: str | None = head["e_tag"]

    def read_range(self, offset: int, length: int) -> Sequence[Buffer]:
        """Fetch one range by one request."""
        options: dict[str, Any] = {"range": (offset, offset + length)}
        if self._etag is not None:
            options["if_match"] = self._etag
        with _as_storage_error(f"read {self._uri}"):
            return [self._store.get(self._key, options=options).bytes()]


class Ahead:
    """Fetches the range that follows while the last one is worked on; holds one at most."""

    def __init__(self, source: _native.RangeSource) -> None:
        self._source = source
        self.size = source.size
        self._next: tuple[int, int, Future[Sequence[Buffer]]] | None = None
        self._pool = ThreadPoolExecutor(1, "mithril-ahead")

    def read_range(self, offset: int, length: int) -> Sequence[Buffer]:
        """Give the range, from what was fetched ahead if that is it."""
        ahead, self._next = self._next, None
        if ahead is not None and ahead[:2] == (offset, length):
            parts = ahead[2].result()
        else:
            parts = self._source.read_range(offset, length)
        start = offset + length
        following = min(length, self.size - start)
        if length >= AHEAD_BYTES_MIN and following > 0:
            task = self._pool.submit(self._source.read_range, start, following)
            self._next = (start, following, task)
        return parts

    def close(self) -> None:
        """Forget what was fetched ahead."""
        self._pool.shutdown(cancel_futures=True)


class Upload:
    """A new object, sent in parts while it is written; it exists only once it is complete."""

    def __init__(self, uri: str, connection: Connection, *, bytes_max: int | None = None) -> None:
        self._uri = uri
        self._bucket, self._key = split_uri(uri)
        self._client = _client(connection)
        self._part_bytes = max(PART_BYTES, -(-(bytes_max or 0) // PARTS_MAX))
        self._buffer = bytearray()
        self._id: str | None = None
        self._parts: list[Future[dict[str, Any]]] = []
        self._pool = ThreadPoolExecutor(PARTS_AT_ONCE, "mithril-upload")

    def write(self, data: bytes) -> None:
        """Take bytes; waits while too many parts are under way."""
        view = memoryview(data)
        while view.nbytes > 0:
            room = self._part_bytes - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) == self._part_bytes:
                self._send()

    def complete(self) -> None:
        """Make the object appear."""
        target = {"Bucket": self._bucket, "Key": self._key}
        with _as_storage_error(f"write {self._uri}"):
            if self._id is None:
                self._client.put_object(**target, Body=bytes(self._buffer))
                return
            if self._buffer:
                self._send()
            parts = [part.result() for part in self._parts]
            self._client.complete_multipart_upload(
                **target, UploadId=self._id, MultipartUpload={"Parts": parts}
            )

    def abort(self) -> None:
        """Remove what was sent."""
        if self._id is None:
            return
        for part in self._parts:
            part.cancel()
        self._pool.shutdown()
        with _as_storage_error(f"abort the upload of {self._uri}"):
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._id
            )
        self._id = None

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self) -> None:
        with _as_storage_error(f"write {self._uri}"):
            if self._id is None:
                begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key)
                self._id = begun["UploadId"]
            number = len(self._parts) + 1
            if number > PARTS_AT_ONCE * 2:
                self._parts[number - 1 - PARTS_AT_ONCE * 2].result()
            self._parts.append(self._pool.submit(self._send_part, number, bytes(self._buffer)))
        self._buffer.clear()

    def _send_part(self, number: int, body: bytes) -> dict[str, Any]:
        sent = self._client.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=body
        )
        return {"PartNumber": number, "ETag": sent["ETag"]} | {
            name: sent[name] for name in ("ChecksumCRC32", "ChecksumCRC64NVME") if name in sent
        }


def _store(bucket: str, connection: Connection) -> Any:  # noqa: ANN401  # obstore is optional
    obstore, boto = _import("obstore.store"), _import("obstore.auth.boto3")
    endpoint = _endpoint(connection)
    session = _session(connection)
    settings: dict[str, Any] = {"region": session.region_name or DEFAULT_REGION}
    if endpoint is not None:
        settings["endpoint"] = endpoint
        settings["client_options"] = {"allow_http": endpoint.startswith("http://")}
    if session.get_credentials() is not None:
        settings["credential_provider"] = boto.Boto3CredentialProvider(session)
    return obstore.S3Store(bucket, **settings)


def _client(connection: Connection) -> Any:  # noqa: ANN401  # boto3 has no types
    session = _session(connection)
    return session.client(
        "s3",
        endpoint_url=_endpoint(connection),
        region_name=session.region_name or DEFAULT_REGION,
    )


def _session(connection: Connection) -> Any:  # noqa: ANN401  # boto3 has no types
    return _import("boto3").Session(region_name=connection.region)


def _endpoint(connection: Connection) -> str | None:
    variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    named = (os.environ.get(variable) for variable in variables)
    return connection.endpoint_url or next(filter(None, named), None)


def _import(name: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f"s3:// needs {name}: pip install 'mithril[s3]'") from error


@contextlib.contextmanager
def _as_storage_error(what: str) -> Iterator[None]:
    """Errors of either library become ours, with the reason kept as their cause."""
    try:
        yield
    except (InputError, StorageError):
        raise
    except Exception as error:
        raise StorageError(f"{what}: {error}") from error
