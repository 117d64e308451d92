"""Near-duplicate texts: found by MinHash and LSH, decided by exact comparison.

``dedup`` works on texts in memory, ``Index`` keeps texts in files to find those that are like a new
one, ``MinHash`` is one signature. Decisions are those of the command ``mithril dedup`` with the
same settings: ``docs/dedup.md`` says what a duplicate is.

Texts are a list (any iterable) of ``str``, or Arrow strings of any library that speaks the
PyCapsule interface (pyarrow, polars, pandas 3, DuckDB, ...), read where they are; a table or a
``datasets.Dataset`` with ``column``. ``None``, NaN and nulls are texts without words: kept, and
like no other. The GIL is released while the work is done, and Ctrl-C ends it.
"""

from mithril._dedup import Deduplicated, Keep, Settings, Unit, dedup
from mithril._index import Index, Neighbour
from mithril._minhash import MinHash

__all__ = [
    "Deduplicated",
    "Index",
    "Keep",
    "MinHash",
    "Neighbour",
    "Settings",
    "Unit",
    "dedup",
]
