"""Label noise: what stands out among examples that mean the same, and saying so when nobody could look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from studio.health import Finding, Known, Severity, own_key, report
from studio.health.label_noise import suspects
from studio.health.labels import labels, relabelled
from studio.records import Brief, Example, Status

LABELS = ("billing", "access", "bug")
WRONG = ("q1", "q17", "q40")


def vectors(count: int) -> dict[str, np.ndarray]:
    """Three clouds in 16 dimensions, taken in turn."""
    draw = np.random.default_rng(3)
    made = np.eye(3, 16, dtype=np.float32)[np.arange(count) % 3] + draw.normal(0, 0.15, (count, 16)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return {f"q{i}": row for i, row in enumerate(made)}


def right(count: int) -> dict[str, str]:
    return {f"q{i}": LABELS[i % 3] for i in range(count)}


def flipped(of: dict[str, str]) -> dict[str, str]:
    return {i: LABELS[(LABELS.index(label) + 1) % 3] if i in WRONG else label for i, label in of.items()}


def said(ideals: Sequence[str], known: Known, settled: Sequence[str] = ()) -> Finding:
    found = report(examples(ideals), Brief(), lambda *_: None, known=known, settled=settled).findings
    (only,) = [f for f in found if f.check == "label_noise"]
    return only


def examples(ideals: Sequence[str]) -> list[Example]:
    return [Example(f"q{i}", f"question {i}", ideal, status=Status.approved) for i, ideal in enumerate(ideals)]


def test_a_flipped_label_is_named_with_what_its_neighbours_have() -> None:
    found = suspects(vectors(60), flipped(right(60)))
    assert {s.example for s in found} == set(WRONG)
    assert {(s.example, s.likely) for s in found} == {(i, right(60)[i]) for i in WRONG}
    assert all(s.label == flipped(right(60))[s.example] and 0.3 <= s.sure <= 1 for s in found)
    assert suspects(vectors(60), right(60)) == ()


def test_the_answer_does_not_hang_on_the_order() -> None:
    turned = dict(reversed(flipped(right(60)).items()))
    assert suspects(vectors(60), turned) == suspects(vectors(60), flipped(right(60)))


@pytest.mark.parametrize("shape", ["{}", '{{"team": "{}", "id": "{}"}}'])
def test_labels_are_judged_alone_or_as_a_field(shape: str) -> None:
    ideals = [shape.format(label, i) for i, label in enumerate(flipped(right(60)).values())]
    found = said(ideals, Known(meaning=vectors(60)))
    assert found.severity is Severity.should_look and {i for (i,) in found.examples} == set(WRONG)
    assert "3 of 60" in found.sentence and len(found.notes) == 3
    assert all(note.startswith('Labelled "') and "those like it are" in note for note in found.notes)
    assert ('"team"' in found.sentence) is shape.startswith("{{")
    assert dict(found.suggested) == {i: shape.format(right(60)[i], i[1:]) for i in WRONG}


def test_a_label_that_was_said_to_be_right_is_asked_about_again_once_it_is_edited() -> None:
    ideals, known = list(flipped(right(60)).values()), Known(meaning=vectors(60))
    settled = [own_key(examples(ideals)[int(name[1:])]) for name in WRONG[:2]]
    found = said(ideals, known, settled)
    assert found.examples == ((WRONG[2],),) and "left out: 2." in found.sentence
    assert [name for name, _ in found.suggested] == [WRONG[2]]
    edited = [f"{ideal.upper()} " if i == 1 else ideal for i, ideal in enumerate(ideals)]
    assert {i for (i,) in said(edited, known, settled).examples} == {WRONG[0], WRONG[2]}


def test_it_says_when_it_could_not_look() -> None:
    ideals = list(right(60).values())
    unread = said(ideals, Known())
    assert unread.severity is Severity.fine and "0 of 60 inputs has been read" in unread.sentence
    prose = said([f"A free answer to question {i}, long enough." for i in range(60)], Known(meaning=vectors(60)))
    assert "no labels" in prose.sentence
    few = said(ideals[:24], Known(meaning=vectors(24)))
    assert "takes 6 examples" in few.sentence and few.count == 0


def test_rare_labels_and_unread_examples_are_told() -> None:
    ideals = ["refund" if i in (3, 6) else label for i, label in enumerate(right(60).values())]
    known = {i: row for i, row in vectors(60).items() if i != "q9"}
    found = said(ideals, Known(meaning=known))
    assert "of 57" in found.sentence and ": 3." in found.sentence


def test_json_without_an_end_is_no_label() -> None:
    rows = [Example(f"e{i}", f"question {i}", ('{"a":' * 20_000) if i == 7 else '{"a": "b"}') for i in range(30)]
    assert labels(rows) is None  # one label only, and nothing raised


def test_only_the_label_of_json_changes_and_it_is_spelled_as_usual() -> None:
    given = ["Access", "access", "Access", *["bug"] * 17]
    written = {f"e{i}": f'{{ "id": {i},\n  "Größe": "bug",  "team" : "{label}" }}' for i, label in enumerate(given)}
    told = labels([Example(name, name, ideal) for name, ideal in written.items()])
    assert told is not None and told.field == "team"
    (after,) = relabelled(written, told, {"e5": "access"}).values()
    assert after == '{ "id": 5,\n  "Größe": "bug",  "team" : "Access" }'
