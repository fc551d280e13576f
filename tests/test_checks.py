"""Exact checks: each kind says yes, no or not applicable, and never guesses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from studio.evaluate import readability
from studio.evaluate.checks import Subject, interval, kept, of_example, refuse_broken_checks, score, share_kept
from studio.records import Brief, Check, CheckKind, Criterion, Example, Refusal, Speaker, Turn


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


TALK = (
    Turn(Speaker.user, "where is LF-12345"),
    Turn(Speaker.assistant, "With LF-54321 it left on Monday."),
)


@pytest.mark.parametrize(
    ("input", "output", "expected"),
    [
        ("and by when", "LF-12345 comes on Friday", True),
        ("and by when", "It comes on Friday", False),
        ("and by when", "LF-12345 comes with LF-54321", True),
        ("and by when", "LF-12345 comes with LF-99999", False),
        ("and LF-77777", "LF-77777 comes on Friday", True),
        ("and LF-77777", "LF-12345 comes on Friday", False),
    ],
)
def test_repeats_looks_at_every_turn_of_a_conversation(input: str, output: str, expected: bool) -> None:
    example = Example("1", input, output, earlier=TALK)
    assert kept(Criterion("c", checks=(REPEATS,)), of_example(example)) is expected


def test_what_only_the_answering_side_said_need_not_be_repeated() -> None:
    said = Example("1", "thanks", "LF-54321 it is", earlier=TALK[1:])
    assert kept(Criterion("c", checks=(REPEATS,)), of_example(said)) is None


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


def test_a_label_of_a_list_is_the_whole_answer() -> None:
    labels = Check(CheckKind.one_of, phrases=("Billing", "Bug report"))
    assert told(labels, " Billing\n") is True
    assert told(labels, "billing") is False
    assert told(labels, "Billing, I think") is False
    assert told(labels, "") is False
    assert told(Check(CheckKind.min_words, limit=2), "one two") is True
    assert told(Check(CheckKind.min_words, limit=2), "one") is False


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        # Published: 13 words, 24 syllables, one sentence; and the plainest sentence there is.
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 11.26),
        ("The cat sat on the mat.", -1.45),
    ],
)
def test_the_reading_grade_is_the_published_one(text: str, grade: float) -> None:
    assert readability.grade(text) == pytest.approx(grade, abs=0.01)


@pytest.mark.parametrize(
    ("word", "count"),
    [("the", 1), ("any", 2), ("table", 2), ("asked", 1), ("wanted", 2), ("pages", 2), ("makes", 1), ("safety", 2),
     ("something", 2), ("media", 3), ("going", 2), ("nation", 2), ("order", 2), ("customer", 3), ("you", 1),
     ("naïve", 1), ("LF-40731", 1)],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert readability.syllables(word) == count


def test_a_text_without_a_word_has_no_grade_and_keeps_no_limit() -> None:
    assert readability.grade("… !") is None
    assert told(Check(CheckKind.max_grade, limit=8), "") is False
    assert told(Check(CheckKind.max_grade, limit=8), "We sent it today. It comes on Monday.") is True
    official = "Notwithstanding considerations regarding applicability, reimbursement necessitates authorisation."
    assert told(Check(CheckKind.max_grade, limit=8), official) is False


SCHEMA = """{"type": "object", "required": ["id", "parts"], "additionalProperties": false,
 "$defs": {"part": {"type": "object", "properties": {"part": {"$ref": "#/$defs/part"}}}},
 "properties": {"id": {"type": "string", "pattern": "^LF-[0-9]{5}$"}, "when": {"type": "string", "format": "date"},
 "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}}}"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"id": "LF-12345", "parts": [{"part": {}}]}', True),
        ('{"id": "LF-1", "parts": []}', False),
        ('{"id": "LF-12345", "parts": [], "more": 1}', False),
        ('{"id": "LF-12345", "parts": [], "when": "tomorrow"}', False),
        ('{"id": "LF-12345"}', False),
        ('Here: {"id": "LF-12345", "parts": []}', False),
        ("[" * 100_000, False),
        ("NaN", False),
    ],
)
def test_json_schema(output: str, expected: bool) -> None:
    check = Check(CheckKind.json_schema, schema=SCHEMA)
    refuse_broken_checks(Brief(criteria=(Criterion("c", checks=(check,)),)))
    assert told(check, output) is expected


