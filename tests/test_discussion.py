"""Comments on a round's verdict: who may write, whom they name, what waits for whom, and how they are taken back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from round_seed import person, ready, vote_like_the_script

from studio import discussion, people, projects
from studio.records import Person, Refusal, Role, Round
from studio.review import rounds
from studio.store import Store, comments
from studio.store import people as people_rows
from studio.ui import act_words

NAMED = {"a1f2": "Ann", "a3f4": "Ann Lee", "b5c6d7": "Bo#b5c6", "b8e9f0": "Bo#b8e9"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(Path(tmp_path_factory.mktemp("said")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(store: Store) -> Round:
    seeded = ready(store, tests=8)
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,))
    opened = rounds.open_round(store, "pia", seeded.project, plan)
    with pytest.raises(Refusal, match="no verdict to speak of yet"):
        discussion.add(store, person(store, "Early", Role.pm), opened, "How is it going?")
    return vote_like_the_script(store, opened, person(store, "Rita", Role.reviewer))


@pytest.fixture(scope="module")
def pia(store: Store) -> Person:
    return person(store, "Pia", Role.pm)


@pytest.fixture(scope="module")
def dora(store: Store) -> Person:
    return person(store, "Dora", Role.designer)


def last(store: Store, found: Round) -> comments.Remark:
    return comments.of_round(store, found.id)[-1]


def test_names_are_read_longest_first_and_only_where_they_end() -> None:
    told = discussion.read("@ann lee, ask @Ann. Not ann@Ann nor @Annette nor @nobody", NAMED)
    assert told.body == "@[a3f4], ask @[a1f2]. Not ann@Ann nor @Annette nor @nobody"
    assert told.mentions == ("a3f4", "a1f2") and told.unknown == ("Annette", "nobody")
    with pytest.raises(Refusal, match="pick the one you mean below it, such as @Bo#"):
        discussion.read("@Bo?", NAMED)
    assert discussion.read("@bo#b8e9!", NAMED).mentions == ("b8e9f0",)


@given(st.text(alphabet="@[] anlebo#158cf.\n", max_size=40))
def test_what_was_typed_can_be_read_again(text: str) -> None:
    """Nothing but the names changes, and what somebody types that looks like a kept name names nobody."""
    try:
        told = discussion.read(text, NAMED)
    except Refusal:
        return
    remark = comments.Remark("c", "p", "r", told.body, "x", "", "", "", False, "", told.mentions)
    back = discussion.said(remark, NAMED)
    assert back.casefold() == text.strip().casefold() or any(f"@[{p}]" in text for p in told.mentions)


def test_a_mention_waits_until_it_is_answered(store: Store, found: Round, pia: Person, dora: Person) -> None:
    discussion.add(store, pia, found, "@Dora is the floor right? cc @Pia")
    first = last(store, found)
    (waits,) = discussion.waiting(store, dora)
    assert (waits.by, waits.text, waits.remark, waits.project) == (
        "Pia", "@Dora is the floor right? cc @Pia", first, found.project,
    )  # fmt: skip
    assert discussion.waiting(store, pia) == (), "nobody waits for what they wrote themselves"
    discussion.answer(store, dora, discussion.threads(store, found)[0], "It is, @Pia")
    assert discussion.waiting(store, dora) == () and len(discussion.waiting(store, pia)) == 1
    (thread,) = discussion.threads(store, found)
    assert [each.body for each in thread.answers] == [f"It is, @[{pia.id}]"]
    discussion.settle(store, dora, thread, True)
    assert discussion.waiting(store, pia) == ()
    with pytest.raises(Refusal, match="said so already"):
        discussion.settle(store, pia, thread, True)
    assert act_words.told(store, store.recent(found.project, dora.id)[0]) == "Thread on the verdict settled"
    store.undo(store.version, dora.id)
    assert len(discussion.waiting(store, pia)) == 1
    projects.archive(store, pia.id, found.project, archived=True)
    assert discussion.waiting(store, pia) == ()
    projects.archive(store, pia.id, found.project, archived=False)
    with pytest.raises(Refusal, match="belongs to another thread"):
        discussion.answer(store, pia, discussion.Thread(last(store, found), ()), "and")


def test_only_its_author_rewords_it_for_a_while_and_takes_it_back(
    store: Store, found: Round, pia: Person, dora: Person
) -> None:
    discussion.add(store, pia, found, "Wait for @Dora")
    one = last(store, found)
    with pytest.raises(Refusal, match="Only the person who wrote"):
        discussion.edit(store, dora, one, "Do not wait")
    discussion.edit(store, pia, one, "Wait for nobody")
    again = last(store, found)
    assert (again.body, again.mentions, again.edited > again.at) == ("Wait for nobody", (), True)
    store.undo(store.version, pia.id)
    assert last(store, found) == one
    late = dataclasses.replace(one, at="2020-01-01T00:00:00.000+00:00")
    assert comments.editable_until(late.at) == "2020-01-01T00:30:00.000+00:00"
    discussion.answer(store, dora, discussion.Thread(one, ()), "Why?")
    added = next(act.seq for act in store.recent(found.project, pia.id) if act.kind == "comment.added")
    with pytest.raises(Refusal, match="Somebody answered this comment"):
        store.undo(added, pia.id)
    discussion.take_back(store, pia, one)
    assert comments.of_round(store, found.id)[-2].removed and discussion.waiting(store, dora) == ()
    with pytest.raises(Refusal, match="taken away already"):
        discussion.edit(store, pia, one, "Once more")


def test_reviewers_and_empty_texts_are_refused(store: Store, found: Round, pia: Person) -> None:
    rita = person(store, "Rita the second", Role.reviewer)
    with pytest.raises(Refusal, match="Designers, PMs and admins"):
        discussion.add(store, rita, found, "Hello")
    with pytest.raises(Refusal, match="empty"):
        discussion.add(store, pia, found, " \n")
    with pytest.raises(Refusal, match="at most 2,000 characters"):
        discussion.add(store, pia, found, "a" * 2001)
    told = discussion.add(store, pia, found, "@Rita the second")
    assert told.mentions == () and told.unknown == ("Rita",), "a reviewer does not read the verdict"


def test_a_name_follows_its_person(store: Store, found: Round, pia: Person) -> None:
    eve, _ = person(store, "Eve", Role.pm), person(store, "Ada", Role.admin)
    discussion.add(store, pia, found, "Ask @Eve.")
    store.act("person.changed", people.SYSTEM, {"id": eve.id, "name": "Eva"})
    people.set_active(store, people.SYSTEM, eve.id, False)
    assert discussion.said(last(store, found), people_rows.names(store)) == "Ask @Eva."
    assert eve.id not in discussion.mentionable(store) and eve.id in last(store, found).mentions
    people.change_role(store, people.SYSTEM, eve.id, Role.reviewer)
    assert discussion.waiting(store, dataclasses.replace(eve, role=Role.reviewer)) == ()


def test_what_was_said_of_an_earlier_round_can_still_be_answered(
    store: Store, found: Round, pia: Person, dora: Person
) -> None:
    discussion.add(store, pia, found, "@Dora was that all?")
    (waits,) = discussion.waiting(store, dora)
    going = rounds.open_round(store, "pia", found.project, rounds.Plan(**{
        "candidates": tuple(each.arm for each in found.candidates), "baselines": found.candidates[0].baselines,
        "dataset": found.registration["dataset"],
    }))  # fmt: skip
    assert discussion.earlier(store, found) == () and discussion.threads(store, going) == ()
    thread = discussion.earlier(store, going)[-1]
    assert thread.first == waits.remark
    discussion.answer(store, dora, thread, "It was.")
    assert discussion.waiting(store, dora) == ()
