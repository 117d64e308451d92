"""A local S3 for the tests of this folder: MiniStack, on loopback."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from buckets import Bucket
from inputs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_SECONDS = 60
LOOPBACK = "127.0.0.1"


def ministack_python() -> Path:
    """Where `npm run setup -- ministack` puts it."""
    lock = (ROOT / "scripts" / "setup" / "ministack-requirements.txt").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return cache / "mithril" / f"ministack-{digest}" / "bin" / "python"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("ministack")
    port = free_port()
    passed = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    settings = {
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
    }
    with (folder / "log").open("wb") as log:
        stack = subprocess.Popen(
            [ministack_python(), "-m", "ministack"],
            cwd=folder,
            env=passed | settings,
            stdout=log,
            stderr=log,
        )
    try:
        endpoint = f"http://{LOOPBACK}:{port}"
        wait_for(port, stack)
        yield endpoint
    finally:
        stack.terminate()
        stack.wait()


def wait_for(port: int, stack: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and stack.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("MiniStack did not start: `npm run setup -- ministack`")


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    return Bucket(f"mithril-{uuid.uuid4().hex[:12]}")
