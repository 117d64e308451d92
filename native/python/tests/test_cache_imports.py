from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

from mithril.cache._imports import after_import, speed_up

if TYPE_CHECKING:
    from pathlib import Path


def test_a_module_is_patched_once_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "patched_later.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    seen: list[int] = []
    after_import("patched_later", lambda module: seen.append(module.value))
    # Looking for a module is not importing it.
    assert importlib.util.find_spec("patched_later") is not None
    assert seen == []
    importlib.import_module("patched_later")
    assert seen == [1]
    after_import("patched_later", lambda module: seen.append(module.value + 1))
    assert seen == [1, 2]
    sys.modules.pop("patched_later")


def test_a_patch_that_fails_leaves_the_module_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "not_patched.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    after_import("not_patched", lambda module: module.no_such_name)
    assert importlib.import_module("not_patched").value == 1
    sys.modules.pop("not_patched")


@pytest.mark.parametrize("is_enabled", [True, False])
def test_large_modules_are_imported_without_the_collector_which_is_then_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_enabled: bool
) -> None:
    (tmp_path / "large.py").write_text(
        "import gc\ninside = [gc.isenabled()]\nimport part\ninside.append(gc.isenabled())\n"
    )
    (tmp_path / "part.py").write_text("")
    (tmp_path / "small.py").write_text("import gc\ninside = gc.isenabled()\n")
    (tmp_path / "broken.py").write_text("raise ValueError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    speed_up("large", "part", "broken")
    was = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        assert importlib.import_module("large").inside == [False, False]
        assert gc.get_freeze_count() == 0
        assert importlib.import_module("small").inside is is_enabled
        with pytest.raises(ValueError, match=r"^$"):
            importlib.import_module("broken")
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was else gc.disable)()
        for name in ("large", "part", "small"):
            sys.modules.pop(name, None)
