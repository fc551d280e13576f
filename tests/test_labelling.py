"""Labelling: who is asked, what a label decides, what stays hidden, what is settled, and what a rebuild gives back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Thread

import pytest

from studio import brief as brief_step
from studio import people, projects
from studio.advice import evidence
from studio.examples import labelling, outcome, pace, step
from studio.examples.acting import Change, change
from studio.examples.outcome import Standing
from studio.records import Brief, Example, Refusal, Role, Slice, Status
from studio.review import independence
from studio.store import Store, arms, examples, labels
from studio.store.labels import Answer, Queue

READ = 5.0


@pytest.fixture
def team(store: Store) -> dict[str, str]:
    """Name -> id of a designer and three reviewers."""
    roles = {"dora": Role.designer, "rita": Role.reviewer, "sam": Role.reviewer, "tom": Role.reviewer}
    joined = {
        name: people.join(store, people.make_invitation(store, "studio", name, role), "")
        for name, role in roles.items()
    }
    return {name: found.person.id for name, found in joined.items()}


@pytest.fixture
def project(store: Store, team: dict[str, str]) -> str:
    made = projects.create(store, team["dora"], "Mine").id
    slices = (Slice("plain"), Slice("twice", second_approval=True))
    brief_step.save(store, team["dora"], made, Brief(task="Answer", slices=slices), note="", changes_meaning=True)
    return made


def written(store: Store, project: str, count: int, slice: str = "plain") -> list[str]:
    return [
        step.write(store, "dora", project, input=f"Question {n}?", ideal=f"Answer {n}.", slice=slice).id
        for n in range(count)
    ]


def opened(store: Store, project: str, items: list[str], persons: list[str], **more: object) -> Queue:
    return labelling.open_queue(store, "dora", project, "First", items, persons, seed="s", **more)  # type: ignore[arg-type]


def now(store: Store, example: str) -> Example:
    found = examples.get(store, example)
    assert found is not None
    return found


def say(store: Store, queue: Queue, person: str, item: str, what: Answer, **more: object) -> outcome.Outcome:
    shown = outcome.fingerprint(now(store, item))
    return labelling.give(store, queue, person, item, what, shown=shown, seconds=READ, **more)  # type: ignore[arg-type]


def test_the_deal_is_fair_shares_a_sample_and_is_the_same_again() -> None:
    items, persons = [f"e{n}" for n in range(100)], ["a", "b", "c"]
    dealt = labelling.deal(items, persons, 2, 0.2, "seed")
    assert dealt == labelling.deal(items, persons, 2, 0.2, "seed") != labelling.deal(items, persons, 2, 0.2, "other")
    assert [item for item, _ in dealt] == items
    assert Counter(len(asked) for _, asked in dealt) == {1: 80, 2: 20}
    assert all(len(set(asked)) == len(asked) for _, asked in dealt)
    loads = Counter(person for _, asked in dealt for person in asked)
    assert max(loads.values()) - min(loads.values()) <= 1


def test_one_person_one_label_decides_in_the_same_act(store: Store, project: str, team: dict[str, str]) -> None:
    rita = team["rita"]
    queue = opened(store, project, written(store, project, 4), [rita])
    for what, status in (
        (Answer.approve, Status.approved), (Answer.reject, Status.rejected), (Answer.edit, Status.approved),
        (Answer.skip, Status.draft),
    ):  # fmt: skip
        seat = labelling.seat(store, queue, rita)
        assert seat.example is not None
        before = store.version
        say(store, queue, rita, seat.example.id, what, ideal="Better." if what is Answer.edit else "")
        assert store.version == before + 1 and now(store, seat.example.id).status is status
        assert what is not Answer.edit or now(store, seat.example.id).ideal == "Better."
    end = labelling.seat(store, queue, rita)
    assert (end.example, end.done, end.total) == (None, 4, 4)


def test_a_stale_or_double_press_never_makes_a_second_label(store: Store, project: str, team: dict[str, str]) -> None:
    rita = team["rita"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita])
    labelling.seat(store, queue, rita)
    shown = outcome.fingerprint(now(store, item))
    with pytest.raises(Refusal, match="quicker than reading"):
        labelling.give(store, queue, rita, item, Answer.approve, shown=shown)
    say(store, queue, rita, item, Answer.approve)
    before = store.version
    with pytest.raises(Refusal, match="labelled this one already"):
        say(store, queue, rita, item, Answer.reject)
    assert store.version == before and len(labels.every(store, queue.id)) == 1
    with pytest.raises(Refusal, match="not in your part"):
        say(store, queue, team["sam"], item, Answer.approve)


def test_a_label_is_of_the_text_that_was_on_screen(store: Store, project: str, team: dict[str, str]) -> None:
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [team["rita"]])
    shown = outcome.fingerprint(now(store, item))
    step.edit(store, "dora", project, now(store, item), ideal="Changed.")
    with pytest.raises(Refusal, match="Somebody changed this example"):
        labelling.give(store, queue, team["rita"], item, Answer.approve, shown=shown, seconds=READ)
    say(store, queue, team["rita"], item, Answer.approve)


@pytest.mark.parametrize(("what", "ideal"), [(Answer.edit, " "), (Answer.edit, "Answer 0.")])
def test_an_edit_needs_a_text_of_its_own(
    store: Store, project: str, team: dict[str, str], what: Answer, ideal: str
) -> None:
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [team["rita"]])
    with pytest.raises(Refusal, match="empty or the same"):
        say(store, queue, team["rita"], item, what, ideal=ideal)


def test_what_others_said_is_hidden_until_ones_own_is_in(store: Store, project: str, team: dict[str, str]) -> None:
    rita, sam = team["rita"], team["sam"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita, sam], overlap=2, share=1.0)
    assert say(store, queue, rita, item, Answer.approve).standing is Standing.waiting
    assert now(store, item).status is Status.draft
    hidden = labelling.seat(store, queue, sam)
    assert hidden.example is not None and hidden.said == ()
    assert say(store, queue, sam, item, Answer.approve).standing is Standing.agreed
    assert now(store, item).status is Status.approved and set(now(store, item).approvals) == {rita, sam}
    back = labelling.seat(store, queue, sam, item)
    assert [label.person for label in back.said] == [sam, rita]


def test_people_who_split_leave_it_to_a_designer(store: Store, project: str, team: dict[str, str]) -> None:
    rita, sam = team["rita"], team["sam"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita, sam], overlap=2, share=1.0)
    with pytest.raises(Refusal, match="not one that people split on"):
        labelling.settle(store, team["dora"], queue, item, Answer.approve)
    say(store, queue, rita, item, Answer.approve)
    assert say(store, queue, sam, item, Answer.reject, criterion="Tone").standing is Standing.divided
    assert now(store, item).status is Status.draft
    settled = labelling.settle(store, team["dora"], queue, item, Answer.edit, ideal="Kinder.", note="tone")
    assert (settled.status, settled.ideal, settled.approvals) == (Status.approved, "Kinder.", (team["dora"],))
    assert labels.settled(store, queue.id) == {item: team["dora"]}
    with pytest.raises(Refusal, match="settled this item"):
        say(store, queue, sam, item, Answer.approve, change=True)
    store.undo(store.version, team["dora"])
    assert labels.settled(store, queue.id) == {} and now(store, item).ideal == "Answer 0."


def test_different_texts_are_no_agreement(store: Store, project: str, team: dict[str, str]) -> None:
    rita, sam = team["rita"], team["sam"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita, sam], overlap=2, share=1.0)
    say(store, queue, rita, item, Answer.approve)
    step.edit(store, "dora", project, now(store, item), ideal="Changed.")
    assert say(store, queue, sam, item, Answer.approve).standing is Standing.divided


def test_a_label_changes_and_is_taken_back_with_all_that_followed(
    store: Store, project: str, team: dict[str, str]
) -> None:
    rita, sam = team["rita"], team["sam"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita, sam], overlap=2, share=1.0)
    say(store, queue, rita, item, Answer.approve)
    say(store, queue, sam, item, Answer.approve)
    assert say(store, queue, rita, item, Answer.reject, change=True).standing is Standing.divided
    assert now(store, item).status is Status.in_review and now(store, item).approvals == ()
    assert labelling.take_back(store, queue, rita) == item
    assert now(store, item).status is Status.approved
    with pytest.raises(Refusal, match="Others finished this item"):
        labelling.take_back(store, queue, rita)
    labelling.take_back(store, queue, sam)
    assert now(store, item).status is Status.draft
    labelling.take_back(store, queue, rita)
    with pytest.raises(Refusal, match="no label in this queue"):
        labelling.take_back(store, queue, rita)


def test_a_label_that_its_own_giver_changed_is_not_said_to_be_others_doing(
    store: Store, project: str, team: dict[str, str]
) -> None:
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [team["rita"]])
    say(store, queue, team["rita"], item, Answer.approve)
    first = store.version
    say(store, queue, team["rita"], item, Answer.reject, change=True)
    with pytest.raises(Refusal, match="You changed this label since"):
        store.undo(first, team["rita"])


def test_a_slice_of_two_approvals_waits_for_the_second(store: Store, project: str, team: dict[str, str]) -> None:
    item = written(store, project, 1, "twice")[0]
    queue = opened(store, project, [item], [team["rita"]])
    say(store, queue, team["rita"], item, Answer.approve)
    assert (now(store, item).status, now(store, item).approvals) == (Status.in_review, (team["rita"],))
    assert step.mark(store, team["dora"], project, [item], Status.approved) == 1


@pytest.mark.parametrize("way", ["label", "settlement", "bulk", "edit"])
def test_only_complete_approvals_settle_a_recheck(store: Store, project: str, team: dict[str, str], way: str) -> None:
    rita, sam, dora = team["rita"], team["sam"], team["dora"]
    plain, twice = written(store, project, 1)[0], written(store, project, 1, "twice")[0]
    items = [plain, twice]
    change(store, dora, project, items, Change(recheck="The policy changed"))
    if way == "label":
        queue = opened(store, project, items, [rita])
        for item in items:
            say(store, queue, rita, item, Answer.approve)
    elif way == "settlement":
        queue = opened(store, project, items, [rita, sam], overlap=2, share=1.0)
        for item in items:
            say(store, queue, rita, item, Answer.edit, ideal="Other.")
            say(store, queue, sam, item, Answer.reject)
            labelling.settle(store, dora, queue, item, Answer.approve)
    elif way == "bulk":
        step.mark(store, dora, project, items, Status.approved)
    else:
        for item in items:
            step.edit(store, dora, project, now(store, item), status=Status.approved)
    assert (now(store, plain).status, now(store, plain).recheck) == (Status.approved, "")
    assert (now(store, twice).status, now(store, twice).recheck) == (Status.in_review, "The policy changed")


def test_the_last_two_labels_in_one_moment_still_decide(store: Store, project: str, team: dict[str, str]) -> None:
    persons = [team[name] for name in ("rita", "sam", "tom")]
    items = written(store, project, 12)
    queue = opened(store, project, items, persons, overlap=3, share=1.0)

    def work(person: str) -> None:
        for item in items:
            say(store, queue, person, item, Answer.reject)

    threads = [Thread(target=work, args=(person,)) for person in persons]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(labels.every(store, queue.id)) == 36
    assert all(now(store, item).status is Status.rejected for item in items)


def test_going_on_and_back_without_a_label(store: Store, project: str, team: dict[str, str]) -> None:
    rita = team["rita"]
    items = written(store, project, 3)
    queue = opened(store, project, items, [rita])
    seat = labelling.seat(store, queue, rita, after=0)
    assert seat.example is not None and seat.example.id == items[1]
    assert labels.beside(store, queue.id, rita, seat.position) == items[0]
    step.trash(store, "dora", project, [items[2]])
    again = labelling.seat(store, queue, rita, after=1)
    assert again.example is not None and again.example.id == items[0]  # the trashed one is passed over
    other = labelling.seat(store, queue, rita, "not-mine")
    assert other.example is not None and other.example.id == items[0]


def test_what_is_in_the_trash_waits_for_nobody(store: Store, project: str, team: dict[str, str]) -> None:
    rita = team["rita"]
    items = written(store, project, 3)
    queue = opened(store, project, items, [rita])
    say(store, queue, rita, items[0], Answer.skip)
    step.trash(store, "dora", project, items[:2])
    seat = labelling.seat(store, queue, rita)
    assert (seat.done, seat.total) == (0, 1) and labelling.waiting_for(store, project, rita) == [(queue, 1)]
    say(store, queue, rita, items[2], Answer.skip)
    assert labelling.waiting_for(store, project, rita) == []
    step.trash(store, "dora", project, items[:2], trashed=False)
    assert labelling.waiting_for(store, project, rita) == [(queue, 1)]


def test_what_cannot_be_opened_is_refused(store: Store, project: str, team: dict[str, str]) -> None:
    items = written(store, project, 2)
    for what, who, more, why in (
        ([], [team["rita"]], {}, "No example"), (items, [], {}, "Nobody"), (items, ["gone"], {}, "not here any more"),
        (items, [team["rita"]], {"overlap": 2}, "cannot share"), (["elsewhere"], [team["rita"]], {}, "not in this"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=why):
            opened(store, project, what, who, **more)
    assert labels.queues(store, project) == []


def test_a_queue_opens_closes_and_is_undone(store: Store, project: str, team: dict[str, str]) -> None:
    items = written(store, project, 2)
    queue = opened(store, project, items, [team["rita"]])
    store.undo(store.version, "dora")
    assert labels.queues(store, project) == [] and labels.asked(store, queue.id, items[0]) == (-1, [])
    queue = opened(store, project, items, [team["rita"]])
    opening = store.version
    say(store, queue, team["rita"], items[0], Answer.skip)
    with pytest.raises(Refusal, match="People have labelled"):
        store.undo(opening, "dora")
    labelling.close_queue(store, "dora", queue)
    with pytest.raises(Refusal, match="closed"):
        say(store, queue, team["rita"], items[1], Answer.skip)


def test_whoever_was_shown_an_example_stays_outside_blind_rounds(
    store: Store, project: str, team: dict[str, str]
) -> None:
    def votes_count(person: str) -> bool:
        return person in {p.id for p in independence.independent_people(store, project)}

    queue = opened(store, project, written(store, project, 2), [team["rita"], team["sam"]])
    assert votes_count(team["rita"]) and votes_count(team["sam"])
    before = store.version
    for _ in range(2):
        shown = labelling.seat(store, queue, team["rita"])
    assert store.version == before + 1 and not votes_count(team["rita"]) and votes_count(team["sam"])
    with pytest.raises(Refusal):
        store.undo(store.version, team["rita"])
    assert shown.example is not None
    say(store, queue, team["rita"], shown.example.id, Answer.approve)
    labelling.take_back(store, queue, team["rita"])
    assert not votes_count(team["rita"]) and not arms.exposed(store, project)


def test_kinds_are_marked_and_unmarked(store: Store, project: str) -> None:
    item = written(store, project, 1)[0]
    assert labelling.toggle_kind(store, "rita", project, item, "vague").kinds == ("vague",)
    assert labelling.toggle_kind(store, "rita", project, item, "vague").kinds == ()


def test_a_rebuild_gives_the_same_labels(workspace: Path) -> None:
    store = Store.open(workspace)
    found = people.join(store, people.make_invitation(store, "studio", "rita", Role.reviewer), "").person
    project = projects.create(store, "dora", "Mine").id
    items = written(store, project, 3)
    queue = opened(store, project, items, [found.id])
    labelling.seat(store, queue, found.id)
    for item in items:
        say(store, queue, found.id, item, Answer.approve)
    labelling.take_back(store, queue, found.id)
    before = (labels.every(store, queue.id), examples.every(store, project), labels.queues(store, project))
    store.close()
    store = Store.rebuilt(workspace)
    assert (labels.every(store, queue.id), examples.every(store, project), labels.queues(store, project)) == before
    assert labels.seen(store, queue, found.id)
    store.close()


def test_agreement_is_told_from_what_each_said_first(store: Store, project: str, team: dict[str, str]) -> None:
    rita, sam = team["rita"], team["sam"]
    followed, slip, rewritten, stale = written(store, project, 4)
    queue = opened(store, project, [followed, slip, rewritten, stale], [rita, sam], overlap=2, share=1.0)
    say(store, queue, rita, followed, Answer.approve)
    say(store, queue, sam, followed, Answer.reject)
    say(store, queue, sam, followed, Answer.approve, change=True)  # after seeing what Rita said
    say(store, queue, rita, slip, Answer.reject)
    say(store, queue, rita, slip, Answer.approve, change=True)  # before anybody else
    say(store, queue, sam, slip, Answer.approve)
    say(store, queue, rita, rewritten, Answer.edit, ideal="One.")
    say(store, queue, sam, rewritten, Answer.edit, ideal="Another.")
    say(store, queue, rita, stale, Answer.approve)
    step.edit(store, "dora", project, now(store, stale), ideal="Changed.")
    say(store, queue, sam, stale, Answer.approve)
    told = pace.together(labels.heard(store, queue.id), labels.shared_out(store, queue.id))
    assert (told.items, told.agreed) == (3, 1) and {item for item, _ in told.split} == {followed, rewritten}


def test_a_label_taken_back_after_seeing_others_stays_the_first(
    store: Store, project: str, team: dict[str, str]
) -> None:
    rita, sam = team["rita"], team["sam"]
    item = written(store, project, 1)[0]
    queue = opened(store, project, [item], [rita, sam], overlap=2, share=1.0)
    say(store, queue, rita, item, Answer.approve)
    say(store, queue, sam, item, Answer.reject)
    labelling.take_back(store, queue, sam)
    assert [label.person for label in labels.heard(store, queue.id)] == [rita]
    say(store, queue, sam, item, Answer.approve)
    again = opened(store, project, [item], [sam])  # one person in two queues is one person
    say(store, again, sam, item, Answer.approve)
    both = labels.heard(store, queue.id) + labels.heard(store, again.id)
    assert [label.decision for label in outcome.firsts(both)[item]] == [Answer.approve, Answer.reject]
    assert evidence.agreed_on(store, project)[1] == 1
