"""Exports: what leaves the studio comes back the same, and no spreadsheet runs it."""

import csv
import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.cells import guard_formula, unguard_formula
from studio.examples.parse import parse_file
from studio.exports import FORMATS, contents, export, folder, notes, of_split
from studio.records import Consent, Example, Refusal, Speaker, Split, Status, Turn, sha256

# What the import takes as text: no control characters, halves of characters or the sign for a lost one.
_CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"),
    st.sampled_from("\t\n\r'\"=+-@,;|＝[]{}\x85\u2028\ufeff"),
)
_TEXT = st.text(_CHARACTERS, max_size=30)
_INPUT = _TEXT.filter(lambda t: bool(t.strip()))
_LABEL = _TEXT.map(str.strip)
_DAY = st.one_of(st.just(""), st.dates().map(str))
_FIELDS = (
    "input", "ideal", "slice", "kinds", "split", "group", "status", "earlier", "system", "tags", "worse", "licence",
    "consent", "expires", "review_by", "recheck", "source",
)  # fmt: skip


@st.composite
def examples(draw: st.DrawFn) -> list[Example]:
    made = st.builds(
        Example,
        id=st.just(""),
        input=_INPUT,
        ideal=_TEXT,
        slice=_LABEL,
        kinds=st.lists(_LABEL, max_size=3).map(tuple),
        status=st.sampled_from(Status),
        split=st.one_of(st.none(), st.sampled_from(Split)),
        group=_TEXT,
        earlier=st.lists(st.builds(Turn, st.sampled_from(Speaker), _INPUT), max_size=3).map(tuple),
        system=_TEXT,
        tags=st.lists(_LABEL, max_size=3).map(tuple),
        worse=_TEXT,
        licence=_TEXT,
        consent=st.sampled_from(Consent),
        expires=_DAY,
        review_by=_DAY,
        recheck=_TEXT,
        source=_TEXT,
    )
    return draw(st.lists(made, min_size=1, max_size=5))


@pytest.mark.parametrize("format", ["csv", "jsonl", "trl", "parquet"])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=examples())
def test_export_then_import_gives_the_same_rows(tmp_path: Path, format: str, rows: list[Example]) -> None:
    file = tmp_path / f"out{FORMATS[format].ending}"
    file.write_bytes(export(rows, format).data)

    batch = parse_file(file, name=file.name)

    assert not batch.refused
    assert batch.total == len(rows)
    for row, example in zip(batch.rows, rows, strict=True):
        assert {f: getattr(row, f) for f in _FIELDS} == {f: getattr(example, f) for f in _FIELDS}


@given(text=st.text(st.sampled_from("'=+-@\t\r\n＝ab "), max_size=6))
def test_the_formula_guard_is_exact(text: str) -> None:
    guarded = guard_formula(text)
    assert unguard_formula(guarded) == text
    assert not guarded or guarded[0] not in "=+-@\t\r\n＝＋－＠"


def test_no_csv_cell_starts_a_formula_and_names_are_as_documented() -> None:
    exported = export([Example("e1", "=HYPERLINK(1)", "@ok", slice="-x", group="+1")], "csv")
    header, row = list(csv.reader(io.StringIO(exported.data.decode("utf-8-sig"), newline="")))
    assert header[:7] == ["prompt", "completion", "slice", "kinds", "split", "group", "status"]
    assert header[7:] == [
        "system", "earlier", "tags", "worse", "licence", "consent", "expires", "review_by", "recheck", "source", "id"
    ]  # fmt: skip
    assert row[:6] == ["'=HYPERLINK(1)", "'@ok", "'-x", "", "", "'+1"]
    assert exported.rows == 1 and len(exported.sha256) == 64


def test_trl_rows_hold_the_whole_conversation() -> None:
    earlier = (Turn(Speaker.user, "Hello"), Turn(Speaker.assistant, "Hi"))
    example = Example("e1", "Where is it?", "On its way.", earlier=earlier, system="Be kind.")
    line = json.loads(export([example], "trl").data)
    assert [(m["role"], m["content"]) for m in line["prompt"]] == [
        ("system", "Be kind."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Where is it?"),
    ]  # fmt: skip
    assert line["completion"] == [{"role": "assistant", "content": "On its way."}]
    assert not {"earlier", "system"} & set(line)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Refusal, match="choose one of csv, jsonl, parquet"):
        export([], "docx")


_CHAT = (Turn(Speaker.user, "Hello"), Turn(Speaker.assistant, "Hi"))
_LINE = [
    Example("e1", "Where is it?", "On its way.", "delivery", split=Split.train, worse="Dunno."),
    Example("e2", "And now?", "Here.", split=Split.train, earlier=_CHAT, system="Be kind."),
    Example("e3", "Uneven", "Yes.", split=Split.test, earlier=_CHAT[:1]),
    Example("e4", "Not written", " ", split=Split.validation),
]
# What of an example each strict format carries, and which of the four it has no place for.
_STRICT = {
    "trl-text": (("input", "ideal"), {"e1"}),
    "openai": (("input", "ideal", "earlier", "system"), {"e1", "e2", "e3"}),
    "sharegpt": (("input", "ideal", "earlier", "system"), {"e1", "e2", "e3"}),
    "alpaca": (("input", "ideal", "earlier", "system"), {"e1", "e2"}),
}


