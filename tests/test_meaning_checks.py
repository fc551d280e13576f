"""Checks by meaning: what is close is found exactly, also step by step; what nobody read is said."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from studio.health import Finding, Known, Severity, report
from studio.health.known import Close
from studio.health.meant import CLOSE, NEAREST, close_pairs, renewed
from studio.records import Brief, Example, Split, Status


def vectors(count: int, seed: int = 3, spread: float = 0.28) -> dict[str, NDArray[np.float32]]:
    """Points around a few centres, so that some pairs are just above the threshold and some just below."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 8), 24))
    made = centres[random.integers(len(centres), size=count)] + spread * random.normal(size=(count, 24))
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return {f"e{i:04}": made[i].astype(np.float32) for i in range(count)}


def by_hand(meaning: dict[str, NDArray[np.float32]]) -> set[tuple[str, str]]:
    names = sorted(meaning)
    return {(a, b) for a in names for b in names if a < b and float(meaning[a] @ meaning[b]) >= CLOSE}


def test_the_pairs_are_those_of_comparing_all_with_all() -> None:
    meaning = vectors(300)
    found = close_pairs(meaning)
    assert {(c.one, c.other) for c in found} == by_hand(meaning) != set()
    assert all(c.cosine == pytest.approx(float(meaning[c.one] @ meaning[c.other]), abs=1e-4) for c in found)


def test_step_by_step_is_the_same_as_at_once() -> None:
    before = vectors(300)
    after = vectors(310) | {name: before[name] for name in list(before)[5:]}
    for gone in ("e0011", "e0150"):
        del after[gone]
    changed = [name for name in after if name not in before or not np.array_equal(before[name], after[name])]
    assert renewed(close_pairs(before), after, changed) == close_pairs(after)


def test_thousands_from_one_template_are_bounded() -> None:
    one = np.ones(24, np.float32) / np.sqrt(24).astype(np.float32)
    found = close_pairs({f"e{i:04}": one for i in range(400)})
    assert 400 * NEAREST / 2 <= len(found) <= 400 * NEAREST


def example(name: str, input: str, ideal: str = "A fine answer to it.", **more: object) -> Example:
    return Example(name, input, ideal, status=Status.approved, **more)  # type: ignore[arg-type]


def found(check: str, rows: list[Example], *pairs: tuple[str, str], read: bool = True) -> Finding:
    meaning = {e.id: np.eye(len(rows), dtype=np.float32)[i] for i, e in enumerate(rows)} if read else {}
    known = Known(meaning=meaning, close=tuple(Close(*pair, 0.97) for pair in pairs))
    (only,) = [f for f in report(rows, Brief(), lambda *_: None, known=known).findings if f.check == check]
    return only


WHERE = example("a", "Where does my parcel stay?", split=Split.test)
PARCEL = example("b", "My delivery has not come, any idea where it is", split=Split.train)
LAMP = example("c", "The lamp flickers", "Change the bulb.", split=Split.train)


def test_the_same_in_other_words_is_looked_at_and_a_leak_of_it_too() -> None:
    rows = [WHERE, PARCEL, LAMP]
    assert found("alike_in_meaning", rows, ("a", "b")).examples == (("a", "b"),)
    leak = found("meaning_leakage", rows, ("a", "b"))
    assert (leak.examples, leak.severity) == ((("a", "b"),), Severity.should_look)
    assert found("meaning_leakage", rows, ("b", "c")).count == 0
    assert found("alike_in_meaning", rows).severity is Severity.fine


def test_what_the_letters_show_already_is_not_told_twice() -> None:
    twin = example("d", "where does my parcel stay", split=Split.train)
    rows = [WHERE, twin, LAMP]
    assert found("exact_leakage", rows, ("a", "d")).count == 1
    assert found("meaning_leakage", rows, ("a", "d")).count == 0
    assert found("alike_in_meaning", rows, ("a", "d")).count == 0


def test_nearly_the_same_inputs_answered_differently() -> None:
    other = example("b", PARCEL.input, "We refund nothing after thirty days, sorry.", split=Split.train)
    assert found("near_contradictions", [WHERE, other, LAMP], ("a", "b")).examples == (("a", "b"),)
    alike = example("b", PARCEL.input, "A fine answer to it!", split=Split.train)
    assert found("near_contradictions", [WHERE, alike, LAMP], ("a", "b")).count == 0
    letters = example("d", "Where does my parcel stayy?", "We refund nothing after thirty days, sorry.")
    assert found("near_contradictions", [WHERE, letters, LAMP]).examples == (("a", "d"),)


def test_another_label_for_nearly_the_same_input() -> None:
    rows = [
        example(f"r{i:02}", f"question number {i * 7919} on topic {i}", "left" if i % 2 else "right") for i in range(24)
    ]
    assert found("near_contradictions", rows, ("r01", "r02")).examples == (("r01", "r02"),)
    assert found("near_contradictions", rows, ("r01", "r03")).count == 0


def test_a_group_on_both_sides_blocks() -> None:
    rows = [example("a", "one", group="ann", split=Split.test), example("b", "two", group="ann", split=Split.train),
            example("c", "three", group="ben", split=Split.train), example("d", "four", split=Split.test)]  # fmt: skip
    said = found("group_leakage", rows)
    assert (said.examples, said.severity) == ((("a", "b"),), Severity.must_fix)
    assert found("group_leakage", rows[1:]).severity is Severity.fine


def test_what_nobody_read_is_said_and_never_passed_over() -> None:
    said = found("unread", [WHERE, PARCEL], read=False)
    assert (said.severity, said.count) == (Severity.should_look, 2) and "2 of 2" in said.sentence
    assert found("unread", [WHERE, PARCEL]).severity is Severity.fine
