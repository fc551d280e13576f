"""Exact checks: each kind says yes, no or not applicable, and never guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from studio.evaluate.checks import Subject, interval, kept, refuse_broken_checks, score, share_kept
from studio.records import Brief, Check, CheckKind, Criterion, Refusal


def told(check: Check, output: str, *, input: str = "", ideal: str = "", slice: str = "") -> bool | None:
    return kept(Criterion("c", checks=(check,)), Subject(input, output, ideal, slice))


REPEATS = Check(CheckKind.repeats, pattern=r"LF-\d{5}", otherwise="order number")
BY_SLICE = Check(CheckKind.by_slice, by_slice={"a": ("within 2 days",), "b": ("within 5 days", "in 5 days")})
JSON = Check(CheckKind.json_fields, fields={"kind": ("x", "y"), "human": (True, False)})


@pytest.mark.parametrize(
    ("input", "output", "expected"),
    [
        ("where is LF-12345", "about LF-12345", True),
        ("where is LF-12345", "about LF-54321", False),
        ("where is LF-12345", "about LF-12345 and LF-54321", False),
        ("where is it", "please send your Order Number", True),
        ("where is it", "about LF-54321, order number", False),
        ("where is it", "soon", False),
    ],
)
def test_repeats(input: str, output: str, expected: bool) -> None:
    assert told(REPEATS, output, input=input) is expected


@pytest.mark.parametrize(
    ("slice", "output", "expected"),
    [
        ("a", "We write within 2 days.", True),
        ("a", "We write within 5 days.", False),
        ("a", "within 2 days or within 5 days", False),
        ("b", "in 5 days", True),
        ("none", "We promise nothing.", True),
        ("none", "within 2 days", False),
    ],
)
def test_by_slice_wants_the_own_phrase_and_no_other(slice: str, output: str, expected: bool) -> None:
    assert told(BY_SLICE, output, slice=slice) is expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"kind": "x", "human": true}', True),
        ('{"human": false, "kind": "y"}', True),
        ('{"kind": "x", "human": 1}', False),
        ('{"kind": "z", "human": true}', False),
        ('{"kind": "x"}', False),
        ('Sure! {"kind": "x", "human": true}', False),
        ("[]", False),
        ("", False),
    ],
)
def test_json_fields(output: str, expected: bool) -> None:
    assert told(JSON, output) is expected


def test_equals_ideal_compares_the_named_fields_or_the_text() -> None:
    by_field = Check(CheckKind.equals_ideal, phrases=("kind",))
    assert told(by_field, '{"kind": "x", "more": 1}', ideal='{"kind": "x"}') is True
    assert told(by_field, "x", ideal='{"kind": "x"}') is False
    assert told(by_field, "x", ideal="") is None
    assert told(Check(CheckKind.equals_ideal), " yes ", ideal="yes") is True


def test_phrases_patterns_and_length() -> None:
    assert told(Check(CheckKind.forbidden, phrases=("Unfortunately",)), "unfortunately not") is False
    assert told(Check(CheckKind.required, phrases=("thanks", "thank you")), "Thank you!") is True
    assert told(Check(CheckKind.pattern, pattern=r"(?s)^Hi.*Bye$"), "Hi\nBye") is True
    assert told(Check(CheckKind.max_words, limit=2), "one two three") is False
    assert told(Check(CheckKind.max_words, limit=2), "") is False


def test_a_criterion_for_people_or_another_slice_is_not_counted() -> None:
    brief = Brief(criteria=(Criterion("feels kind"), Criterion("only b", checks=(JSON,), slices=("b",))))
    scores = score(brief, {"e": Subject("", "", "", "a")})
    assert [(s.criterion, s.n) for s in scores] == [("only b", 0)]
    assert share_kept(brief, Subject("", "", "", "a")) is None


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (Check(CheckKind.pattern, pattern="("), "regular expression"),
        (Check(CheckKind.repeats), "no pattern"),
        (Check(CheckKind.required, phrases=(" ",)), "no phrase"),
        (Check(CheckKind.max_words), "at least 1"),
        (Check(CheckKind.by_slice), "names no slice"),
    ],
)
def test_a_check_that_could_not_run_is_refused(check: Check, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        refuse_broken_checks(Brief(criteria=(Criterion("c", checks=(check,)),)))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_the_exact_one(counts: tuple[int, int]) -> None:
    successes, n = counts
    low, high = proportion_confint(successes, n, method="beta")
    found = interval(successes, n)
    assert found[0] == pytest.approx(float(low) if successes else 0.0, abs=1e-9)
    assert found[1] == pytest.approx(float(high) if successes < n else 1.0, abs=1e-9)
    assert found[0] <= successes / n <= found[1]


@pytest.mark.parametrize("pattern", [r"^(a|aa)+$", r"^(\w|\d\w)+$"])
def test_a_pattern_that_never_ends_is_refused_when_the_brief_is_saved(pattern: str) -> None:
    brief = Brief(criteria=(Criterion("Slow", checks=(Check(CheckKind.pattern, pattern=pattern),)),))
    with pytest.raises(Refusal, match="“Slow” takes too long"):
        refuse_broken_checks(brief)


def test_a_pattern_that_only_some_text_makes_endless_stops_with_a_sentence() -> None:
    with pytest.raises(Refusal, match="repeat inside a repeat"):
        told(Check(CheckKind.pattern, pattern=r"^(Ω|ΩΩ)+$"), "Ω" * 5000 + "!")


def test_groups_in_a_pattern_do_not_change_what_is_repeated() -> None:
    found = told(Check(CheckKind.repeats, pattern=r"(LF|XY)-\d{5}"), "your LF-22222", input="where is LF-11111")
    assert found is False
