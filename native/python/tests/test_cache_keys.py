from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from mithril import InputError, _native
from mithril.cache import _keys

if TYPE_CHECKING:
    from pathlib import Path

SEED = bytes(range(32))
PUBLIC = _keys.public_of(SEED)
MESSAGE = _keys.statement("team", "a" * 64, "b" * 64, 12, "c" * 64)


def test_ed25519_is_that_of_rfc_8032() -> None:
    # Section 7.1, test 2.
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    assert bytes(_native.ed25519_public_key(seed)) == public
    assert bytes(_native.ed25519_sign(seed, b"\x72")).hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_the_statement_is_that_of_the_protocol() -> None:
    expected = f"mithril-cache-entry-v1\nteam\n{'a' * 64}\n{'b' * 64}\n12\n{'c' * 64}\n"
    assert expected.encode() == MESSAGE


def test_a_signature_of_a_pinned_key_is_accepted() -> None:
    assert _keys.verify([bytes(32), PUBLIC], MESSAGE, _keys.sign(SEED, MESSAGE)) is None


@pytest.mark.parametrize("part", range(6))
def test_a_signature_over_anything_else_is_refused(part: int) -> None:
    parts = MESSAGE.split(b"\n")
    parts[part] += b"0"
    assert _keys.verify([PUBLIC], b"\n".join(parts), _keys.sign(SEED, MESSAGE)) == "wrong signature"


@pytest.mark.parametrize("signature", ["", "0123", f"{_keys.key_id(PUBLIC)}:%%", "x:" + "A" * 88])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert _keys.verify([PUBLIC], MESSAGE, signature)


def test_a_key_that_is_not_pinned_is_named() -> None:
    said = _keys.verify([], MESSAGE, _keys.sign(SEED, MESSAGE))
    assert said == f"signed by {_keys.key_id(PUBLIC)}, a key that is not pinned"


def test_a_new_key_is_readable_by_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    public = _keys.make_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _keys.public_of(_keys.read_signing_key(path)) == public
    with pytest.raises(FileExistsError):
        _keys.make_signing_key(path)


def test_public_keys_are_texts_or_files_of_them(tmp_path: Path) -> None:
    texts = [_keys.public_text(PUBLIC), _keys.public_text(bytes(32))]
    file = tmp_path / "keys"
    file.write_text("\n".join(texts))
    expected = (PUBLIC, bytes(32))
    assert _keys.read_public_keys(",".join(texts)) == expected
    assert _keys.read_public_keys(str(file)) == expected
    with pytest.raises(InputError):
        _keys.read_public_keys("mithril-public-key-v1:AAAA")


def test_a_file_that_is_no_signing_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("secret")
    with pytest.raises(InputError, match="keygen"):
        _keys.read_signing_key(str(file))