_KEYWORDS = [
    "$schema",
    "$id",
    "$ref",
    "$anchor",
    "$defs",
    "type",
    "properties",
    "required",
    "items",
    "pattern",
    "format",
    "enum",
    "multipleOf",
    "allOf",
    "not",
    "unevaluatedProperties",
]
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4),
    st.sampled_from(["object", "array", "#", "#/$defs/a", "date", "(", "http://json-schema.org/draft-07/schema#"]),
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYWORDS), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(_KEYWORDS), _VALUES, max_size=4), _VALUES)
@settings(max_examples=150, deadline=None)
def test_any_schema_is_refused_in_words_or_answers_yes_or_no(schema: dict[str, object], value: object) -> None:
    check = Check(CheckKind.json_schema, schema=json.dumps(schema))
    try:
        refuse_broken_checks(Brief(criteria=(Criterion("c", checks=(check,)),)))
        assert told(check, json.dumps(value)) in (True, False)
    except Refusal as refusal:
        assert "“c”" in str(refusal) or "round in a circle" in str(refusal)


def test_a_number_that_no_program_can_read_keeps_no_schema() -> None:
    assert told(Check(CheckKind.json_schema, schema='{"multipleOf": 0.1}'), "1" + "0" * 400) is False


def test_a_schema_that_goes_round_in_a_circle_stops_with_a_sentence() -> None:
    schema = '{"properties": {"a": {"$ref": "#/properties/a"}}}'
    with pytest.raises(Refusal, match="goes round in a circle"):
        told(Check(CheckKind.json_schema, schema=schema), '{"a": 1}')


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
        (Check(CheckKind.min_words), "at least 1"),
        (Check(CheckKind.max_grade, limit=40), "school grade from 1 to 20"),
        (Check(CheckKind.one_of, phrases=("only",)), "at least two labels"),
        (Check(CheckKind.json_schema), "has no schema"),
        (Check(CheckKind.json_schema, schema="{"), "is not JSON"),
        (Check(CheckKind.json_schema, schema="[]"), "must be a JSON object"),
        (Check(CheckKind.json_schema, schema='{"$schema": "https://example.org/mine"}'), "draft of JSON Schema"),
        (Check(CheckKind.json_schema, schema='{"type": "objekt"}'), "is not a valid JSON schema .*objekt"),
        (Check(CheckKind.json_schema, schema='{"$ref": "https://example.org/a.json"}'), "nothing is fetched"),
        (Check(CheckKind.json_schema, schema='{"allOf": [{"$ref": "other.json#/a"}]}'), "nothing is fetched"),
        (Check(CheckKind.json_schema, schema='{"$ref": "#/$defs/gone"}'), "which it lacks"),
        (Check(CheckKind.json_schema, schema='{"$ref": "#"}'), "refers to itself without an end"),
        (Check(CheckKind.json_schema, schema='{"items": {"$id": "https://example.org/b"}}'), "second “.id”"),
        (Check(CheckKind.json_schema, schema='{"patternProperties": {"a": {}}}'), "name the properties instead"),
        (Check(CheckKind.json_schema, schema='{"pattern": "^(a|aa)+$"}'), "takes too long"),
    ],
)
def test_a_check_that_could_not_run_is_refused(check: Check, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        refuse_broken_checks(Brief(criteria=(Criterion("c", checks=(check,)),)))


def test_a_scale_says_every_level_in_words() -> None:
    whole = Criterion("Warmth", scale=("cold", "stiff", "polite", "friendly", "warm"))
    refuse_broken_checks(Brief(criteria=(whole,)))
    for scale in (("cold", "warm"), ("cold", "stiff", " ", "friendly", "warm")):
        with pytest.raises(Refusal, match="“Warmth” is answered from 1 to 5"):
            refuse_broken_checks(Brief(criteria=(Criterion("Warmth", scale=scale),)))


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
