"""Checkpoints as files, folders and objects of S3: compress, restore, verify.

A ``.mith`` file holds one checkpoint. It may refer to a base, an earlier checkpoint, which is then
needed to restore it: name it, or keep its ``.mith`` file in the same folder.

Wherever a path is taken, ``s3://bucket/key`` is too (``pip install 'mithril[s3]'``). Credentials,
region and endpoint come from where every AWS tool looks, unless ``endpoint_url`` and ``region``
say otherwise.

The GIL is released while the codec works. A file appears under its name only when it is complete;
whatever ends the work early, Ctrl-C included, leaves nothing behind.
"""

from mithril._directories import DirectorySummary, compress_directory, decompress_directory
from mithril._files import SUFFIX, Level, Summary, compress, decompress, verify

__all__ = [
    "SUFFIX",
    "DirectorySummary",
    "Level",
    "Summary",
    "compress",
    "compress_directory",
    "decompress",
    "decompress_directory",
    "verify",
]
