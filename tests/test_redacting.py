"""Redaction: personal data becomes marks in every text of a record, in one act that can be undone and replayed."""

from __future__ import annotations

import pytest

from studio import projects
from studio.examples import step
from studio.examples.redacting import redact_examples, redacted
from studio.records import Example, Refusal, Speaker, Status, Turn
from studio.store import Store, examples


def test_every_text_is_redacted_alike_and_undone(store: Store) -> None:
    project = projects.create(store, "ann", "Mine").id
    turn = Turn(Speaker.user, "I am kim@posteo.de")
    made = step.write(
        store, "ann", project, input="Write to kim@posteo.de or call +44 20 7946 0958", status=Status.approved,
        ideal="We wrote to kim@posteo.de.", earlier=(turn,), worse="Sorry, kim@posteo.de",
    )  # fmt: skip
    clean = step.write(store, "ann", project, input="Where is it?", ideal="Here.", status=Status.approved)
    assert redact_examples(store, "ann", project, [made.id, clean.id]) == 1
    now = examples.get(store, made.id)
    assert now is not None and now.earlier[0].text == "I am [email 1]"
    assert (now.input, now.ideal) == ("Write to [email 1] or call [phone 1]", "We wrote to [email 1].")
    assert now.worse == "Sorry, [email 1]" and now.status is Status.in_review
    assert examples.get(store, clean.id) == clean
    store.undo(store.version, "ann")
    assert examples.get(store, made.id) == made
    with pytest.raises(Refusal, match="No personal data"):
        redact_examples(store, "ann", project, [clean.id])


def test_one_number_has_one_mark_in_every_text_of_a_conversation() -> None:
    number, spaced, other = "+442079460958", "+44 20 7946 0958", "+44 20 7946 0123"
    turns = (Turn(Speaker.user, f"Ring {number}."), Turn(Speaker.assistant, f"We rang {spaced}, then {other}."))
    example = Example(
        "a", f"Is it still {spaced}?", f"Yes, {number}, not {other}.", system=f"The customer has {spaced}.",
        earlier=turns, worse=f"No, {other}.",
    )  # fmt: skip
    after = redacted(example)
    assert after.system == "The customer has [phone 1]."
    assert [turn.text for turn in after.earlier] == ["Ring [phone 1].", "We rang [phone 1], then [phone 2]."]
    assert (after.input, after.ideal) == ("Is it still [phone 1]?", "Yes, [phone 1], not [phone 2].")
    assert after.worse == "No, [phone 2]."
    assert redacted(after) == after
