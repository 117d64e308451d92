"""The C++ side of torch.compile: kernels under portable keys, and no compiler started on a hit."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithril.cache import _compiler

if TYPE_CHECKING:
    from collections.abc import Callable

    from mithril.cache._session import Session

CPP_EXTENSIONS = ("main.cpp", "optimized.cpp")


def is_default(setting: object) -> bool:
    """Whether torch's setting `cpp.cxx` is what the environment's fingerprint was made of."""
    return isinstance(setting, (list, tuple)) and tuple(setting) == (None, _compiler.command())


class CompilerLayer:
    """What is known about the compiler, and where its results lie."""

    def __init__(self, session: Session, note_kernel: Callable[[Path, bool], None]) -> None:
        self.session = session
        self.note_kernel = note_kernel
        self._is_kernel_there = False

    def patch_codecache(self, module: Any) -> None:
        """`write` names a kernel; `_precompile_header` serves its compile, so not where it is."""
        layer = self
        write, precompile = module.write, module._precompile_header
        places = _places(Path(module.__file__ or "").parents[1])

        @functools.wraps(write)
        def portable_write(
            content: Any,
            extension: str,
            extra: Any = "",
            hash_type: str = "code",
            specified_dir: str = "",
            key: str | None = None,
        ) -> Any:
            if key is None and extension in CPP_EXTENSIONS and isinstance(extra, str):
                text = f"{layer.session.toolchain} {portable(extra, places)}"
                key = module.get_hash(content.strip(), text, hash_type)
            name, path = write(content, extension, extra, hash_type, specified_dir, key)
            if extension == "main.cpp":
                kernel = Path(path.removesuffix(".cpp") + ".so")
                layer._is_kernel_there = kernel.is_file()
                layer.note_kernel(kernel, layer._is_kernel_there)
            return name, path

        @functools.wraps(precompile)
        def precompile_if_needed(header: str, *args: Any, **kwargs: Any) -> Any:
            if layer._is_kernel_there:
                return ""
            return precompile(header, *args, **kwargs)

        module.write = portable_write
        module._precompile_header = precompile_if_needed

    def patch_vec_isa(self, module: Any) -> None:
        """Whether the instruction set can be compiled for and loaded: a fact of the environment."""
        layer, check = self, module.VecISA.check_build

        @functools.wraps(check)
        def check_build(isa: Any, code: str) -> bool:
            question = f"probe {isa.build_arch_flags()}\n{code}"
            known = layer.session.units.fact(question)
            if known is not None:
                return known == "yes"
            answer = bool(check(isa, code))
            # A "no" may be a full disk: it is asked again next time, unless probes do work here.
            if answer or layer.session.units.fact("probes work"):
                layer.session.units.keep_fact(question, "yes" if answer else "no")
            if answer:
                layer.session.units.keep_fact("probes work", "yes")
            return answer

        module.VecISA.check_build = check_build

    def patch_cpp_builder(self, module: Any) -> None:
        """The compiler's version: a fact of the environment, which names the compiler."""
        layer = self
        search = module.cpp_compiler_search
        for name in ("_compiler_version_string", "get_compiler_version_info"):
            setattr(module, name, self._remembered(name, getattr(module, name)))

        @functools.wraps(search)
        def cpp_compiler_search(candidates: Any) -> str:
            command = _compiler.command()
            is_known = layer.session.units.fact("compiler works") is not None
            if is_default(candidates) and is_known and shutil.which(shlex.split(command)[0]):
                return command
            found = str(search(candidates))
            if found == command:
                layer.session.units.keep_fact("compiler works", "yes")
            return found

        module.cpp_compiler_search = cpp_compiler_search

    def _remembered(self, name: str, original: Callable[[str], str]) -> Callable[[str], str]:
        layer = self

        @functools.cache
        def remembered(compiler: str) -> str:
            if compiler != _compiler.command():
                return original(compiler)
            known = layer.session.units.fact(name)
            if known is None:
                known = original(compiler)
                if known:
                    layer.session.units.keep_fact(name, known)
            return known

        return remembered


def _places(torch_folder: Path) -> list[tuple[str, str]]:
    """Folders of this machine that a command line names, longest first, and what they are."""
    named = {
        str(torch_folder): "<torch>",
        str(torch_folder.resolve()): "<torch>",
        sysconfig.get_path("include"): "<python include>",
        sysconfig.get_path("platinclude"): "<python include>",
        sysconfig.get_config_var("LIBDIR") or "": "<python lib>",
        sysconfig.get_path("stdlib"): "<python stdlib>",
        sys.prefix: "<prefix>",
        sys.base_prefix: "<base prefix>",
        str(Path("~").expanduser()): "<home>",
    }
    found = [(place, name) for place, name in named.items() if len(place) > 1]
    return sorted(found, key=lambda one: -len(one[0]))


def portable(command_line: str, places: list[tuple[str, str]]) -> str:
    """A command line without what only says where things lie.

    The compiler is left out as well, where it is the environment's: the fingerprint names it.
    """
    pattern = rf"(^| ){re.escape(_compiler.command())}(?= i )"
    text = re.sub(pattern, r"\1<compiler>", command_line)
    for place, name in places:
        text = text.replace(place, name)
    return text
