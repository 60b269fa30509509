"""A file rewritten: the records that change, and every other byte as it was."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.ingest.dialect import read_dialect
from core.ingest.reader import ReadLimits
from core.ingest.rewrite import Rewriting, rewrite_text
from core.store.needles import Needles

LIMITS = ReadLimits()
HIT = "éva@x.example"


def blank(cells: Sequence[str]) -> list[str] | None:
    return ["gone;" + cells[0], *[""] * (len(cells) - 1)] if HIT in cells else None


def rewritten(tmp_path: Path, data: bytes, name: str = "a.csv") -> tuple[bytes, list[int]]:
    path, target = tmp_path / name, tmp_path / f"{name}.new"
    path.write_bytes(data)
    how = Rewriting(
        dialect=read_dialect(path, LIMITS), needles=Needles([HIT]), change=blank, limits=LIMITS
    )
    lines = rewrite_text(path, target, how)
    return target.read_bytes(), lines


TEXT = (
    "code;mail;note\n"
    "1;a@x.example;plain\n"
    f'2;{HIT};"two\nlines; and ""quotes"""\n'
    f'3;b@x.example;"not her: {HIT}"\n'
    f"4;{HIT};last"
)
TOLD = TEXT.replace(f'2;{HIT};"two\nlines; and ""quotes"""', '"gone;2";;').replace(
    f"4;{HIT};last", '"gone;4";;'
)


@pytest.mark.parametrize(
    ("encoding", "mark", "end"),
    [
        ("utf-8", b"", "\n"),
        ("utf-8", b"\xef\xbb\xbf", "\r\n"),
        ("cp1252", b"", "\r\n"),
        ("utf-16-le", b"\xff\xfe", "\n"),
    ],
)
def test_only_the_records_change(tmp_path: Path, encoding: str, mark: bytes, end: str) -> None:
    data, lines = rewritten(tmp_path, mark + TEXT.replace("\n", end).encode(encoding))
    assert data == mark + TOLD.replace("\n", end).encode(encoding)
    assert lines == [3, 6]


def test_a_packed_file_stays_packed(tmp_path: Path) -> None:
    data, lines = rewritten(tmp_path, gzip.compress(TEXT.encode()), "a.csv.gz")
    assert gzip.decompress(data).decode() == TOLD
    assert lines == [3, 6]


def test_a_record_over_two_chunks_is_found(tmp_path: Path) -> None:
    long = "".join(f'{n};n{n}@x.example;"{"y" * 90}\n{"z" * 90}"\n' for n in range(60_000))
    text = f"code;mail;note\n{long}7;{HIT};x\n{long}"
    data, lines = rewritten(tmp_path, text.encode())
    assert data.decode() == text.replace(f"7;{HIT};x", '"gone;7";;')
    assert lines == [120_002]


@pytest.mark.parametrize("text", ["QZ7001.csv", "call QZ7001!", "«QZ7001»", "*QZ7001*", "QZ7001’s"])
def test_a_value_is_found_whatever_sign_stands_beside_it(text: str) -> None:
    assert Needles(["QZ7001"]).are_in(text.encode())


@pytest.mark.parametrize("text", ["QZ70010", "AQZ7001", "QZ7001-2.csv", "csv.QZ7001"])
def test_a_part_of_another_value_is_none(text: str) -> None:
    assert not Needles(["QZ7001"]).are_in(text.encode())
