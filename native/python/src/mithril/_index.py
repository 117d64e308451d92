"""Texts in a folder, to find those that are like a new one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mithril import _native
from mithril._dedup import Settings, table_of
from mithril._errors import InputError
from mithril._storage import default_threads

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from mithril._dedup import Texts

    Id = str | int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A text of an index that is like the one that was looked up."""

    #: As it was given; a text that a command added has what its row says, or ``FILE:OFFSET``.
    id: Any
    #: Shingles that both have, and that either has: counted, not estimated.
    intersection: int
    union: int

    @property
    def similarity(self) -> float:
        """The exact Jaccard similarity, 0 to 1."""
        return self.intersection / max(1, self.union)


class Index:
    """An index of texts: files that ``mithril dedup index`` reads and writes, too.

    It shows what was published when it was opened, refreshed or changed by itself. Several
    processes may read while one writes; a second writer gets :class:`InputError`. Every change is
    published in one step. Threads may share an index; their queries take turns.
    """

    __slots__ = ("_native",)

    def __init__(self, path: str | PathLike[str]) -> None:
        """Open an index.

        :raises InputError: there is none
        :raises CorruptionError: a file of it is damaged
        """
        self._native = _native.Index(path)

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        *,
        replace: bool = False,
        **settings: Any,  # noqa: ANN401  # the fields of Settings, whose types are checked there
    ) -> Index:
        """Make an empty index in a folder.

        :param replace: take the place of an index that is there
        :param settings: fields of :class:`Settings`; the bands suit the threshold
        :raises InputError: there is one, or a setting is out of range
        """
        made = cls.__new__(cls)
        made._native = _native.Index.create(path, Settings(**settings), replace)
        return made

    def add(
        self,
        texts: Texts,
        ids: Iterable[Id],
        *,
        column: str | None = None,
        threads: int | None = None,
    ) -> None:
        """Add texts, one id each. Ids need not be unique; all texts of one id are removed together.

        Texts are as those of :func:`dedup`. Publishing takes some milliseconds: add many at once.

        :raises InputError: what is given is not texts, or there are more or fewer ids
        """
        values = [_json(one) for one in ids]
        table = table_of(texts, column)
        self._native.add(table, column, values, default_threads(threads))

    def remove(self, ids: Iterable[Id]) -> int:
        """Remove the texts with these ids, and return how many there were."""
        return self._native.remove({_json(one) for one in ids})

    def query(
        self, text: str, *, threshold: float | None = None, limit: int = 10
    ) -> list[Neighbour]:
        """Find the texts that are like one, the most similar first.

        :param threshold: least similarity (default: that of the index, which its bands suit)
        :param limit: most neighbours
        """
        rows, _ = self._native.query_one(text, threshold, limit)
        return [Neighbour(json.loads(name), shared, of) for name, shared, of in rows]

    def query_many(
        self,
        texts: Texts,
        *,
        column: str | None = None,
        threshold: float | None = None,
        limit: int = 10,
    ) -> list[list[Neighbour]]:
        """Find the neighbours of every text, with the GIL released for all of them together."""
        found = self._native.query(table_of(texts, column), column, threshold, limit)
        return [
            [Neighbour(json.loads(name), *counts) for name, *counts in rows] for rows, _ in found
        ]

    def merge(self) -> None:
        """Make all parts one, without the removed texts: the smallest and the fastest form."""
        self._native.merge()

    def refresh(self) -> bool:
        """Take up what others have published since; false where that is nothing."""
        return self._native.refresh()

    def check(self) -> None:
        """Read all of it and compare the checksums.

        :raises CorruptionError: one differs
        """
        self._native.check()

    def __len__(self) -> int:
        """Count the texts that are not removed."""
        return self._native.sizes()[0]

    @property
    def size_bytes(self) -> int:
        """Length of its files, in bytes."""
        return self._native.sizes()[3]

    @property
    def settings(self) -> Settings:
        """What its texts are compared by."""
        threshold, n, unit, num_perm, bands, rows, seed = self._native.settings()
        return Settings(
            threshold=float(threshold),
            ngram=n,
            unit="char" if unit == "char" else "word",
            num_perm=num_perm,
            bands=bands,
            rows=rows,
            seed=seed,
        )


def _json(name: object) -> str:
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise InputError(f"ids: expected str or int, found {type(name).__name__}")
    return json.dumps(name, ensure_ascii=False)
