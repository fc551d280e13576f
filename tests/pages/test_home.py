"""The first page: what a newcomer, a team and a reviewer find there; every change can be taken back."""

from __future__ import annotations

import pytest
from round_seed import ready, vote_like_the_script
from signed_in import opened, person, press, sound, with_menu, words

from studio import projects
from studio.records import Refusal, Role
from studio.review import rounds
from studio.store import Store, examples
from studio.store import projects as rows


def test_a_newcomer_finds_the_one_next_thing_and_lands_on_the_brief(store: Store) -> None:
    _, session = person(store, "Dora", Role.designer)
    at = opened(store, session, "home")
    assert "Start with one thing" in words(at)
    at.text_input(key="home-new-name").set_value("Late deliveries")
    press(at, "home-create")
    assert [p.name for p in rows.every(store)] == ["Late deliveries"]
    assert "Write down what good looks like" in words(at)


def test_a_refused_name_stays_in_its_field(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    projects.create(store, dora.id, "Taken")
    at = opened(store, session, "home")
    at.text_input(key="home-new-name").set_value("Taken")
    press(at, "home-create")
    assert "There is a project called “Taken” already" in words(at)
    assert at.text_input(key="home-new-name").value == "Taken"


def test_an_example_project_starts_with_its_brief_and_examples(store: Store) -> None:
    _, session = person(store, "Dora", Role.designer)
    at = press(opened(store, session, "home"), "home-from-ticket-triage")
    assert "Tickets sorted as JSON" in words(at)
    at = opened(store, session, "home")
    assert "2 of 8 steps done" in words(at)


def test_rename_archive_and_back(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    made = projects.create(store, dora.id, "First <b>name</b>").id
    at = with_menu(opened(store, session, "home"), made)
    assert "First &lt;b&gt;name&lt;/b&gt;" in words(at)
    at.text_input(key=f"home-rename-{made}").set_value("Second name")
    press(at, f"home-rename-do-{made}")
    assert "Second name" in words(at)
    press(at, f"home-archive-{made}")
    assert not rows.every(store)
    press(at, f"home-back-{made}")
    assert [p.name for p in rows.every(store)] == ["Second name"]


def test_duplicate_lands_on_the_copy_and_can_be_taken_back(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    made = projects.from_demo(store, dora.id, "ticket-triage")
    at = press(with_menu(opened(store, session, "home"), made.id), f"home-copy-{made.id}")
    copy = rows.every(store)[-1]
    assert copy.name == f"{made.name} (copy)" and "is ready with 318 examples" in words(at)
    at = opened(store, session, "home")
    press(at, f"ys-undo-{store.recent(copy.id, dora.id)[0].seq}")
    assert [each.id for each in rows.every(store)] == [made.id]


def test_a_template_is_offered_first_and_brings_its_brief_without_examples(store: Store) -> None:
    pia, session = person(store, "Pia", Role.pm)
    made = projects.from_demo(store, pia.id, "ticket-triage", "House <i>rules</i>")
    assert "Start without a template" not in [b.label for b in opened(store, session, "home").button]
    at = press(with_menu(opened(store, session, "home"), made.id), f"home-template-{made.id}")
    assert "is offered first now" in words(at)
    dora, session = person(store, "Dora", Role.designer)
    at = with_menu(opened(store, session, "home"), made.id)
    assert f"home-template-{made.id}" not in [b.key for b in at.button], "a PM decides what is a template"
    assert "House &lt;i&gt;rules&lt;/i&gt;" in words(at) and "Brings its brief, with" in words(at)
    order = [b.key for b in at.button]
    assert order.index(f"home-from-{made.id}") < order.index("home-create") < order.index("home-from-ticket-triage")
    at.text_input(key="home-new-name").set_value("Returns")
    press(at, f"home-from-{made.id}")
    assert "“Returns” is ready" in words(at) and "Tickets" not in rows.every(store)[-1].name
    press(opened(store, session, "home"), f"home-from-{made.id}")
    assert [each.name for each in rows.every(store)] == ["House <i>rules</i>", "Returns", "House <i>rules</i> 2"]
    assert not any(examples.counts(store, each.id)["approved"] for each in rows.every(store)[1:])


def test_many_projects_are_found_sorted_and_shown_some_at_a_time(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    made = [projects.create(store, dora.id, f"Project {n:02}").id for n in range(14)]
    projects.rename(store, dora.id, made[3], "Late parcels")
    at = opened(store, session, "home")
    assert "1 to 12 of 14 projects." in words(at) and "Project 13" in words(at) and "Project 00" not in words(at)
    assert words(at).index("Late parcels") < words(at).index("Project 13")
    at.selectbox(key="home-sort").set_value("Name").run()
    assert "Project 00" in words(at) and words(at).index("Late parcels") < words(at).index("Project 00")
    at.text_input(key="home-find").set_value("parcel").run()
    assert "Late parcels" in words(sound(at)) and "Project 00" not in words(at)
    at.segmented_control(key="home-which").set_value("Waiting for you").run()
    assert "No project is like that" in words(sound(at))


def test_only_an_empty_project_can_be_undone(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    made = projects.create(store, dora.id, "Mistake")
    at = opened(store, session, "home")
    press(at, f"ys-undo-{store.recent(made.id, dora.id)[0].seq}")
    assert not rows.every(store)
    full = projects.from_demo(store, dora.id, "ticket-triage")
    created = store.recent(full.id, dora.id)[-1]
    with pytest.raises(Refusal, match="holds work already"):
        store.undo(created.seq, dora.id)


def test_a_reviewer_sees_only_what_waits(store: Store) -> None:
    dora, _ = person(store, "Dora", Role.designer)
    projects.from_demo(store, dora.id, "ticket-triage")
    _, session = person(store, "Rosa", Role.reviewer)
    at = opened(store, session, "home")
    assert "Nothing waits for you" in words(at)
    assert "Tickets sorted as JSON" not in words(at)
    assert not at.button


def test_a_reviewer_reads_how_consistent_they_were_once_a_round_is_over(store: Store) -> None:
    seeded = ready(store, tests=8)
    rita, session = person(store, "Rita", Role.reviewer)
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    vote_like_the_script(store, found, rita, 5)
    said = words(opened(store, session, "home"))
    assert "left for you" in said and "you have judged 5." in said and "Your closed rounds" not in said
    vote_like_the_script(store, found, rita)
    said = words(opened(store, session, "home"))
    assert any("One last question" in link.proto.label for link in opened(store, session, "home").get("page_link"))
    assert "Your closed rounds" in said and "You judged 16 pairs" in said and "Nothing waits for you" in said
    assert not any(facts["name"] in said for facts in found.registration["arms"].values())