@pytest.mark.parametrize("format", _STRICT)
def test_a_trainers_format_comes_back_and_says_what_it_lacks(tmp_path: Path, format: str) -> None:
    carried, ids = _STRICT[format]
    made = export(_LINE, format)
    file = tmp_path / f"out{FORMATS[format].ending}"
    file.write_bytes(made.data)
    batch = parse_file(file, name=file.name)
    wanted = [{f: getattr(e, f) for f in carried} for e in _LINE if e.id in ids]
    assert [{f: getattr(row, f) for f in carried} for row in batch.rows] == wanted and not batch.refused
    told = " ".join(made.notes)
    assert made.rows == len(ids) and "1 of 4 examples are left out: without an ideal output" in told
    assert "without their worse answer" in told and "Slices, tags, kinds" in told
    assert "cannot tell 2 training, 1 test, 1 validation examples apart" in told
    assert ("turns before the last message" in told) == (format == "trl-text")
    assert ("questions with their answers" in told) == (format == "alpaca")
    assert list(made.notes) == notes(contents(_LINE), FORMATS[format])


@pytest.mark.parametrize("format", _STRICT)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=examples())
def test_no_text_is_lost_in_a_trainers_format(tmp_path: Path, format: str, rows: list[Example]) -> None:
    carried, _ = _STRICT[format]
    plain = [dataclasses.replace(e, worse="") for e in rows]
    kept = [e for e in plain if len(notes(contents([e]), FORMATS[format])) == 1]  # but for slices and rights
    if not kept:
        return
    file = tmp_path / f"out{FORMATS[format].ending}"
    file.write_bytes(export(kept, format).data)
    batch = parse_file(file, name=file.name)
    assert not batch.refused
    assert [tuple(getattr(r, f) for f in carried) for r in batch.rows] == [
        tuple(getattr(e, f) for f in carried) for e in kept
    ]


def test_a_file_that_cannot_tell_the_splits_apart_holds_one() -> None:
    part, told = of_split(_LINE, FORMATS["openai"], None)
    assert [e.id for e in part] == ["e1", "e2"]
    assert told == ["The file holds the 2 training examples; not in it: 1 for validation and 1 for test."]
    everything, told = of_split(_LINE, FORMATS["jsonl"], None)
    assert everything == _LINE and "holds all splits (training, validation, test)" in told[0]
    assert [e.id for e in of_split(_LINE, FORMATS["csv"], Split.test)[0]] == ["e3"]
    with pytest.raises(Refusal, match="no validation examples"):
        of_split(_LINE[:2], FORMATS["csv"], Split.validation)


def test_nothing_that_fits_is_refused_in_words() -> None:
    with pytest.raises(Refusal, match="None of these examples can be written as openai"):
        export(_LINE[3:], "openai")


def test_all_of_it_loads_in_the_datasets_library(tmp_path: Path) -> None:
    """Folders of texts and of chats, and a file of every format, read by Hugging Face's library as it is installed."""
    texts = [dataclasses.replace(e, earlier=(), system="") for e in _LINE]
    asked: dict[str, tuple[str, str]] = {}
    for name, rows in (("chats", _LINE), ("texts", texts)):
        made = folder.files(rows, "---\nlicense: mit\n---\n\n# Card\n")
        sums = dict(reversed(line.split("  ")) for line in made[folder.SUMS].decode().splitlines())
        assert sums == {path: sha256(content) for path, content in made.items() if path != folder.SUMS}
        assert folder.zipped(made) == folder.zipped(dict(reversed(made.items())))
        for path, content in made.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_bytes(content)
        asked[name] = (str(tmp_path / name), "")
        batch = parse_file(tmp_path / name / "data" / "train.parquet", name="train.parquet")
        assert [tuple(getattr(r, f) for f in _FIELDS) for r in batch.rows] == [
            tuple(getattr(e, f) for f in _FIELDS) for e in rows[:2]
        ]
    for name, format in FORMATS.items():
        file = tmp_path / f"{name}{format.ending}"
        file.write_bytes(export(_LINE, name).data)
        asked[name] = ("json" if file.suffix == ".jsonl" else file.suffix[1:], str(file))
    loaded = loaded_by_the_library(asked, tmp_path / "cache")
    for name in ("chats", "texts"):
        assert {part: len(found) for part, found in loaded[name].items()} == {"train": 2, "validation": 1, "test": 1}
    assert [m["role"] for m in loaded["chats"]["train"][1]["prompt"]] == ["system", "user", "assistant", "user"]
    assert loaded["chats"]["train"][1]["completion"] == [{"role": "assistant", "content": "Here."}]
    assert loaded["texts"]["train"][0]["prompt"] == "Where is it?" and loaded["texts"]["train"][0]["worse"] == "Dunno."
    assert {n: len(loaded[n]["train"]) for n in FORMATS} == {n: export(_LINE, n).rows for n in FORMATS}
    assert loaded["trl"]["train"][0]["prompt"] == [{"role": "user", "content": "Where is it?"}]
    assert loaded["openai"]["train"][1]["messages"][-1] == {"role": "assistant", "content": "Here."}


def loaded_by_the_library(asked: dict[str, tuple[str, str]], cache: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Name -> split -> rows of what `asked` names (a folder, or a format with its file). In a process of its own: the
    library loads torch."""
    code = (
        "import datasets, json, sys\n"
        "read = lambda what, file: datasets.load_dataset(what, data_files=file or None, cache_dir=sys.argv[2])\n"
        "asked = json.loads(sys.argv[1])\n"
        "print(json.dumps({n: {k: list(v) for k, v in read(*how).items()} for n, how in asked.items()}))"
    )
    command = [sys.executable, "-c", code, json.dumps(asked), str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(done.stdout.splitlines()[-1])
    return found
