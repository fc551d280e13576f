"""Redaction: personal data becomes marks in every text of a record, in one act that can be undone and replayed."""

from __future__ import annotations

import pytest

from studio import projects
from studio.examples import step
from studio.examples.redacting import redact_examples
from studio.records import Refusal, Speaker, Status, Turn
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
