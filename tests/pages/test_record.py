"""Teamwork in the example editor: others who have it open, second approvals, assignment and comments."""

from __future__ import annotations

import time

from signed_in import opened, person, press, sound, words

from studio import brief as brief_step
from studio import projects
from studio.examples import step
from studio.records import Brief, Role, Slice, Status
from studio.review.rounds import MIN_SECONDS_ON_SCREEN
from studio.store import Store, comments, examples


def test_two_designers_on_one_record(store: Store) -> None:
    (dora, one), (eve, two) = person(store, "Dora", Role.designer), person(store, "Eve", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    brief = Brief(task="Answer", slices=(Slice("legal", second_approval=True, experts=(eve.id,)),))
    brief_step.save(store, dora.id, project, brief, note="", changes_meaning=True)
    made = step.write(store, dora.id, project, input="Where?", ideal="Here.", slice="legal")

    at = opened(store, one, "examples", project=project, example=made.id)
    assert "have this open" not in words(at) and "0 of 2 approvals. One must be by Eve." in words(at)
    time.sleep(MIN_SECONDS_ON_SCREEN)
    press(at, f"example-approved-{made.id}")
    assert "a second one is needed" in words(at) and "1 of 2 approvals (Dora)" in words(at)
    other = opened(store, two, "examples", project=project, example=made.id)
    assert "Dora has this open, too" in words(other)
    time.sleep(MIN_SECONDS_ON_SCREEN)
    press(other, f"example-approved-{made.id}")
    found = examples.get(store, made.id)
    assert found is not None and found.status is Status.approved and "2 of 2 approvals" in words(other)

    other.selectbox(key=f"record-assigned-{made.id}-{found.revision}").set_value(dora.id)
    sound(other.run())
    given = examples.get(store, made.id)
    assert given is not None and given.assigned == dora.id and given.status is Status.approved
    other.text_area(key=f"record-comment-{made.id}").set_value("Is <b>this</b> true?")
    sound(other.run())
    again = opened(store, two, "examples", project=project, example=made.id)
    assert again.text_area(key=f"record-comment-{made.id}").value == "Is <b>this</b> true?"
    press(again, f"record-add-{made.id}")
    assert "Is &lt;b&gt;this&lt;/b&gt; true?" in words(again)
    press(again, f"record-remove-{comments.of_example(store, made.id)[0].id}")
    assert comments.of_example(store, made.id) == []
