"""Makes rows.parquet and rows.jsonl: ``make_parquet.py FOLDER`` (pyarrow; the files are committed).

The same 300 rows in both; Parquet has columns of every kind beside the text, and four row groups.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 300


def texts() -> list[str | None]:
    """Return texts of 30 words; every third is an earlier one with its last word changed."""
    rng = random.Random(7)
    made: list[str | None] = []
    for row in range(ROWS):
        words = [f"wörd{rng.randrange(10_000)}" for _ in range(30)]
        if row % 3 == 2:
            earlier = made[rng.randrange(max(1, row // 3)) * 3]
            assert earlier is not None
            words = [*earlier.split()[:-1], f"other{row}"]
        made.append(" ".join(words))
    made[10] = None
    made[100] = ""
    return made


def tags(row: int) -> list[str] | None:
    """Return a list of up to three, or none."""
    return None if row % 5 == 0 else [f"t{at}" for at in range(row % 4)]


def main(folder: Path) -> None:
    """Write both files."""
    rows = range(ROWS)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([row * 7 for row in rows], pa.uint64()),
            "text": pa.array(texts(), pa.string()),
            "score": pa.array([None if row % 11 == 0 else row % 13 / 4 for row in rows]),
            "when": pa.array(
                [start + timedelta(hours=row) for row in rows], pa.timestamp("us", "UTC")
            ),
            "price": pa.array([Decimal(row) / 100 for row in rows], pa.decimal128(10, 2)),
            "kind": pa.array([f"kind{row % 3}" for row in rows]).dictionary_encode(),
            "tags": pa.array([tags(row) for row in rows]),
            "place": pa.array([{"x": row, "y": [row / 2] * (row % 3)} for row in rows]),
            "flag": pa.array([row % 2 == 0 for row in rows]),
            "hash": pa.array([bytes([row % 256] * 16) for row in rows], pa.binary(16)),
        },
        metadata={"made by": "make_parquet.py"},
    )
    pq.write_table(table, folder / "rows.parquet", row_group_size=90, compression="zstd")
    with (folder / "rows.jsonl").open("w") as out:
        for row in table.select(["id", "text", "score"]).to_pylist():
            out.write(f"{json.dumps(row)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
