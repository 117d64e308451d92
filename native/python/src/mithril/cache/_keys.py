"""Ed25519 keys of those who write entries, and the statement that they sign."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mithril import _native
from mithril._errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_BYTES = 32
PREFIX = "mithril-cache-entry-v1"
SECRET_PREFIX = "mithril-signing-key-v1:"
PUBLIC_PREFIX = "mithril-public-key-v1:"


def statement(namespace: str, key: str, digest: str, size: int, toolchain: str) -> bytes:
    """The bytes that a writer signs for an entry."""
    return f"{PREFIX}\n{namespace}\n{key}\n{digest}\n{size}\n{toolchain}\n".encode()


def key_id(public: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(seed: bytes, message: bytes) -> str:
    """A signature as it stands in the header: ``<key id>:<base64>``."""
    signature = bytes(_native.ed25519_sign(seed, message))
    return f"{key_id(public_of(seed))}:{base64.b64encode(signature).decode()}"


def verify(publics: Iterable[bytes], message: bytes, signature: str) -> str | None:
    """Why this signature is not one of a pinned key; None if it is."""
    name, _, text = signature.partition(":")
    if not text:
        return "unsigned"
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return "malformed signature"
    for public in publics:
        if key_id(public) == name:
            return None if _native.ed25519_verify(public, message, raw) else "wrong signature"
    return f"signed by {name}, a key that is not pinned"


def public_of(seed: bytes) -> bytes:
    """The public key of a signing key."""
    return bytes(_native.ed25519_public_key(seed))


def make_signing_key(path: Path) -> bytes:
    """Write a new signing key, readable by its owner only; returns the public key."""
    seed = os.urandom(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{SECRET_PREFIX}{base64.b64encode(seed).decode()}\n")
    return public_of(seed)


def public_text(public: bytes) -> str:
    """A public key as it is written in settings."""
    return PUBLIC_PREFIX + base64.b64encode(public).decode()


def read_signing_key(value: str | os.PathLike[str] | bytes) -> bytes:
    """The signing key of a file made by `make_signing_key`."""
    if isinstance(value, bytes):
        return _sized(value)
    text = Path(value).expanduser().read_text().strip()
    if not text.startswith(SECRET_PREFIX):
        raise InputError(f"{value} is no signing key (made by: python -m mithril.cache keygen)")
    return _decoded(text.removeprefix(SECRET_PREFIX))


def read_public_keys(value: str | bytes | Iterable[str | bytes]) -> tuple[bytes, ...]:
    """Public keys: texts, separated by commas, or files that hold such texts."""
    if isinstance(value, (str, bytes)):
        value = [value]
    keys: list[bytes] = []
    for one in value:
        if isinstance(one, bytes):
            keys.append(_sized(one))
            continue
        for part in one.replace("\n", ",").split(","):
            if text := part.strip():
                keys.extend(_public_keys_of(text))
    return tuple(keys)


def _public_keys_of(text: str) -> list[bytes]:
    if text.startswith(PUBLIC_PREFIX):
        return [_decoded(text.removeprefix(PUBLIC_PREFIX))]
    lines = Path(text).expanduser().read_text().split()
    return [_decoded(line.removeprefix(PUBLIC_PREFIX)) for line in lines]


def _decoded(text: str) -> bytes:
    try:
        return _sized(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise InputError("a key is 32 bytes in base64") from error


def _sized(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise InputError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return key
