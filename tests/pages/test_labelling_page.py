"""Labelling as people meet it: a designer opens a queue, people decide and disagree, a designer settles it."""

from __future__ import annotations

import time

import pytest
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import brief as brief_step
from studio import projects
from studio.examples import labelling, outcome, step
from studio.records import Brief, Criterion, Refusal, Role, Slice, Speaker, Status, Turn
from studio.store import Store, examples, finding, labels
from studio.store.finding import Filter
from studio.store.labels import Answer, Queue

VIEW = {"examples-view": "label"}


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    found, session = person(store, "Dora", Role.designer)
    return found.id, session


@pytest.fixture
def rita(store: Store) -> tuple[str, str]:
    found, session = person(store, "Rita", Role.reviewer)
    return found.id, session


@pytest.fixture
def project(store: Store, dora: tuple[str, str]) -> str:
    made = projects.create(store, dora[0], "Mine").id
    brief = Brief(task="Answer kindly", criteria=(Criterion("Tone"), Criterion("Facts")), slices=(Slice("a"),))
    brief_step.save(store, dora[0], made, brief, note="", changes_meaning=True)
    for n in range(3):
        example = step.write(store, dora[0], made, input=f"Question *{n}*?", ideal=f"Answer {n}.", slice="a",
                             status=Status.in_review)  # fmt: skip
        if not n:
            earlier = (Turn(Speaker.user, "Hello <b>you</b>"), Turn(Speaker.assistant, "Hi."))
            step.edit(store, dora[0], made, example, earlier=earlier)
    return made


def queue_for(store: Store, project: str, *people: str) -> Queue:
    shared = {"overlap": len(people), "share": 1.0} if len(people) > 1 else {}
    ids = finding.ids(store, project, Filter())
    return labelling.open_queue(store, "dora", project, "First", ids, people, seed="s", **shared)  # type: ignore[arg-type]


def button(at: AppTest, start: str) -> str:
    found = [b.key for b in at.button if b.key and b.key.startswith(start)]
    assert len(found) == 1, found
    return found[0]


def read_then(at: AppTest, start: str) -> AppTest:
    time.sleep(labelling.MIN_SECONDS_ON_SCREEN)
    return press(at, button(at, start))


