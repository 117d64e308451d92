"""The compiled module: native/python/src."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Protocol, TypeAlias

from typing_extensions import Buffer

class RangeSource(Protocol):
    """Bytes of a known size, read in ranges, from any thread."""

    @property
    def size(self) -> int: ...
    def read_range(self, offset: int, length: int, /) -> Sequence[Buffer]:
        """Give buffers that add up to the range."""

class Sink(Protocol):
    """Takes bytes, in order."""

    def write(self, data: bytes, /) -> object: ...

Place: TypeAlias = str | PathLike[str] | RangeSource
Target: TypeAlias = str | PathLike[str] | Sink

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

class Reader:
    def __init__(self, place: Place, bases: Sequence[Place]) -> None: ...
    @property
    def size(self) -> int: ...
    @property
    def header_bytes(self) -> int | None: ...
    @property
    def reason(self) -> str | None: ...
    def tensors(self) -> list[tuple[str, str, list[int], int, int]]: ...
    def read(self, offset: int, length: int) -> bytes: ...
    def read_into(
        self,
        parts: Sequence[tuple[int, Buffer]],
        threads: int,
        progress: Callable[[int], object] | None,
    ) -> None: ...

def compress(
    source: Place,
    target: Target,
    name: str,
    bases: Sequence[Place],
    threads: int,
    level: str,
    progress: Callable[[int], object] | None,
) -> Summary: ...
def decompress(
    source: Place,
    target: Target | None,
    bases: Sequence[Place],
    threads: int,
    progress: Callable[[int], object] | None,
) -> Summary: ...
def ed25519_public_key(seed: bytes) -> bytes: ...
def ed25519_sign(seed: bytes, message: bytes) -> bytes: ...
def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool: ...
