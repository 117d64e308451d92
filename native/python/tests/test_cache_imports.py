from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

from mithril.cache._imports import after_import

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
