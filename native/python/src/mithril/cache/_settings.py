"""Settings of the compile cache: arguments of ``enable``, else the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mithril._errors import InputError
from mithril.cache import _keys

DEFAULT_LOOKUP_SECONDS = 0.3
DEFAULT_LOCAL_BYTES = 8 << 30
DEFAULT_LEASE_SECONDS = 60.0
DEFAULT_EXIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process uses the cache with. Durations are in seconds, sizes in bytes."""

    url: str | None = None
    token: str | None = None
    namespace: str | None = None
    folder: Path | None = None
    label: str | None = None
    public_keys: tuple[bytes, ...] = ()
    signing_key: bytes | None = None
    lookup_seconds: float = DEFAULT_LOOKUP_SECONDS
    local_bytes: int = DEFAULT_LOCAL_BYTES
    lease_seconds: float = DEFAULT_LEASE_SECONDS
    exit_seconds: float = DEFAULT_EXIT_SECONDS
    portable_threads: bool = True
    stock_interfaces: bool = False
    quiet: bool = False


VARIABLES = {
    "url": "MITHRIL_CACHE_URL",
    "token": "MITHRIL_CACHE_TOKEN",
    "namespace": "MITHRIL_CACHE_NAMESPACE",
    "folder": "MITHRIL_CACHE_DIR",
    "label": "MITHRIL_CACHE_LABEL",
    "public_keys": "MITHRIL_CACHE_PUBLIC_KEYS",
    "signing_key": "MITHRIL_CACHE_SIGNING_KEY",
    "lookup_seconds": "MITHRIL_CACHE_LOOKUP_SECONDS",
    "local_bytes": "MITHRIL_CACHE_LOCAL_BYTES",
    "lease_seconds": "MITHRIL_CACHE_LEASE_SECONDS",
    "exit_seconds": "MITHRIL_CACHE_EXIT_SECONDS",
    "portable_threads": "MITHRIL_CACHE_PORTABLE_THREADS",
    "stock_interfaces": "MITHRIL_CACHE_STOCK_INTERFACES",
    "quiet": "MITHRIL_CACHE_QUIET",
}


def read_settings(arguments: dict[str, Any]) -> Settings:
    """Settings of these arguments and the environment; `InputError` names what is wrong."""
    unknown = set(arguments) - set(VARIABLES)
    if unknown:
        raise InputError(f"mithril.cache has no setting {', '.join(sorted(unknown))}")
    given = {
        name: os.environ[variable] for name, variable in VARIABLES.items() if variable in os.environ
    }
    given |= {name: value for name, value in arguments.items() if value is not None}
    values: dict[str, Any] = {}
    for field in fields(Settings):
        if field.name not in given:
            continue
        try:
            values[field.name] = _parsed(field.name, given[field.name])
        except (ValueError, OSError) as error:
            raise InputError(f"{VARIABLES[field.name]} ({field.name}): {error}") from error
    return Settings(**values)


def _parsed(name: str, value: Any) -> Any:
    if name == "public_keys":
        return _keys.read_public_keys(value)
    if name == "signing_key":
        return _keys.read_signing_key(value)
    if name == "folder":
        return Path(value).expanduser()
    if name == "url":
        return _url(str(value))
    if name in ("portable_threads", "stock_interfaces", "quiet"):
        return _flag(value)
    if name == "local_bytes":
        return int(value)
    if name.endswith("_seconds"):
        return _duration(value)
    return str(value)


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is no http:// or https:// address")
    return value.rstrip("/")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ValueError(f"{value!r} is neither 1 nor 0")
    return text in ("1", "true", "yes", "on")


def _duration(value: object) -> float:
    seconds = float(str(value))
    if not 0 <= seconds <= 3600:
        raise ValueError(f"{value!r} is not between 0 and 3600")
    return seconds
