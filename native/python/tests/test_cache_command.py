"""`python -m mithril.cache`, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cache_server import CacheServer, cache_server

from mithril.cache import _files, _keys
from mithril.cache._session import Session
from mithril.cache._settings import Settings
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def command(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"MITHRIL_CACHE_DIR": str(folder / "local")} | settings
    return subprocess.run(
        [sys.executable, "-m", "mithril.cache", *words],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def server() -> Iterator[CacheServer]:
    with cache_server() as running:
        yield running


def test_a_program_runs_with_its_arguments_its_folder_and_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("value = 3\n")
    script = "import sys, beside, mithril.cache\nprint(sys.argv, beside.value, __name__)\n"
    script += "print(mithril.cache.report()['label'])\nsys.exit(7)\n"
    (tmp_path / "program.py").write_text(script)
    done = command(tmp_path, "run", "program.py", "--epochs", "3")
    assert done.returncode == 7
    assert done.stdout == "['program.py', '--epochs', '3'] 3 __main__\nprogram.py\n"


def test_a_module_runs_too(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import mithril.cache as c\nprint(c.is_enabled())\n")
    assert command(tmp_path, "run", "-m", "program").stdout == "True\n"


def test_the_import_alone_enables_where_a_server_is_named(
    tmp_path: Path, server: CacheServer
) -> None:
    code = "import mithril.cache; print(mithril.cache.is_enabled())"
    common = os.environ | {"MITHRIL_CACHE_DIR": str(tmp_path)}
    for more, said in (
        ({}, "False\n"),
        ({"MITHRIL_CACHE_URL": server.url}, "True\n"),
        ({"MITHRIL_CACHE_URL": server.url, "MITHRIL_CACHE": "off"}, "False\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=common | more,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout == said


def test_keygen_says_the_public_key_of_the_file(tmp_path: Path) -> None:
    done = command(tmp_path, "keygen", "key")
    seed = _keys.read_signing_key(tmp_path / "key")
    assert done.stdout == _keys.public_text(_keys.public_of(seed)) + "\n"
    again = command(tmp_path, "keygen", "key")
    assert (again.returncode, "exists" in again.stderr) == (1, True)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("")
    done = command(tmp_path, "run", "program.py", MITHRIL_CACHE_LOOKUP_SECONDS="soon")
    assert (done.returncode, "MITHRIL_CACHE_LOOKUP_SECONDS" in done.stderr) == (2, True)


def compile_once(folder: Path, name: str, factors: dict[str, str]) -> str:
    session = Session(Settings(folder=folder, label="test", quiet=True))
    file = f"aotautograd/{name}/entry"
    _files.write_whole(session.units.folder / file, name.encode())
    key = session.key("autograd", name)
    session.compiled(Unit(key, "autograd", (file,), 2.0, factors))
    session.close()
    return key


def test_explain_names_the_factor_that_differs_from_the_nearest_unit(tmp_path: Path) -> None:
    local = tmp_path / "local"
    compile_once(local, "far", {"torch.gm": "0", "torch.inputs": "0", "torch.config": "0"})
    near = compile_once(local, "near", {"torch.gm": "1", "torch.inputs": "2", "torch.config": "3"})
    key = compile_once(local, "new", {"torch.gm": "1", "torch.inputs": "9", "torch.config": "3"})
    (said,) = json.loads(command(tmp_path, "explain", "--format", "json").stdout)
    assert said["key"] == key
    assert said["nearest"] == near
    assert said["differing"] == [{"name": "torch.inputs", "yours": "9", "theirs": "2"}]
    assert "torch.inputs: 9 here, 2 in the nearest unit" in command(tmp_path, "explain").stdout


def test_warm_stores_what_the_server_lacks(tmp_path: Path, server: CacheServer) -> None:
    key = compile_once(tmp_path / "local", "one", {})
    _keys.make_signing_key(tmp_path / "key")
    settings = {
        "MITHRIL_CACHE_URL": server.url,
        "MITHRIL_CACHE_SIGNING_KEY": str(tmp_path / "key"),
        "MITHRIL_CACHE_LOOKUP_SECONDS": "10",
    }
    for expected in ({"stored": 1, "present": 0}, {"stored": 0, "present": 1}):
        done = command(tmp_path, "warm", "--format", "json", **settings)
        assert json.loads(done.stdout) == expected | {"failed": 0}
    assert list(server.entries) == [key]


def test_stats_tell_of_the_last_run(tmp_path: Path) -> None:
    compile_once(tmp_path / "local", "one", {})
    said = json.loads(command(tmp_path, "stats", "--format", "json").stdout)
    assert (said["last"]["misses"], said["last"]["secondsCompiled"]) == (1, 2.0)
