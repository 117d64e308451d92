"""torch.compile with the cache: fresh processes, real torch, the real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cache_machines import CacheService, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

torch = pytest.importorskip("torch")

TRAIN = """
net = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, 8))
step = torch.compile(net)
loss = step(torch.randn(4, 32)).square().mean()
loss.backward()
result = [float(loss), float(net[0].weight.grad.sum())]
"""
SMALL = """
result = torch.compile(lambda x: (x.sin() + 1).relu())(torch.arange(64.0)).sum().item()
"""
# Without torch's probes of the instruction set, whose six compiles are not what these tests are of.
QUICK = {"TORCHINDUCTOR_VEC_ISA_OK": "1"}
HIT = re.compile(
    r"^mithril-cache: Cache hit! Loaded in \d+\.\ds \(saved ~\d+s compilation time\)$", re.MULTILINE
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CacheService]:
    running = CacheService(tmp_path_factory.mktemp("service") / "cache")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def warmed(service: CacheService, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """One machine trains, and stores what it compiled."""
    writer = Machine(tmp_path_factory.mktemp("writer") / "m", service.settings(writes=True))
    run = writer.run(TRAIN)
    assert run.report["misses"] == 1
    assert run.compilers > 0
    again = writer.run(TRAIN)
    assert (again.report["hits"], again.report["misses"], again.compilers) == (1, 0, 0)
    assert again.result == run.result
    return list(run.result)


def test_another_machine_hits_and_starts_no_compiler(
    service: CacheService, warmed: list[float], tmp_path: Path
) -> None:
    site = tmp_path / "another" / "site-packages"
    site.parent.mkdir()
    site.symlink_to(Path(torch.__file__).parents[1])
    other = Machine(tmp_path / "other", service.settings(writes=False), str(site))
    run = other.run(TRAIN, OMP_NUM_THREADS="1")
    assert run.compilers == 0
    assert (run.report["hits"], run.report["misses"], run.report["inert"]) == (1, 0, 0)
    assert run.report["requests"] == 2
    assert HIT.search(run.errors)
    assert run.result == pytest.approx(warmed, rel=1e-5)


def test_another_program_finds_the_unit_by_its_key(
    service: CacheService, warmed: list[float], tmp_path: Path
) -> None:
    other = Machine(tmp_path / "other", service.settings(writes=False))
    run = other.run(TRAIN, MITHRIL_CACHE_LABEL="another program")
    assert (run.report["hits"], run.compilers) == (1, 0)
    assert run.result == pytest.approx(warmed, rel=1e-5)


@pytest.fixture(scope="module")
def small(service: CacheService, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    writer = Machine(tmp_path_factory.mktemp("small") / "m", service.settings(writes=True) | QUICK)
    assert writer.run(SMALL).report["misses"] == 1
    return writer


DIFFERENT_CPU = """
from mithril.cache import _environment
fake = Path("cpuinfo")
fake.write_text(_environment.CPUINFO.read_text().replace("avx", "xva"))
_environment.CPUINFO = fake
"""
DIFFERENT_TORCH = """
from mithril.cache import _packages
found = _packages.identity
_packages.identity = lambda name, memo: (found(name, memo) or "") + "+1"
"""


@pytest.mark.parametrize("prelude", [DIFFERENT_CPU, DIFFERENT_TORCH])
@pytest.mark.usefixtures("small")
def test_nothing_of_another_cpu_or_version_is_loaded(
    service: CacheService, tmp_path: Path, prelude: str
) -> None:
    other = Machine(tmp_path / "other", service.settings(writes=False) | QUICK)
    run = other.run(SMALL, PRELUDE=prelude)
    assert (run.report["hits"], run.report["misses"]) == (0, 1)
    assert run.compilers > 0


def test_a_kernel_that_does_not_load_is_compiled_again(
    small: Machine, service: CacheService, tmp_path: Path
) -> None:
    other = Machine(tmp_path / "other", service.settings(writes=True) | QUICK)
    fetched = other.run(SMALL)
    assert fetched.report["hits"] == 1
    folder = Path(fetched.report["folder"])
    kernels = list(folder.rglob("*.main.so"))  # of the tests before, too
    assert kernels
    for kernel in kernels:
        kernel.write_bytes(b"broken" + kernel.read_bytes()[6:])
    run = other.run(SMALL)
    assert (run.report["errors"], run.report["misses"]) == (1, 1)
    assert run.result == fetched.result
    assert small.run(SMALL).compilers == 0


def test_without_a_server_or_a_home_the_program_compiles(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", QUICK | {"MITHRIL_CACHE_URL": "http://127.0.0.1:9"})
    (machine.folder / "home").write_bytes(b"")
    run = machine.run(SMALL)
    assert (run.report["misses"], run.report["hits"]) == (1, 0)


def test_the_stock_interfaces_share_graphs(service: CacheService, tmp_path: Path) -> None:
    more = QUICK | {"MITHRIL_CACHE_STOCK_INTERFACES": "1"}
    writer = Machine(tmp_path / "writer", service.settings(writes=True) | more)
    first = writer.run(SMALL)
    reader = Machine(tmp_path / "reader", service.settings(writes=False) | more)
    run = reader.run(
        SMALL + "from torch._dynamo.utils import counters as c\n"
        "result = [result, c['aot_autograd']['autograd_cache_hit']]\n",
        CXX=writer.folder.joinpath("bin", "g++").as_posix(),
    )
    assert run.report["hits"] == 1
    assert run.result == [first.result, 1]
