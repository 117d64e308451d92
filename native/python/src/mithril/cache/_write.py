"""Writing an entry: by PUT, or by a link to the storage where a server does not pass it on."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mithril.cache._remote import Answer, UnreachableError, parse_json

if TYPE_CHECKING:
    from mithril.cache._remote import Remote

# What the host on AWS passes on itself; any other takes larger ones as well.
INLINE_BYTES_MAX = 4 << 20
UPLOAD_SECONDS = 30.0
UPLOAD_BYTES_PER_SECOND_MIN = 1 << 20


@dataclass(frozen=True, slots=True)
class Signed:
    """What a writer says of a body."""

    key: str
    digest: str
    signature: str
    toolchain: str
    compile_seconds: float
    factors: dict[str, str]


def write_entry(remote: Remote, entry: Signed, data: bytes) -> Answer:
    """The server's last word; `UnreachableError` if there is none."""
    seconds = UPLOAD_SECONDS + len(data) / UPLOAD_BYTES_PER_SECOND_MIN
    if len(data) > INLINE_BYTES_MAX:
        answer = _upload(remote, entry, data, seconds)
        if answer.status != 404:
            return answer
    text = json.dumps(entry.factors, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Mithril-Digest": entry.digest,
        "Mithril-Signature": entry.signature,
        "Mithril-Toolchain": entry.toolchain,
        "Mithril-Compile-Seconds": f"{entry.compile_seconds:.3f}",
        "Mithril-Factors": base64.urlsafe_b64encode(text).decode(),
    }
    path = f"/v1/entries/{entry.key}"
    return remote.request("PUT", path, seconds=seconds, headers=headers, body=data)


def _upload(remote: Remote, entry: Signed, data: bytes, seconds: float) -> Answer:
    """404: this server takes bodies of any size."""
    about = {
        "keyspace": "native",
        "key": entry.key,
        "digest": entry.digest,
        "size": len(data),
        "signature": entry.signature,
        "toolchain": entry.toolchain,
        "compileSeconds": round(entry.compile_seconds, 3),
        "factors": entry.factors,
    }
    body = json.dumps(about).encode()
    headers = {"Content-Type": "application/json"}

    def ask(path: str) -> Answer:
        return remote.request("POST", path, seconds=UPLOAD_SECONDS, headers=headers, body=body)

    answer = ask("/v1/uploads")
    if answer.status != 201:
        return answer
    link = parse_json(answer)
    stored = remote.put_by_link(
        str(link.get("url")), seconds=seconds, headers=dict(link.get("headers", {})), body=data
    )
    if stored.status >= 300:
        raise UnreachableError(f"the storage answered HTTP {stored.status}")
    committed = ask("/v1/uploads/commit")
    if committed.status == 404:
        raise UnreachableError("the storage does not show what it took")
    return committed
