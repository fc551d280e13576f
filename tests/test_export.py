"""Exports: what leaves the studio comes back the same, and no spreadsheet runs it."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.cells import guard_formula, unguard_formula
from studio.examples.export import export_examples
from studio.examples.parse import parse_file
from studio.records import Consent, Example, Refusal, Speaker, Split, Status, Turn

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


@pytest.mark.parametrize("format", ["csv", "jsonl", "trl"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=examples())
def test_export_then_import_gives_the_same_rows(tmp_path: Path, format: str, rows: list[Example]) -> None:
    file = tmp_path / ("out.csv" if format == "csv" else "out.jsonl")
    file.write_bytes(export_examples(rows, format).data)

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
    exported = export_examples([Example("e1", "=HYPERLINK(1)", "@ok", slice="-x", group="+1")], "csv")
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
    line = json.loads(export_examples([example], "trl").data)
    assert [(m["role"], m["content"]) for m in line["prompt"]] == [
        ("system", "Be kind."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Where is it?"),
    ]  # fmt: skip
    assert line["completion"] == [{"role": "assistant", "content": "On its way."}]
    assert not {"earlier", "system"} & set(line)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Refusal, match="choose one of csv, jsonl, trl"):
        export_examples([], "docx")