def test_a_designer_opens_a_queue_and_takes_it_back(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    at = opened(store, dora[1], "examples", project=project, **VIEW)
    assert "3 examples; choose who labels." in words(at)
    at.multiselect(key="label-people").set_value([dora[0], rita[0]])
    sound(at.run())
    assert "for each of 2 people" in words(at)
    press(at, "label-open")
    found = labels.queues(store, project)[0]
    assert (found.items, found.overlap, set(found.people)) == (3, 2, {dora[0], rita[0]})
    assert "The queue is open" in words(at) and button(at, "label-approve-")
    press(at, f"ys-undo-{store.history(project, ['queue.opened'])[0].seq}")
    assert labels.queues(store, project) == []


def test_a_reviewer_finds_it_on_the_first_page_and_sees_only_the_labelling(
    store: Store, project: str, rita: tuple[str, str]
) -> None:
    queue_for(store, project, rita[0])
    assert "3 examples to label" in words(opened(store, rita[1], "home"))
    one = finding.ids(store, project, Filter())[0]
    at = opened(store, rita[1], "examples", project=project, example=one)
    assert "0 of 3" in words(at) and not [b for b in at.button if (b.key or "").startswith("example-")]
    assert not at.get("download_button")


def test_someone_who_is_not_asked_finds_nothing(store: Store, project: str, rita: tuple[str, str]) -> None:
    assert "Nothing waits for your label" in words(opened(store, rita[1], "examples", project=project))


def test_the_whole_queue_by_its_buttons(store: Store, project: str, rita: tuple[str, str]) -> None:
    queue_for(store, project, rita[0])
    at = opened(store, rita[1], "examples", project=project)
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in words(at) and "We answered" in words(at)
    press(at, button(at, "label-approve-"))
    assert "quicker than reading" in words(at) and examples.counts(store, project)["approved"] == 0
    read_then(at, "label-approve-")
    assert "1 of 3" in words(at) and examples.counts(store, project)["approved"] == 1
    read_then(at, "label-reject-")
    assert "Which rule does it break?" in words(at)
    at.text_input[0].set_value("Too curt").run()
    assert "Your access changed" not in words(at) and len(list((store.workspace / "drafts").iterdir())) == 1
    read_then(at, "label-rule-1-")
    assert not list((store.workspace / "drafts").iterdir())
    ids = finding.ids(store, project, Filter())
    label = labels.of_person(store, labels.queues(store, project)[0].id, ids[1], rita[0])
    assert label is not None and (label.criterion, label.note) == ("Tone", "Too curt")
    read_then(at, "label-edit-")
    at.text_area[0].set_value("A better answer.")
    read_then(at, "label-save-")
    assert "labelled everything" in words(at)
    changed = examples.get(store, ids[2])
    assert changed is not None and (changed.ideal, changed.status) == ("A better answer.", Status.approved)
    press(at, button(at, "label-undo-"))
    back = examples.get(store, ids[2])
    assert back is not None and (back.ideal, back.status) == ("Answer 2.", Status.in_review)
    read_then(at, "label-skip-")
    assert "labelled everything" in words(at)


def test_next_back_tag_and_a_changed_mind(store: Store, project: str, rita: tuple[str, str]) -> None:
    queue = queue_for(store, project, rita[0])
    ids = finding.ids(store, project, Filter())
    at = opened(store, rita[1], "examples", project=project)
    press(at, f"label-next-{ids[0]}")
    assert button(at, "label-approve-") == f"label-approve-{ids[1]}"
    read_then(at, "label-approve-")
    press(at, f"label-back-{ids[2]}")
    assert "Your label" in words(at)
    read_then(at, "label-reject-")
    read_then(at, "label-rule-0-")
    changed = labels.of_person(store, queue.id, ids[1], rita[0])
    assert changed is not None and changed.decision is Answer.reject
    press(at, button(at, "label-tag-"))
    press(at, button(at, "label-kind-1-"))
    press(at, button(at, "label-cancel-"))
    tagged = examples.get(store, ids[2])
    assert tagged is not None and tagged.kinds == ("vague",)
    read_then(at, "label-approve-")
    assert button(at, "label-approve-") == f"label-approve-{ids[0]}"  # what was passed over comes again


def test_any_tag_can_be_given_with_those_in_use_offered(store: Store, project: str, rita: tuple[str, str]) -> None:
    queue_for(store, project, rita[0])
    ids = finding.ids(store, project, Filter())
    labelling.tag(store, "dora", project, ids[1], ["checked"])
    at = opened(store, rita[1], "examples", project=project)
    press(at, button(at, "label-words-"))
    field = at.multiselect(key=f"label-tags-{ids[0]}")
    assert field.options == ["checked"]
    field.set_value(["checked", " house style ", "house style"])
    sound(at.run())
    tagged = examples.get(store, ids[0])
    assert tagged is not None and tagged.tags == ("checked", "house style") and tagged.status is Status.in_review
    assert not [b for b in at.button if b.key and b.key.startswith("label-approve-")], "no key decides meanwhile"
    press(at, button(at, "label-cancel-"))
    assert "house style" in words(at) and button(at, "label-approve-") == f"label-approve-{ids[0]}"
    assert labelling.tag(store, rita[0], project, ids[0], tagged.tags).revision == tagged.revision, "nothing to write"
    with pytest.raises(Refusal, match="not here any more"):
        labelling.tag(store, rita[0], project, "gone", ["checked"])


def test_a_second_tab_cannot_label_twice(store: Store, project: str, rita: tuple[str, str]) -> None:
    queue = queue_for(store, project, rita[0])
    one, two = (opened(store, rita[1], "examples", project=project) for _ in range(2))
    stale = button(two, "label-approve-")
    read_then(one, "label-approve-")
    time.sleep(labelling.MIN_SECONDS_ON_SCREEN)
    press(two, stale)
    assert len(labels.every(store, queue.id)) == 1
    assert "labelled this one already" in words(two) and button(two, "label-approve-") != stale


def test_others_are_hidden_until_ones_own_is_in_then_a_designer_settles(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    sam, _ = person(store, "Sam", Role.reviewer)
    queue = queue_for(store, project, rita[0], sam.id)
    first = finding.ids(store, project, Filter())[0]
    example = examples.get(store, first)
    assert example is not None
    labelling.give(store, queue, sam.id, first, Answer.reject, shown=outcome.fingerprint(example), criterion="Facts",
                   seconds=9.0)  # fmt: skip
    at = opened(store, rita[1], "examples", project=project)
    assert "Sam" not in words(at) and "rejected" not in words(at)
    said = opened(store, dora[1], "examples", project=project, **VIEW, **{"label-side": "said"})
    assert "nobody knows whether they agree" in words(said) and "Nothing waits for you" in words(said)
    read_then(at, "label-approve-")
    assert "<b>Sam</b> rejected (Facts)" in words(at)
    said = opened(store, dora[1], "examples", project=project, **VIEW, **{"label-side": "said"})
    told = words(said)
    assert "“Facts” is named 1 time" in told and "Sam rejected it: Facts" in told and "approved examples" in told
    press(said, f"label-settle-approve-{first}")
    settled = examples.get(store, first)
    assert settled is not None and settled.status is Status.approved and "Settled." in words(said)


def test_a_pm_reads_what_was_said_and_changes_nothing(store: Store, project: str, rita: tuple[str, str]) -> None:
    queue_for(store, project, rita[0])
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "examples", project=project, **VIEW)
    assert "You are not asked in this queue" in words(at)
    at = opened(store, session, "examples", project=project, **VIEW, **{"label-side": "said"})
    assert "How much is left" in words(at) and not [b for b in at.button if (b.key or "").startswith("label-settle")]


def test_a_reviewer_sees_only_queues_they_are_in(store: Store, project: str, rita: tuple[str, str]) -> None:
    sam, session = person(store, "Sam", Role.reviewer)
    queue = queue_for(store, project, rita[0])
    for more in ({}, {"queue": queue.id}, {"label-side": "said"}):
        told = words(opened(store, session, "examples", project=project, **VIEW, **more))
        assert "Nothing waits for your label" in told and "Rita" not in told and "You are not asked" not in told


def test_a_closed_queue_keeps_its_results_and_can_still_be_settled(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    odd, _ = person(store, "S*a*m", Role.reviewer)
    queue = queue_for(store, project, rita[0], odd.id)
    first = finding.ids(store, project, Filter())[0]
    example = examples.get(store, first)
    assert example is not None
    shown = outcome.fingerprint(example)
    labelling.give(store, queue, rita[0], first, Answer.reject, shown=shown, seconds=9.0)
    labelling.give(store, queue, odd.id, first, Answer.edit, ideal="Kinder.", shown=shown, seconds=9.0)
    labelling.close_queue(store, dora[0], queue)
    at = opened(store, dora[1], "examples", project=project, **VIEW, **{"label-side": "said"})
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in words(at) and "how much more often people agree" in words(at)
    take = next(b for b in at.button if b.key == f"label-settle-{odd.id}-{first}")
    assert take.label == r"Take S\*a\*m's version"
    press(at, str(take.key))
    settled = examples.get(store, first)
    assert settled is not None and settled.ideal == "Kinder."


def _split(store: Store, project: str, rita: str) -> tuple[Queue, str]:
    """A queue in which two people split on its first example, over the rule on facts."""
    sam, _ = person(store, "Sam", Role.reviewer)
    queue = queue_for(store, project, rita, sam.id)
    first = finding.ids(store, project, Filter())[0]
    example = examples.get(store, first)
    assert example is not None
    shown = outcome.fingerprint(example)
    labelling.give(store, queue, sam.id, first, Answer.reject, shown=shown, criterion="Facts", seconds=9.0)
    labelling.give(store, queue, rita, first, Answer.edit, ideal="Kinder.", shown=shown, seconds=9.0)
    return queue, first


SAID = VIEW | {"label-side": "said"}


def test_whoever_settles_can_write_a_third_version(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    queue, first = _split(store, project, rita[0])
    at = opened(store, dora[1], "examples", project=project, **SAID)
    press(at, f"label-settle-write-{first}")
    field = f"label-settle-text-{queue.id}-{first}"
    assert at.text_area(key=field).value == "Answer 0."
    press(at, f"label-settle-mine-{first}")
    assert "empty or the same as before" in words(at) and not labels.settled(store, queue.id)
    at.text_area(key=field).set_value("Kinder, and right.")
    sound(at.run())
    again = opened(store, dora[1], "examples", project=project, **SAID)
    press(again, f"label-settle-write-{first}")
    assert again.text_area(key=field).value == "Kinder, and right.", "what was typed survives a reload"
    press(again, f"label-settle-mine-{first}")
    settled = examples.get(store, first)
    assert settled is not None and (settled.ideal, settled.status) == ("Kinder, and right.", Status.approved)
    press(again, f"ys-undo-{store.history(project, ['label.settled'])[0].seq}")
    back = examples.get(store, first)
    assert back is not None and back.ideal == "Answer 0." and not labels.settled(store, queue.id)


def test_what_people_split_on_leads_to_the_rule_itself(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    _, first = _split(store, project, rita[0])
    at = opened(store, dora[1], "examples", project=project, **SAID)
    ways = [link.proto.query_string for link in at.get("page_link") if "Sharpen" in link.proto.label]
    assert len(ways) == 2 and all("criterion=Facts" in way for way in ways), "beside the agreement, and the example"
    brief = opened(store, dora[1], "brief", project=project, **{"brief-view": "write", "criterion": "Facts"})
    assert [field.value for field in brief.text_input if field.label == "Name"] == ["Facts"]
    assert "brief-task" not in {field.key for field in brief.text_area}
    brief.text_input(key="brief-c1-name").set_value("Facts first")
    assert "Facts first" in words(sound(brief.run())), "a new name does not lose the place"
    press(brief, "brief-whole")
    assert brief.text_area(key="brief-task").value and brief.text_input(key="brief-c1-name").value == "Facts first"


def test_what_is_in_the_trash_waits_for_nobody(
    store: Store, project: str, dora: tuple[str, str], rita: tuple[str, str]
) -> None:
    _, first = _split(store, project, rita[0])
    step.trash(store, dora[0], project, [first])
    at = opened(store, dora[1], "examples", project=project, **SAID)
    assert "Nothing waits for you." in words(at)


def test_opening_a_queue_says_how_many_cannot_be_approved(store: Store, project: str, dora: tuple[str, str]) -> None:
    step.write(store, dora[0], project, input="No answer yet?", ideal="", slice="a")
    at = opened(store, dora[1], "examples", project=project, **VIEW)
    assert "no ideal output yet" not in words(at)
    at.radio(key="label-which").set_value("draft")
    sound(at.run())
    assert "1 of them has no ideal output yet" in words(at)
