"""``python -m mithril.cache``: run a program with the cache, make keys, see what happened."""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import mithril.cache
from mithril._errors import MithrilError
from mithril.cache import _environment, _files, _keys, _label
from mithril.cache._remote import UnreachableError
from mithril.cache._settings import Settings, read_settings
from mithril.cache._store import Store
from mithril.cache._units import Unit, UnitFolder

EXAMPLES = """examples:
  python -m mithril.cache run train.py --epochs 3   the program, with the cache
  python -m mithril.cache keygen ci.key             a key for those who write entries
  python -m mithril.cache explain                   why the last run compiled
  python -m mithril.cache warm                      store what this machine has compiled

Settings are variables such as MITHRIL_CACHE_URL: docs/cache/python.md lists them.
Exit codes: 0 done, 1 failed, 2 wrong command line or settings; `run` ends as the program does.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mithril.cache",
        description="A compile cache for torch.compile, Triton and JAX.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a Python program with the cache")
    run.add_argument("-m", dest="module", action="store_true", help="SCRIPT is a module")
    run.add_argument("script")
    run.add_argument("arguments", nargs=argparse.REMAINDER)
    keygen = commands.add_parser("keygen", help="make a signing key, print its public key")
    keygen.add_argument("file", type=Path)
    for name, text in (
        ("stats", "what the cache did: this machine's last run, and the server's count"),
        ("explain", "why the last run compiled, or what a key was made of"),
        ("warm", "store the units of this machine that the server does not have"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--format", choices=("auto", "json"), default="auto")
        if name == "explain":
            command.add_argument("key", nargs="?", default="last")
    options = parser.parse_args(arguments)
    try:
        return int(COMMANDS[options.command](options))
    except (MithrilError, UnreachableError) as error:
        print(f"mithril-cache: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    except OSError as error:
        print(f"mithril-cache: {error}", file=sys.stderr)
        return 1


def run_program(options: argparse.Namespace) -> int:
    """Enable the cache, then become the program."""
    sys.argv = [options.script, *options.arguments]
    if options.module:
        mithril.cache.enable(label=None if _has_label() else options.script)
        sys.path.insert(0, "")
        runpy.run_module(options.script, run_name="__main__", alter_sys=True)
        return 0
    script = Path(options.script)
    if not script.is_file():
        raise FileNotFoundError(f"no such program: {script}")
    mithril.cache.enable(label=None if _has_label() else _label.label_of(script))
    sys.path.insert(0, str(script.resolve().parent))
    runpy.run_path(str(script), run_name="__main__")
    return 0


def _has_label() -> bool:
    return read_settings({}).label is not None


def make_key(options: argparse.Namespace) -> int:
    """Write the signing key, say the public one."""
    public = _keys.make_signing_key(options.file)
    print(_keys.public_text(public))
    print(
        f"The signing key is in {options.file}: for writers, as MITHRIL_CACHE_SIGNING_KEY.\n"
        "The line above is for everybody, as MITHRIL_CACHE_PUBLIC_KEYS.",
        file=sys.stderr,
    )
    return 0


def show_stats(options: argparse.Namespace) -> int:
    """The last run, and the server's counts."""
    settings, root, _ = _here()
    said: dict[str, Any] = {"last": _last(root)}
    if settings.url:
        said["server"] = _store(settings, root).ask("GET", "/v1/stats")
    if options.format == "json":
        print(json.dumps(said, indent=2))
        return 0
    last = said["last"]
    print(
        f"last run ({last.get('label', 'none yet')}): {last.get('hits', 0)} hits,"
        f" {last.get('misses', 0)} misses, {last.get('inert', 0)} inert,"
        f" {last.get('secondsSaved', 0):.1f} s saved,"
        f" {last.get('secondsCompiled', 0):.1f} s compiled"
    )
    for name, value in said.get("server", {}).items():
        print(f"server {name}: {value}")
    return 0


def explain(options: argparse.Namespace) -> int:
    """Which factors differ between what was compiled and the nearest unit known."""
    settings, root, units = _here()
    if options.key == "last":
        keys = [(miss["key"], miss["reason"]) for miss in _last(root).get("compiled", [])]
    else:
        keys = [(options.key, "")]
    store = _store(settings, root) if settings.url else None
    said = []
    for key, reason in keys:
        unit = units.find(key)
        if unit is None:
            said.append({"key": key, "reason": "not known on this machine"})
            continue
        others = [one for one in units.all() if one.key != key and one.kind == unit.kind]
        said.append({"key": key, "reason": reason, **_difference(unit, others, store, root)})
    print(json.dumps(said, indent=2) if options.format == "json" else _told(said))
    return 0


def _difference(unit: Unit, others: list[Unit], store: Store | None, root: Path) -> dict[str, Any]:
    factors = _environment.find_environment(root / "memo").factors | unit.factors
    if store is not None:
        nearest = store.ask("POST", "/v1/explain", {"factors": factors}).get("nearest")
        if nearest and nearest["key"] != unit.key:
            return {"nearest": nearest["key"], "differing": nearest["differing"]}
    if not others:
        return {"nearest": None, "differing": []}
    names = unit.factors.keys()
    near = min(others, key=lambda one: sum(one.factors.get(n) != unit.factors[n] for n in names))
    differing = [
        {"name": name, "yours": unit.factors[name], "theirs": near.factors.get(name)}
        for name in sorted(names)
        if near.factors.get(name) != unit.factors[name]
    ]
    return {"nearest": near.key, "differing": differing}


def _told(said: list[dict[str, Any]]) -> str:
    if not said:
        return "the last run compiled nothing"
    lines = []
    for one in said:
        lines.append(f"{one['key']}: {one['reason']}")
        lines += [
            f"  {two['name']}: {two['yours']} here, {two['theirs']} in the nearest unit"
            for two in one.get("differing", [])
        ]
    return "\n".join(lines)


def warm(options: argparse.Namespace) -> int:
    """Store units of this environment that the server lacks."""
    settings, root, units = _here()
    if not settings.url or settings.signing_key is None:
        raise MithrilError("warm needs MITHRIL_CACHE_URL and MITHRIL_CACHE_SIGNING_KEY")
    store, counts = _store(settings, root), {"stored": 0, "present": 0, "failed": 0}
    known = units.all()
    found = store.find([unit.key for unit in known])
    if found is None:
        raise UnreachableError(store.remote.last_failure or "the server did not answer")
    factors = _environment.find_environment(root / "memo").factors
    for unit in known:
        packed = units.pack([unit])
        if unit.key in found or packed is None:
            counts["present"] += 1
            continue
        from mithril.cache._container import pack

        outcome = store.put(unit.key, pack(packed), unit.seconds, factors | unit.factors)
        counts["stored" if outcome == "stored" else "failed"] += 1
    if options.format == "json":
        print(json.dumps(counts))
    else:
        print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["failed"] else 0


def _here() -> tuple[Settings, Path, UnitFolder]:
    settings = read_settings({})
    root, _ = _files.usable_folder(settings.folder)
    toolchain = _environment.find_environment(root / "memo").fingerprint
    return settings, root, UnitFolder(root / "env" / toolchain[:24])


def _store(settings: Settings, root: Path) -> Store:
    toolchain = _environment.find_environment(root / "memo").fingerprint
    return Store(settings, toolchain, root / "memo")


def _last(root: Path) -> dict[str, Any]:
    try:
        value = json.loads(_files.read(root / "last.json") or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


COMMANDS = {
    "run": run_program,
    "keygen": make_key,
    "stats": show_stats,
    "explain": explain,
    "warm": warm,
}

if __name__ == "__main__":
    sys.exit(main())
