"""The compiled module: native/python/src/lib.rs."""

from collections.abc import Callable, Sequence
from os import PathLike

class Summary:
    @property
    def original_bytes(self) -> int: ...
    @property
    def packed_bytes(self) -> int: ...
    @property
    def crc32(self) -> int: ...
    @property
    def crc64nvme(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def codec_seconds(self) -> float: ...
    @property
    def has_base(self) -> bool: ...

def compress(
    source: str | PathLike[str],
    target: str | PathLike[str],
    name: str,
    bases: Sequence[str | PathLike[str]],
    threads: int,
    level: str,
    progress: Callable[[int], object] | None,
) -> Summary: ...
def decompress(
    source: str | PathLike[str],
    target: str | PathLike[str] | None,
    bases: Sequence[str | PathLike[str]],
    threads: int,
    progress: Callable[[int], object] | None,
) -> Summary: ...
