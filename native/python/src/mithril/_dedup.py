"""Deduplication of texts in memory. The page of ``mithril.dedup`` says more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mithril import _native
from mithril._errors import InputError
from mithril._storage import default_threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Unit = Literal["word", "char"]
Keep = Literal["first", "last", "longest"]


class ArrowArray(Protocol):
    """An array of the Arrow PyCapsule interface."""

    def __arrow_c_array__(self, requested_schema: object = None, /) -> tuple[object, object]:
        """Hand over schema and array."""


class ArrowStream(Protocol):
    """A table or chunked array of the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object:
        """Hand over a stream of arrays."""


if TYPE_CHECKING:
    Texts = Iterable[str | None] | ArrowArray | ArrowStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What duplicates are. Two results compare only where all of it is equal."""

    #: Least Jaccard similarity of the shingle sets of two duplicates, above 0 and at most 1.
    threshold: float = 0.8
    #: Words, or characters, of a shingle: 1 to 256.
    ngram: int = 5
    unit: Unit = "word"
    #: Components of a signature, 1 to 65536.
    num_perm: int = 128
    #: Bands and rows of a band, both or neither; ``None``: what suits the threshold.
    bands: int | None = None
    rows: int | None = None
    #: Picks the hash functions, 0 to 2**64 - 1.
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """What was found. The memoryviews become numpy arrays by ``numpy.asarray``, without a copy."""

    #: Texts that were looked at.
    count: int
    #: One ``bool`` a text: whether it is kept.
    mask: memoryview[bool]
    #: Places of the texts that are kept, ``uint32``, in order.
    kept: memoryview[int]
    #: Places of those that are not, ``uint32``, in order; the next three belong to these.
    removed: memoryview[int]
    #: The text that is kept in place of each.
    survivors: memoryview[int]
    #: The exact Jaccard similarity of the two, 0 to 1. It may lie below the threshold where they
    #: are connected through others of their cluster.
    similarities: memoryview[float]
    #: The first text of the cluster of each.
    cluster_of: memoryview[int]
    #: Pairs of texts that shared a band key, and those of them that were compared.
    candidates: int
    compared: int

    @property
    def clusters(self) -> list[list[int]]:
        """The places of the texts of every cluster, two or more, in order."""
        clusters: dict[int, set[int]] = {}
        columns = zip(self.removed, self.survivors, self.cluster_of, strict=True)
        for removed, survivor, cluster in columns:
            clusters.setdefault(cluster, set()).update((removed, survivor))
        return [sorted(clusters[cluster]) for cluster in sorted(clusters)]


def dedup(
    texts: Texts,
    *,
    column: str | None = None,
    keep: Keep = "first",
    scores: Sequence[float] | None = None,
    threads: int | None = None,
    **settings: Any,  # noqa: ANN401  # the fields of Settings, whose types are checked there
) -> Deduplicated:
    """Find near-duplicate texts, and which of them to keep.

    >>> result = dedup(["one two three four five six", "another", "One two three four five six!"])
    >>> list(result.kept), list(result.removed), list(result.survivors), list(result.similarities)
    ([0, 1], [2], [0], [1.0])

    :param column: name of the column of a table or ``datasets.Dataset`` (default: ``text``)
    :param keep: the text of a cluster that is kept: ``first``, ``last`` or ``longest`` (in bytes)
    :param scores: one number a text: keep the largest instead; NaN comes last
    :param threads: threads to use (default: one a core)
    :param settings: fields of :class:`Settings`
    :raises InputError: what is given is not texts, or a setting is out of range
    """
    found = _native.dedup(
        table_of(texts, column),
        column,
        Settings(**settings),
        keep,
        None if scores is None else [float(score) for score in scores],
        default_threads(threads),
    )
    return Deduplicated(
        count=found.count,
        mask=memoryview(found.mask).cast("?"),
        kept=memoryview(found.kept).cast("I"),
        removed=memoryview(found.rows).cast("I"),
        survivors=memoryview(found.survivors).cast("I"),
        similarities=memoryview(found.similarities).cast("d"),
        cluster_of=memoryview(found.clusters).cast("I"),
        candidates=found.candidates,
        compared=found.compared,
    )


def table_of(texts: Any, column: str | None) -> Any:  # noqa: ANN401  # whatever the caller has
    """Give the Arrow table of one column of a ``datasets.Dataset``; anything else as it is."""
    if type(texts).__module__.partition(".")[0] != "datasets":
        return texts
    if not hasattr(texts, "__len__") or not isinstance(texts.column_names, list):
        found = type(texts).__name__
        raise InputError(f"texts: expected one split, loaded or mapped, found {found}")
    wanted = column or "text"
    if wanted not in texts.column_names:
        known = ", ".join(texts.column_names)
        raise InputError(f"column: expected one of {known}, found {wanted!r}")
    return texts.select_columns([wanted]).with_format("arrow")[:]
