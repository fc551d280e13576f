"""Damaged files of every format: each is read or refused, none crashes its reader or keeps it busy."""

from pathlib import Path

from benchmarks import fuzz
from studio.examples.parse import parse_file


def test_damaged_files_crash_nothing() -> None:
    found = fuzz.fuzz(fuzz.own_seeds(), 300, seed=3)
    assert found.wrong == []
    assert found.counts["read"] > 30 and found.counts["refused"] > 30


def test_the_files_it_begins_with_are_whole(tmp_path: Path) -> None:
    for name, data in fuzz.own_seeds():
        (tmp_path / "upload").write_bytes(data)
        batch = parse_file(tmp_path / "upload", name=name)
        assert batch.rows and not batch.refused, (name, batch.refused)
