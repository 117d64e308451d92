"""Compress the checkpoints of a Hugging Face ``Trainer`` while it trains on.

>>> from mithril.transformers import MithrilCallback  # doctest: +SKIP
>>> trainer = Trainer(..., callbacks=[MithrilCallback()])  # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import TrainerCallback

from mithril import checkpoint
from mithril._text import compressed_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from transformers import TrainerControl, TrainerState, TrainingArguments

    from mithril.checkpoint import DirectorySummary, Level

__all__ = ["MithrilCallback"]

log = logging.getLogger("mithril")

#: Folder of the compressed checkpoints in ``output_dir``. The Trainer does not look there.
FOLDER = "mithril"


class MithrilCallback(TrainerCallback):
    """Compress every checkpoint that the Trainer saves, against the one before it, in background.

    ``checkpoint-500`` of ``output_dir`` becomes ``mithril/checkpoint-500`` there, or in ``folder``;
    :func:`mithril.checkpoint.decompress_directory` restores it. The Trainer may delete its own
    folder at any time meanwhile. With ``remove_original`` it is deleted once the compressed form
    has been read back and found equal; resuming then needs a restore first.

    A step that is saved again, after a restart, becomes ``checkpoint-500.2``: the first form of it
    stays, because others may refer to it. What goes wrong is logged and training goes on, unless
    ``raise_errors``: then it is raised at the next save or at the end of training. ``threads``
    cores are used, by default one.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        remove_original: bool = False,
        raise_errors: bool = False,
        threads: int = 1,
        level: Level = "default",
    ) -> None:
        """Take how to compress; nothing is touched before the first save."""
        self._folder = folder
        self._remove_original = remove_original
        self._raise_errors = raise_errors
        self._threads = threads
        self._level = level
        self._pool = ThreadPoolExecutor(1, "mithril-compress")
        self._tasks: list[Future[None]] = []
        self._previous: Path | None = None
        #: What was done to each checkpoint, by its name.
        self.summaries: dict[str, DirectorySummary] = {}

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002  # the Trainer gives it
        **_kwargs: object,
    ) -> None:
        """Queue the checkpoint that was just saved; returns at once."""
        if not state.is_world_process_zero:
            return
        self._settle(wait=False)
        source = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        folder = Path(self._folder) if self._folder is not None else Path(args.output_dir) / FOLDER
        with self._reporting(source):
            held = _hold(source, folder)
            self._tasks.append(self._pool.submit(self._compress, source, held, folder))

    def on_train_end(
        self,
        args: TrainingArguments,  # noqa: ARG002  # the Trainer gives it
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        **_kwargs: object,
    ) -> None:
        """Wait until all checkpoints are compressed."""
        self._settle(wait=True)

    def _compress(self, source: Path, held: Path, folder: Path) -> None:
        target = _free(folder / source.name)
        try:
            done = checkpoint.compress_directory(
                held, target, base=self._previous, threads=self._threads, level=self._level
            )
            if self._remove_original:
                self._verify(target)
                shutil.rmtree(source, ignore_errors=True)
        finally:
            shutil.rmtree(held, ignore_errors=True)
        self._previous = target
        self.summaries[target.name] = done
        log.info("%s: %s", target.name, compressed_line(done))

    def _verify(self, target: Path) -> None:
        for file in sorted(target.rglob(f"*{checkpoint.SUFFIX}")):
            relative = file.relative_to(target)
            beside = (place / relative for place in target.parent.iterdir() if place != target)
            bases = [place for place in beside if place.is_file()]
            checkpoint.verify(file, bases=bases, threads=self._threads)

    def _settle(self, *, wait: bool) -> None:
        """Report what has failed so far, or in all."""
        pending = []
        for task in self._tasks:
            if not wait and not task.done():
                pending.append(task)
                continue
            with self._reporting(None):
                task.result()
        self._tasks = pending

    @contextlib.contextmanager
    def _reporting(self, source: Path | None) -> Iterator[None]:
        try:
            yield
        except Exception:
            what = source.name if source is not None else "a checkpoint"
            log.exception("%s was not compressed; the original is as it was", what)
            if self._raise_errors:
                raise


def _free(target: Path) -> Path:
    """Give the name, or one with a number where it is taken.

    A run that was resumed saves a step again. The first form of it stays: others may refer to it.
    """
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.name}.{number}")
    return free


def _hold(source: Path, folder: Path) -> Path:
    """Keep the files of a checkpoint by links, so that the Trainer may delete its folder."""
    held = folder / f".{source.name}.{threading.get_native_id()}.held"
    shutil.rmtree(held, ignore_errors=True)
    try:
        shutil.copytree(source, held, copy_function=_link)
    except BaseException:
        shutil.rmtree(held, ignore_errors=True)
        raise
    return held


def _link(source: str, target: str) -> str:
    try:
        Path(target).hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return target
