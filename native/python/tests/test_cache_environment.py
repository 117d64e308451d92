from __future__ import annotations

import os
import shutil
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from mithril.cache import _compiler, _environment, _packages

if TYPE_CHECKING:
    from pathlib import Path

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
flags\t\t: fpu sse2 avx2 avx512f {more}

processor\t: 1
flags\t\t: other
"""


def fingerprint_with(monkeypatch: pytest.MonkeyPatch, place: Path, cpuinfo: str) -> str:
    place.write_text(cpuinfo)
    monkeypatch.setattr(_environment, "CPUINFO", place)
    return _environment.find_environment(None).fingerprint


@pytest.mark.parametrize("more", ["avx512_vnni", "amx_tile", "a_flag_of_the_future"])
def test_another_instruction_set_is_another_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str
) -> None:
    one = fingerprint_with(monkeypatch, tmp_path / "a", CPUINFO.format(more=""))
    assert one != fingerprint_with(monkeypatch, tmp_path / "a", CPUINFO.format(more=more))


def test_what_the_kernel_does_about_flaws_of_the_cpu_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = fingerprint_with(monkeypatch, tmp_path / "a", CPUINFO.format(more="ibrs"))
    assert one == fingerprint_with(monkeypatch, tmp_path / "a", CPUINFO.format(more="md_clear"))


def test_another_model_of_cpu_is_another_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = CPUINFO.format(more="")
    one = fingerprint_with(monkeypatch, tmp_path / "a", text)
    assert one != fingerprint_with(monkeypatch, tmp_path / "a", text.replace("85", "106"))


def test_paths_user_host_and_threads_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = _environment.find_environment(None).fingerprint
    for name in ("HOME", "USER", "LOGNAME", "HOSTNAME", "OMP_NUM_THREADS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert _environment.find_environment(tmp_path).fingerprint == one
    assert _environment.find_environment(tmp_path).fingerprint == one


@pytest.mark.parametrize("name", ["ATEN_CPU_CAPABILITY", "TORCHINDUCTOR_CPP_MARCH"])
def test_what_chooses_the_instruction_set_counts(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    one = _environment.find_environment(None).fingerprint
    monkeypatch.setenv(name, "avx2")
    assert _environment.find_environment(None).fingerprint != one


def test_the_models_of_the_gpus_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "information").write_text("Model: \t\t NVIDIA H100\nIRQ: 1\n")
    monkeypatch.setattr(_environment, "GPUS", tmp_path)
    assert _environment.find_environment(None).factors["gpu"] == "NVIDIA H100"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of an installed package, in a folder of its own."""
    found = metadata.distribution("pluggy")
    place = tmp_path / "site"
    shutil.copytree(str(found.locate_file("pluggy")), place / "pluggy")
    info = f"pluggy-{found.version}.dist-info"
    shutil.copytree(str(found.locate_file(info)), place / info)
    monkeypatch.syspath_prepend(str(place))
    return place


def test_a_package_is_the_same_wherever_it_lies(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = _packages.identity("pluggy", None)
    other = tmp_path / "elsewhere"
    shutil.copytree(installed, other)
    monkeypatch.syspath_prepend(str(other))
    assert _packages.identity("pluggy", None) == one


def test_a_file_that_was_only_touched_changes_nothing(installed: Path) -> None:
    one = _packages.identity("pluggy", None)
    os.utime(installed / "pluggy" / "_hooks.py")
    assert _packages.identity("pluggy", None) == one


def test_an_edited_file_of_the_same_size_makes_another_package(
    installed: Path, tmp_path: Path
) -> None:
    one = _packages.identity("pluggy", tmp_path / "memo")
    path = installed / "pluggy" / "_hooks.py"
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    assert _packages.identity("pluggy", tmp_path / "memo") != one


def test_a_file_that_no_record_lists_makes_another_package(installed: Path) -> None:
    one = _packages.identity("pluggy", None)
    (installed / "pluggy" / "more.py").write_text("x = 1\n")
    assert _packages.identity("pluggy", None) != one


def test_a_package_that_is_not_installed_is_none() -> None:
    assert _packages.identity("no-such-package-here", None) is None


def program(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def test_a_compiler_is_its_program_not_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXX", str(program(tmp_path / "a" / "g++", b"\x7fELF one")))
    one = _compiler.identity(None)
    monkeypatch.setenv("CXX", str(program(tmp_path / "b" / "g++", b"\x7fELF one")))
    assert _compiler.identity(None) == one
    monkeypatch.setenv("CXX", str(program(tmp_path / "b" / "g++", b"\x7fELF two")))
    assert _compiler.identity(None) != one


def test_what_stands_before_a_compiler_is_looked_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = program(tmp_path / "usr" / "g++", b"\x7fELF one")
    monkeypatch.setenv("CXX", str(compiler))
    one = _compiler.identity(None)
    script = f'#!/bin/sh\necho "$@" >> /tmp/log\nexec {compiler} "$@"\n'
    monkeypatch.setenv("CXX", str(program(tmp_path / "wrapped" / "g++", script.encode())))
    assert _compiler.identity(None) == one
    ccache = program(tmp_path / "opt" / "ccache", b"\x7fELF ccache")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "g++").symlink_to(ccache)
    monkeypatch.setenv("PATH", f"{tmp_path / 'links'}{os.pathsep}{compiler.parent}")
    monkeypatch.setenv("CXX", "g++")
    assert _compiler.identity(None) == one
    monkeypatch.setenv("CXX", "ccache g++")
    assert _compiler.identity(None) == one


def test_options_of_the_compiler_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = program(tmp_path / "g++", b"\x7fELF one")
    monkeypatch.setenv("CXX", f"{compiler} -m32")
    assert _compiler.identity(None).endswith(" -m32")


def test_no_compiler_is_an_environment_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert _compiler.identity(None) == "none"
