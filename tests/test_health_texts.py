"""Language, outliers, damaged texts, balance and length in tokens: what stands out, and what is left alone."""

from __future__ import annotations

import time

import numpy as np
import pytest

from studio.health import Finding, Known, Severity, Tokens, report
from studio.health.languages import told
from studio.health.outliers import damage, far_ones
from studio.records import Brief, Example, Status

ENGLISH = (
    "When will the lamp that I ordered last week arrive?", "The kettle stopped working after two days, what now?",
    "Please send me the invoice for my last order again.", "Can I still change the delivery address of the parcel?",
)  # fmt: skip
GERMAN = "Wann kommt die Lampe an, die ich letzte Woche bestellt habe?"
FRENCH = "Merci beaucoup pour votre message, nous vous répondrons demain matin."


def found(check: str, rows: list[Example], known: Known | None = None) -> Finding:
    findings = report(rows, Brief(), lambda *_: None, known=known or Known()).findings
    (only,) = [f for f in findings if f.check == check]
    return only


def english(count: int) -> list[Example]:
    made = [(ENGLISH[i % 4], ENGLISH[(i + 1 + i // 4) % 4]) for i in range(count)]
    return [Example(f"e{i}", f"{a} {i}", f"{b} {i}", status=Status.approved) for i, (a, b) in enumerate(made)]


@pytest.mark.parametrize(
    "text", ["", "ok", "Danke!", '{"team": "facturación y cobros"}', "```\nimport os, sys, re\n```", "12 34"]
)
def test_nothing_is_said_of_short_texts_data_and_code(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize("text", ["a" * 200_000, "&amp;" * 40_000, "日本語" * 60_000])
def test_a_long_text_without_a_space_takes_no_time(text: str) -> None:
    """At the square of its length it would take two thousand times as long as its beginning."""
    told(ENGLISH[0])  # loads what tells languages

    def seconds(asked: str) -> float:
        began = time.thread_time()
        told(asked)
        return time.thread_time() - began

    assert seconds(text) < 40 * seconds(text[:4_000])


def test_a_text_in_another_language_is_named() -> None:
    rows = [
        *english(40),
        Example("g", GERMAN, ENGLISH[0]),
        Example("f", ENGLISH[1], FRENCH),
        Example("s", "Wo?", "Ja."),
    ]
    said = found("other_language", rows)
    assert said.examples == (("g",), ("f",)) and "(English): 2 of 43" in said.sentence
    assert said.notes == ("The input reads as German.", "The ideal output reads as French.")
    crossed = found("answered_in_another_language", rows)
    assert crossed.examples == (("g",), ("f",)) and crossed.notes[1] == "Asked in English, answered in French."


def test_two_languages_of_a_set_are_both_its_own_and_translations_are_meant() -> None:
    both = [*english(20), *(Example(f"g{i}", f"{GERMAN} {i}", f"{GERMAN} {i}") for i in range(20))]
    assert found("other_language", both).severity is Severity.fine
    translated = [Example(f"t{i}", f"{ENGLISH[i % 4]} {i}", f"{FRENCH} {i}") for i in range(20)]
    said = found("answered_in_another_language", translated)
    assert said.severity is Severity.fine and "20 of 20" in said.sentence


def test_an_input_far_from_all_others_is_named_and_its_absence_of_meaning_said() -> None:
    draw = np.random.default_rng(0)
    near = np.eye(4, 32, dtype=np.float32)[np.arange(80) % 4] + draw.normal(0, 0.1, (80, 32)).astype(np.float32)
    vectors = {f"e{i}": row / np.linalg.norm(row) for i, row in enumerate(near)}
    assert far_ones(vectors) == {}
    stray = np.zeros(32, dtype=np.float32)
    stray[20] = 1
    found_far = far_ones(vectors | {"stray": stray})
    assert set(found_far) == {"stray"} and found_far["stray"][0] < 0.5 < found_far["stray"][1]
    said = found("outliers", english(80), Known(meaning={**vectors, "e7": stray}))
    assert said.examples == (("e7",),) and "1 of 80" in said.sentence
    assert "(0 so far)" in found("outliers", english(80)).sentence


@pytest.mark.parametrize(
    "text",
    ["the cafÃ© opens at nine", "it costs Â£5", "donâ€™t", "na\ufffdve", "zero\u200bwidth", "a &amp; b", "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
     "bell\x07"],
)  # fmt: skip
def test_damaged_texts_are_shown(text: str) -> None:
    assert damage(text) and damage(text) in text


@pytest.mark.parametrize(
    "text",
    ["Das Café öffnet – „gleich“…", "naïve façade, £5 and 20 €", "CAFÉ–BAR", "日本語のテキスト", "Привет, как дела?",
     "line\none\ttab", "👩‍👩‍👧 family", "R&D; AT&T", "Ângela, à São Tomé: ÇÃO", "मानक हिन्दी"],
)  # fmt: skip
def test_ordinary_letters_of_any_script_are_left_alone(text: str) -> None:
    assert damage(text) == ""


def test_damage_anywhere_in_a_record_counts_once() -> None:
    rows = [*english(3), Example("d", "How much is it?", "It is Â£5.", system="Be kind\u200b.")]
    said = found("damaged_texts", rows)
    assert said.examples == (("d",),) and said.notes[0].startswith('Look at: "')


def test_rare_labels_are_named_with_their_number() -> None:
    rows = [Example(f"a{i}", f"question {i}", "billing" if i < 40 else "bug") for i in range(44)]
    said = found("label_balance", rows)
    assert said.count == 1 and said.examples == (("a40", "a41", "a42", "a43"),) and said.notes == ('"bug" has 4.',)
    enough = [Example(f"a{i}", f"question {i}", ("billing", "bug")[i % 2]) for i in range(44)]
    assert found("label_balance", enough).severity is Severity.fine


def test_a_few_long_answers_that_outweigh_the_rest_are_told() -> None:
    rows = [Example(f"a{i}", f"question {i}", "word " * (500 if i < 4 else 10)) for i in range(40)]
    said = found("length_balance", rows)
    assert {i for (i,) in said.examples} == {"a0", "a1", "a2", "a3"} and "85 % of all words" in said.sentence
    assert found("length_balance", rows[4:]).severity is Severity.fine


def test_what_is_too_long_shows_the_text_beyond_the_limit() -> None:
    rows = [Example("fits", "short", "answer"), Example("long", "short", f"{'word ' * 90}and this is lost")]
    tokens = {"fits": Tokens(10, 5), "long": Tokens(10, 100)}
    said = found("too_long", rows, Known(tokens=tokens, most_tokens=100))
    assert said.examples == (("long",),) and said.severity is Severity.should_look and "1 of 2" in said.sentence
    assert said.notes[0].startswith("110 tokens, 10 too many.") and said.notes[0].endswith('and this is lost"')
    crowded = found("too_long", rows, Known(tokens={**tokens, "long": Tokens(200, 100)}, most_tokens=100))
    assert "alone fill it (200)" in crowded.notes[0]
    assert "15 of 100" in found("too_long", rows[:1], Known(tokens=tokens, most_tokens=100)).sentence
    assert "not been counted" in found("too_long", rows).sentence
