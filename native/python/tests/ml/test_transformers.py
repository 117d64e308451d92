"""The callback in real Trainer runs of a tiny model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from mithril import checkpoint
from mithril.transformers import MithrilCallback

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def train(folder: Path, callback: MithrilCallback, **options: object) -> None:
    torch.manual_seed(1)
    config = GPT2Config(
        n_layer=2, n_embd=64, n_head=2, vocab_size=128, bos_token_id=0, eos_token_id=0
    )
    rows = torch.randint(0, 128, (32, 16))
    dataset = [{"input_ids": row, "labels": row} for row in rows]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=6,
        save_steps=2,
        per_device_train_batch_size=4,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        **options,
    )
    model = GPT2LMHeadModel(config)
    Trainer(model, arguments, train_dataset=dataset, callbacks=[callback]).train()


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(place.relative_to(folder)): place.read_bytes()
        for place in folder.rglob("*")
        if place.is_file()
    }


def test_every_checkpoint_is_compressed_and_the_original_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = MithrilCallback(raise_errors=True)
    with caplog.at_level(logging.INFO, "mithril"):
        train(tmp_path / "run", callback)
    packed = tmp_path / "run" / "mithril"
    names = ["checkpoint-2", "checkpoint-4", "checkpoint-6"]
    assert sorted(place.name for place in packed.iterdir()) == names
    assert sorted(callback.summaries) == names
    assert sum("Compressed" in line for line in caplog.messages) == 3
    for name in names:
        checkpoint.decompress_directory(packed / name, tmp_path / name)
        assert tree(tmp_path / name) == tree(tmp_path / "run" / name)


def test_the_trainer_may_delete_and_so_may_the_callback(tmp_path: Path) -> None:
    callback = MithrilCallback(tmp_path / "packed", remove_original=True, raise_errors=True)
    train(tmp_path / "run", callback, save_total_limit=1)
    assert list((tmp_path / "run").glob("checkpoint-*")) == []
    names = ["checkpoint-2", "checkpoint-4", "checkpoint-6"]
    assert sorted(place.name for place in (tmp_path / "packed").iterdir()) == names
    checkpoint.decompress_directory(tmp_path / "packed" / "checkpoint-6", tmp_path / "again")
    resumed = GPT2LMHeadModel.from_pretrained(tmp_path / "again")
    assert resumed.num_parameters() > 0


def test_a_failure_is_logged_and_training_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.ERROR, "mithril"):
        train(tmp_path / "run", MithrilCallback(tmp_path / "file"))
    assert sum("was not compressed" in line for line in caplog.messages) == 3
    assert (tmp_path / "run" / "checkpoint-6" / "model.safetensors").exists()
    with pytest.raises(OSError, match="file"):
        train(tmp_path / "again", MithrilCallback(tmp_path / "file", raise_errors=True))


def test_a_step_that_is_saved_again_replaces_nothing(tmp_path: Path) -> None:
    arguments = TrainingArguments(output_dir=str(tmp_path), report_to=[], use_cpu=True)
    state, control = TrainerState(global_step=2), TrainerControl()
    callback = MithrilCallback(raise_errors=True)
    (tmp_path / "checkpoint-2").mkdir()
    for text in ("first", "second"):
        (tmp_path / "checkpoint-2" / "file").write_text(text)
        callback.on_save(arguments, state, control)
        callback.on_train_end(arguments, state, control)
    for name, text in (("checkpoint-2", "first"), ("checkpoint-2.2", "second")):
        checkpoint.decompress_directory(tmp_path / "mithril" / name, tmp_path / text)
        assert (tmp_path / text / "file").read_text() == text
