"""Files that hold people's details are kept encrypted, whole, and can be read again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from config.settings import base
from crm import files
from crm.files import DamagedFileError, SealedStorage

WORDS = b"priya.okafor@example.org is on the list\n"


@pytest.fixture
def storage(tmp_path: Path) -> SealedStorage:
    return SealedStorage(location=tmp_path)


def kept(storage: SealedStorage, content: bytes) -> str:
    return storage.save("imports/list.csv", ContentFile(content))


def read(storage: SealedStorage, name: str) -> bytes:
    with storage.open(name) as file:
        return file.read()


def test_uploads_exports_and_packs_are_kept_so() -> None:
    assert base.STORAGES["default"]["BACKEND"] == "crm.files.SealedStorage"


def test_what_is_kept_shows_nothing_of_it_and_is_read_again(
    storage: SealedStorage, tmp_path: Path
) -> None:
    name = kept(storage, WORDS)
    assert b"priya" not in (tmp_path / name).read_bytes()
    assert read(storage, name) == WORDS


def test_a_large_upload_is_not_moved_into_place_as_it_came(
    storage: SealedStorage, tmp_path: Path
) -> None:
    with TemporaryUploadedFile("list.csv", "text/csv", 0, None) as upload:
        upload.write(WORDS * 100)
        upload.seek(0)
        name = storage.save("imports/list.csv", upload)
    assert b"priya" not in (tmp_path / name).read_bytes()
    assert read(storage, name) == WORDS * 100


@given(size=st.integers(0, 64), cuts=st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_any_length_in_any_pieces_is_read_again_whole(size: int, cuts: list[int]) -> None:
    content, pieces = bytes(range(size)), []
    left = io.BytesIO(content)
    for cut in cuts * 64:
        pieces.append(left.read(cut))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "SEGMENT", 8)
        written = b"".join(files.sealed(iter(pieces)))
        assert files.unsealed(io.BytesIO(written)).read() == content


@pytest.mark.parametrize(
    "change", ["a bit", "cut off", "cut at a segment", "swapped", "only its beginning", "empty"]
)
def test_a_file_that_was_tampered_with_is_not_read(
    monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(files, "SEGMENT", 8)
    whole = b"".join(files.sealed(iter([b"0123456789abcdefghijklmn"])))
    begins = 1 + whole[0] + 32
    head, first, second = whole[:begins], whole[begins:][:24], whole[begins + 24 :][:24]
    third = whole[begins + 48 :]
    broken = {
        "a bit": whole[:-1] + bytes([whole[-1] ^ 1]),
        "cut off": whole[:-3],
        "cut at a segment": head + first + second,
        "swapped": head + second + first + third,
        "only its beginning": head,
        "empty": b"",
    }[change]
    with pytest.raises(DamagedFileError):
        files.unsealed(io.BytesIO(broken)).read()


def test_a_rotated_secret_opens_what_was_sealed_before_it_and_no_other_does(
    storage: SealedStorage, settings: Any
) -> None:
    name, before = kept(storage, WORDS), settings.COALESCE_HASH_KEY
    settings.COALESCE_HASH_KEY = f"{before},k9:{'9a' * 32}"
    assert read(storage, name) == WORDS
    assert read(storage, kept(storage, WORDS)) == WORDS
    settings.COALESCE_HASH_KEY = f"k9:{'9a' * 32}"
    with pytest.raises(DamagedFileError, match="COALESCE_HASH_KEY"):
        read(storage, name)


def test_an_open_file_can_be_searched_as_a_zip_wants_it(storage: SealedStorage) -> None:
    with storage.open(kept(storage, WORDS)) as file:
        assert isinstance(file, File)
        file.seek(-5, io.SEEK_END)
        assert file.read() == WORDS[-5:]
