"""Machines that share a cache: fresh processes with a home, checkout and compiler of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inputs import ROOT

from mithril.cache import _keys

if TYPE_CHECKING:
    from pathlib import Path

CLI = ROOT / "dist" / "cli" / "mithril.js"
READY_SECONDS = 60
RUN_SECONDS = 600

PROGRAM = """
import json, os, sys
from pathlib import Path
url = os.environ.pop("MITHRIL_CACHE_URL", None)
import mithril.cache
exec(os.environ.get("PRELUDE", ""))
mithril.cache.enable(url)
import torch
torch.manual_seed(0)
result = None
exec(os.environ["BODY"])
print(json.dumps({"result": result, "report": mithril.cache.report()}))
"""


@dataclass(slots=True)
class Run:
    """What a process said and did."""

    result: Any
    report: dict[str, Any]
    errors: str
    compilers: int


class CacheService:
    """The real server: `mithril cache serve`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "signing-key"
        folder.mkdir(parents=True)
        _keys.make_signing_key(self.key)
        self.public = _keys.public_text(_keys.public_of(_keys.read_signing_key(self.key)))
        options = ["--dir", str(folder / "cache"), "--format", "json"]
        self._process = subprocess.Popen(
            ["node", str(CLI), "cache", "serve", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self._started_url()
        self.write_token = self._token("--write")
        self.read_token = self._token("--read")

    def _started_url(self) -> str:
        assert self._process.stdout is not None
        text, deadline = "", time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            text += self._process.stdout.readline()
            try:
                return str(json.loads(text)["url"])
            except ValueError:
                continue
        raise RuntimeError("`mithril cache serve` did not start: `npm run setup -- cli`")

    def _token(self, right: str) -> str:
        command = ["node", str(CLI), "cache", "token", "create", "--namespace", "team", right]
        options = ["--dir", str(self.folder / "cache"), "--format", "json"]
        done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
        return str(json.loads(done.stdout)["token"])

    def stats(self) -> dict[str, float]:
        """What the server counted."""
        request = urllib.request.Request(
            f"{self.url}/v1/stats", headers={"Authorization": f"Bearer {self.read_token}"}
        )
        with urllib.request.urlopen(request) as answer:
            counts: dict[str, float] = json.load(answer)
        return counts

    def settings(self, *, writes: bool) -> dict[str, str]:
        common = {
            "MITHRIL_CACHE_URL": self.url,
            "MITHRIL_CACHE_PUBLIC_KEYS": self.public,
            "MITHRIL_CACHE_LOOKUP_SECONDS": "10",
            "MITHRIL_CACHE_EXIT_SECONDS": "60",
        }
        if writes:
            mine = {
                "MITHRIL_CACHE_TOKEN": self.write_token,
                "MITHRIL_CACHE_SIGNING_KEY": str(self.key),
            }
        else:
            mine = {"MITHRIL_CACHE_TOKEN": self.read_token}
        return common | mine

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass(slots=True)
class Machine:
    """A home, a checkout and a compiler in a folder; `run` starts a process there."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    site_packages: str | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "compilers.log"
        checkout = self.folder / "checkout"
        checkout.mkdir(parents=True)
        (checkout / "program.py").write_text(PROGRAM)
        compiler = self.folder / "bin" / "g++"
        compiler.parent.mkdir()
        script = f'#!/bin/sh\necho "$@" >> {self.log}\nexec /usr/bin/g++ "$@"\n'
        compiler.write_text(script)
        compiler.chmod(0o755)

    def run(self, body: str, **more: str) -> Run:
        self.log.unlink(missing_ok=True)
        kept = ("PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "LANG")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {
            "HOME": str(self.folder / "home"),
            "USER": self.folder.name,
            "CXX": str(self.folder / "bin" / "g++"),
            "BODY": body,
            # Workers of torch would each import it once more.
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
        }
        if self.site_packages:
            environment["PYTHONPATH"] = os.pathsep.join(
                filter(None, [environment.get("PYTHONPATH"), self.site_packages])
            )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "program.py"],
            cwd=self.folder / "checkout",
            env=environment | self.settings | more,
            check=False,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1])
        starts = self.log.read_text().count("\n") if self.log.exists() else 0
        return Run(said["result"], said["report"], done.stderr, starts)
