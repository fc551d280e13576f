"""What a record says of itself: rights, dates, personal data, boilerplate, lengths and hard cases."""

from __future__ import annotations

import pytest

from studio.health import Finding, Severity, report
from studio.records import Brief, Consent, Example, Speaker, Status, Turn

TODAY = "2026-06-15"


def found(check: str, *examples: Example) -> Finding:
    (only,) = [f for f in report(examples, Brief(), lambda *_: None, today=TODAY).findings if f.check == check]
    return only


def example(id: str, **fields: object) -> Example:
    given = {"input": f"question {id}", "ideal": f"answer {id}", "status": Status.approved, **fields}
    return Example(id, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "blocks"),
    [
        ({"consent": Consent.withdrawn}, True),
        ({"expires": "2026-06-14"}, True),
        ({"expires": "2026-06-15"}, False),
        ({"consent": Consent.given}, False),
    ],
)
def test_what_may_not_be_used_any_more_blocks(fields: dict[str, object], blocks: bool) -> None:
    said = found("no_right", example("a", **fields), example("b"))
    assert (said.severity is Severity.must_fix) is blocks
    assert said.examples == ((("a",),) if blocks else ())


def test_consent_is_asked_for_only_where_the_team_notes_it() -> None:
    assert found("consent_unknown", example("a"), example("b")).severity is Severity.fine
    said = found("consent_unknown", example("a", consent=Consent.given), example("b"), example("c", licence="CC0"))
    assert said.examples == (("b",),)


def test_what_should_have_been_looked_at_again_is_named() -> None:
    said = found("outdated", example("a", review_by="2026-06-01"), example("b", recheck="new policy"), example("c"))
    assert said.examples == (("a",), ("b",)) and said.severity is Severity.should_look


def test_personal_data_is_found_in_every_text_of_a_record() -> None:
    turn = Turn(Speaker.user, "I am kim@posteo.de")
    answer = example("b", ideal="Write to kim@posteo.de")
    said = found("personal_data", example("a", earlier=(turn,)), answer, example("c"))
    assert said.examples == (("a",), ("b",)) and said.severity is Severity.must_fix
    assert "Names and postal addresses are not found" in said.sentence
    maybe = found("maybe_personal", example("a", input="here is 111222333"), example("b", input="a@posteo.de"))
    assert maybe.examples == (("a",),) and maybe.severity is Severity.should_look


def test_one_answer_for_many_questions_deserves_a_look() -> None:
    same = [example(str(i), ideal="Please see our help page now") for i in range(5)]
    assert found("boilerplate", *same, example("x")).examples == (("0", "1", "2", "3", "4"),)
    assert found("boilerplate", *same[:4]).severity is Severity.fine
    labels = [example(str(i), ideal="billing") for i in range(9)]
    assert found("boilerplate", *labels).severity is Severity.fine, "labels are meant to repeat"


def test_an_answer_far_longer_than_the_rest_is_named() -> None:
    usual = [example(str(i), ideal="word " * (20 + i % 7)) for i in range(40)]
    assert found("unusual_length", *usual, example("long", ideal="word " * 900)).examples == (("long",),)
    assert found("unusual_length", *usual).severity is Severity.fine


def test_missing_hard_cases_are_said() -> None:
    said = found("hard_cases", example("a", kinds=("edge_case",)), example("b"))
    assert said.severity is Severity.should_look and "to be refused: 0 (0 %)" in said.sentence
    both = found("hard_cases", example("a", kinds=("edge_case",)), example("b", slice="must_refuse"))
    assert both.severity is Severity.fine and "hard to answer: 1 (50 %), to be refused: 1 (50 %)" in both.sentence
