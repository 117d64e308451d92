"""Checkpoints in S3, by the real clients against a local S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import mithril
from mithril import _s3, checkpoint, safe_open
from mithril._storage import Connection
from mithril.numpy import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from buckets import Bucket
    from inputs import MakeCheckpoint
    from typing_extensions import Buffer


def model(seed: int = 1, count: int = 3_000_000) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    return {
        f"layer.{i}": random.normal(scale=0.02, size=count).astype(np.float32) for i in range(4)
    }


def test_a_checkpoint_goes_to_s3_and_back(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, bucket: Bucket
) -> None:
    source = make_checkpoint("step1", 200_000)
    summary = checkpoint.compress(source, bucket.uri("run/step1.mith"))
    assert len(bucket.get("run/step1.mith")) == summary.packed_bytes
    checkpoint.compress(source, tmp_path / "local.mith")
    assert bucket.get("run/step1.mith") == (tmp_path / "local.mith").read_bytes()
    heard: list[int] = []
    checkpoint.verify(bucket.uri("run/step1.mith"), progress=heard.append)
    assert heard[-1] == source.stat().st_size
    checkpoint.decompress(bucket.uri("run/step1.mith"), tmp_path / "restored")
    assert (tmp_path / "restored").read_bytes() == source.read_bytes()


def test_from_s3_to_s3_against_a_base_in_s3(
    make_checkpoint: MakeCheckpoint, bucket: Bucket, s3_endpoint: str
) -> None:
    old, new = make_checkpoint("old", 200_000), make_checkpoint("new", 200_000, changed=0.01)
    bucket.put("old.safetensors", old.read_bytes())
    bucket.put("new.safetensors", new.read_bytes())
    checkpoint.compress(bucket.uri("old.safetensors"))
    summary = checkpoint.compress(
        bucket.uri("new.safetensors"),
        base=bucket.uri("old.safetensors.mith"),
        endpoint_url=s3_endpoint,
        region="us-east-1",
    )
    assert summary.has_base
    assert summary.ratio > 20
    with pytest.raises(mithril.InputError, match="base"):
        checkpoint.verify(bucket.uri("new.safetensors.mith"))
    for base in ("old.safetensors", "old.safetensors.mith"):
        bases = [bucket.uri(base)]
        target = bucket.uri("restored")
        checkpoint.decompress(bucket.uri("new.safetensors.mith"), target, bases=bases)
        assert bucket.get("restored") == new.read_bytes()


def test_a_large_object_is_sent_in_parts(bucket: Bucket) -> None:
    tensors = model()
    save_file(tensors, bucket.uri("big.mith"))
    head = bucket.client.head_object(Bucket=bucket.name, Key="big.mith")
    assert head["ContentLength"] > 2 * _s3.PART_BYTES
    assert head["ETag"].strip('"').endswith("-3")
    assert bucket.uploads() == 0
    found = load_file(bucket.uri("big.mith"), threads=4)
    assert all(found[name].tobytes() == tensors[name].tobytes() for name in tensors)


def test_one_tensor_fetches_only_its_ranges(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = model()
    save_file(tensors, bucket.uri("big.mith"))
    fetched: list[int] = []
    read_range = _s3.Object.read_range

    def counted(self: _s3.Object, offset: int, length: int) -> Sequence[Buffer]:
        fetched.append(length)
        return read_range(self, offset, length)

    monkeypatch.setattr(_s3.Object, "read_range", counted)
    with safe_open(bucket.uri("big.mith"), "np") as opened:
        assert sum(fetched) < 1e6
        part = opened.get_slice("layer.2")[1000:1100]
    assert part.tobytes() == tensors["layer.2"][1000:1100].tobytes()
    assert sum(fetched) < 2e6
    assert opened is not None


def test_what_fails_leaves_the_object_and_no_parts(bucket: Bucket, tmp_path: Path) -> None:
    uri = bucket.put("target.mith", b"kept")
    source = tmp_path / "source"
    source.write_bytes(np.random.default_rng(1).bytes(60 << 20))

    def stop(done: int) -> bool:
        return done < 50 << 20

    with pytest.raises(mithril.CancelledError):
        checkpoint.compress(source, uri, progress=stop)
    assert bucket.get("target.mith") == b"kept"
    assert bucket.uploads() == 0
    assert bucket.keys() == ["target.mith"]


def test_a_failed_part_is_an_error_and_is_aborted(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: _s3.Upload, _number: int, _body: bytes) -> dict[str, Any]:
        raise ConnectionError("the network is gone")

    monkeypatch.setattr(_s3.Upload, "_send_part", fail)
    with pytest.raises(mithril.StorageError, match="the network is gone"):
        save_file(model(), bucket.uri("big.mith"))
    assert bucket.keys() == []
    assert bucket.uploads() == 0


def test_an_object_that_changes_is_never_mixed(bucket: Bucket) -> None:
    uri = bucket.put("a", b"1" * 100)
    opened = _s3.Object(uri, Connection())
    assert b"".join(bytes(part) for part in opened.read_range(10, 5)) == b"1" * 5
    bucket.put("a", b"2" * 100)
    with pytest.raises(mithril.StorageError):
        opened.read_range(10, 5)


def test_what_is_not_there_is_said(bucket: Bucket) -> None:
    with pytest.raises(mithril.StorageError, match="missing"):
        load_file(bucket.uri("missing"))
    for uri in ("s3://bucket-only", "s3://bucket/folder/", "s3:///key"):
        with pytest.raises(mithril.InputError, match="s3://bucket/key"):
            checkpoint.verify(uri)
    with pytest.raises(mithril.StorageError):
        checkpoint.compress(bucket.put("a", b"x"), "s3://no-such-bucket-of-ours/key")


def test_the_range_that_follows_is_fetched_ahead() -> None:
    class Source:
        size = 10 << 20
        asked: list[tuple[int, int]] = []  # noqa: RUF012  # one object only

        def read_range(self, offset: int, length: int) -> list[bytes]:
            self.asked.append((offset, length))
            return [bytes([offset >> 20]) * length]

    ahead = _s3.Ahead(Source())
    step = 4 << 20
    assert bytes(ahead.read_range(0, step)[0])[:1] == b"\x00"
    assert bytes(ahead.read_range(step, step)[0])[:1] == b"\x04"
    assert len(ahead.read_range(2 * step, 2 << 20)[0]) == 2 << 20  # type: ignore[arg-type]  # bytes
    ahead.close()
    assert Source.asked == [(0, step), (step, step), (2 * step, 2 << 20)]
