"""Signatures of single sets of shingles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mithril import _native
from mithril._errors import InputError

if TYPE_CHECKING:
    from mithril._dedup import Unit


class MinHash:
    """The MinHash signature of a set of shingles, to which texts are added.

    >>> a, b = MinHash(), MinHash()
    >>> a.update("the quick brown fox jumps over the lazy dog")
    >>> b.update("The quick brown fox jumps over the lazy dog!")
    >>> a.jaccard(b)
    1.0

    It can be pickled and copied. Signatures compare where ``num_perm``, ``ngram``, ``unit`` and
    ``seed`` are equal; they are the same on every machine.
    """

    __slots__ = ("_is_empty", "_native", "ngram", "num_perm", "seed", "unit")

    def __init__(
        self, num_perm: int = 128, *, ngram: int = 5, unit: Unit = "word", seed: int = 0
    ) -> None:
        """Make the signature of the empty set.

        :param num_perm: components, 1 to 65536; the estimate's error falls with its square root
        :param ngram: words, or characters, of a shingle: 1 to 256
        :param seed: picks the hash functions, 0 to 2**64 - 1
        :raises InputError: a number is out of range
        """
        self._native = _native.Signature(unit, ngram, num_perm, seed)
        self._is_empty = True
        self.num_perm = num_perm
        self.ngram = ngram
        self.unit: Unit = unit
        self.seed = seed

    def update(self, text: str) -> None:
        """Add the shingles of a text to the set. A text without words adds nothing."""
        if self._native.update(text) > 0:
            self._is_empty = False

    def merge(self, other: MinHash) -> None:
        """Add all that is in the set of another signature.

        :raises InputError: it was made with other settings
        """
        self._check(other)
        self._native.merge(other._native)
        self._is_empty = self._is_empty and other._is_empty

    def digest(self) -> memoryview[int]:
        """Give the ``num_perm`` components, ``uint32``; 2**32 - 1 throughout for the empty set."""
        return memoryview(self._native.values()).cast("I")

    def jaccard(self, other: MinHash) -> float:
        """Estimate the Jaccard similarity of the two sets: the share of equal components.

        The standard error is ``standard_error(similarity)``. Empty sets are like no other: 0.

        :raises InputError: the other was made with other settings
        """
        self._check(other)
        if self._is_empty or other._is_empty:
            return 0.0
        return self._native.similarity(other._native)

    def standard_error(self, similarity: float) -> float:
        """Give the standard error of an estimate: ``sqrt(J (1 - J) / num_perm)``."""
        return math.sqrt(similarity * (1 - similarity) / self.num_perm)

    @property
    def is_empty(self) -> bool:
        """Whether no shingle was added."""
        return self._is_empty

    def _settings(self) -> tuple[int, int, str, int]:
        return self.num_perm, self.ngram, self.unit, self.seed

    def _check(self, other: MinHash) -> None:
        if self._settings() != other._settings():
            names = "num_perm, ngram, unit and seed"
            expected, found = self._settings(), other._settings()
            raise InputError(f"{names}: expected {expected}, found {found}")

    def __eq__(self, other: object) -> bool:
        """Compare settings and components."""
        if not isinstance(other, MinHash):
            return NotImplemented
        return self._settings() == other._settings() and self.digest() == other.digest()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __getstate__(self) -> tuple[int, int, Unit, int, bool, bytes]:
        """Give what pickle keeps."""
        little = self._native.values()
        return self.num_perm, self.ngram, self.unit, self.seed, self._is_empty, little

    def __setstate__(self, state: tuple[int, int, Unit, int, bool, bytes]) -> None:
        """Take what pickle kept."""
        num_perm, ngram, unit, seed, is_empty, values = state
        self.__init__(num_perm, ngram=ngram, unit=unit, seed=seed)  # type: ignore[misc]
        self._native.restore(values)
        self._is_empty = is_empty

    def __repr__(self) -> str:
        """Name the settings."""
        return f"MinHash({self.num_perm}, ngram={self.ngram}, unit={self.unit!r}, seed={self.seed})"
