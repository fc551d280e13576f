"""Check and freeze, through the entry script: an empty project, freezing, fixing, waiving, undoing, and who may."""

from __future__ import annotations

import html

import pytest
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import datasets, projects
from studio.examples import step as example_step
from studio.records import Consent, Refusal, Role, Split, Status
from studio.store import Store, examples
from studio.store import datasets as dataset_rows


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    """A designer: id and session."""
    who, session = person(store, "Dora", Role.designer)
    return who.id, session


@pytest.fixture
def demo(store: Store) -> str:
    return projects.from_demo(store, "maker", "support-replies").id


def test_an_empty_project_says_what_goes_here(store: Store, dora: tuple[str, str]) -> None:
    project = projects.create(store, dora[0], "Mine").id
    at = opened(store, dora[1], "health", project=project)
    assert "Nothing to check yet" in words(at) and "at least 20" in words(at)


def test_freeze_rename_discard_and_undo(store: Store, dora: tuple[str, str], demo: str) -> None:
    at = opened(store, dora[1], "health", project=demo)
    said = words(at)
    splits = datasets.candidate(store, demo).splits
    assert f"{splits['train']:,} to learn from (training set)" in said
    assert f"{splits['test']:,} to test at the end" in said and "Ready to freeze" in said
    at.text_input(key="health-name").input("First <b>set</b>")
    press(at, "health-freeze")
    (frozen,) = dataset_rows.every(store, demo)
    assert frozen.name == "First <b>set</b>" and "First &lt;b&gt;set&lt;/b&gt;" in words(at)
    assert at.text_input(key="health-name").value == ""
    at.text_input(key=f"health-newname-{frozen.id}").input("Second")
    press(at, f"health-rename-do-{frozen.id}")
    assert dataset_rows.every(store, demo)[0].name == "Second"
    press(at, f"health-discard-{frozen.id}")
    assert not dataset_rows.every(store, demo)
    act = store.recent(demo, dora[0], 1)[0]
    press(at, f"ys-undo-{act.seq}")
    assert [d.id for d in dataset_rows.every(store, demo)] == [frozen.id]


def test_a_refusal_keeps_the_name(store: Store, dora: tuple[str, str], demo: str) -> None:
    datasets.freeze(store, "maker", demo)
    at = opened(store, dora[1], "health", project=demo)
    at.text_input(key="health-name").input("Once more")
    press(at, "health-freeze")
    assert "frozen already" in words(at) and at.text_input(key="health-name").value == "Once more"
    # It survives a reload as well: a new session of the same person.
    assert opened(store, dora[1], "health", project=demo).text_input(key="health-name").value == "Once more"


def test_a_must_fix_finding_opens_its_examples_and_is_accepted_with_a_reason(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    known = examples.every(store, demo)[0]
    other = example_step.write(store, dora[0], demo, input=known.input, ideal="Something else.", slice=known.slice,
                               status=Status.approved)  # fmt: skip
    at = opened(store, dora[1], "health", project=demo)
    assert "must be fixed or waived" in words(at) and "must still be fixed" in words(at)
    links = [e.proto for e in at.get("page_link") if other.id in e.proto.query_string]
    assert links and links[0].label == "Open this example"
    press(at, "health-freeze")
    assert "Nothing was frozen" in words(at) and not dataset_rows.every(store, demo)
    fields = [t for t in at.text_input if (t.key or "").startswith("health-waive-")]
    for field in fields:
        field.input("We answer both ways on purpose.")
    press(at, "health-freeze")
    (frozen,) = dataset_rows.every(store, demo)
    assert set(frozen.health["waivers"].values()) == {"We answer both ways on purpose."}
    assert "We answer both ways on purpose." in words(at)


def test_too_few_examples_still_shows_the_checks(store: Store, dora: tuple[str, str], demo: str) -> None:
    ids = [e.id for e in examples.every(store, demo)]
    example_step.trash(store, dora[0], demo, ids[5:])
    at = opened(store, dora[1], "health", project=demo)
    assert "at least 20 are needed" in words(at)
    assert not [b for b in at.button if b.key == "health-freeze"]


def test_a_pm_reads_and_cannot_freeze_and_a_reviewer_sees_nothing(store: Store, demo: str) -> None:
    at = opened(store, person(store, "Pia", Role.pm)[1], "health", project=demo)
    assert "Approved examples by slice" in words(at) and not [b for b in at.button if b.key == "health-freeze"]
    rosa = person(store, "Rosa", Role.reviewer)[1]
    with pytest.raises(Exception, match="Could not find page|health"):
        opened(store, rosa, "health", project=demo)


def test_freezing_the_same_again_is_refused(store: Store, demo: str) -> None:
    datasets.freeze(store, "maker", demo)
    with pytest.raises(Refusal, match="already"):
        datasets.freeze(store, "maker", demo)


def test_a_set_is_compared_with_another_taken_along_and_its_card_read(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    first = datasets.freeze(store, "maker", demo, name="First")
    gone = [e for e in dataset_rows.rows_of(store, first) if e.split is Split.train][:25]
    example_step.trash(store, dora[0], demo, [e.id for e in gone])
    second = datasets.freeze(store, "maker", demo, name="Second")
    at = opened(store, dora[1], "health", project=demo)
    assert "test examples are untouched" in words(at)
    choose(at, f"health-with-{second.id}", "Compare")
    shown = html.unescape(words(at))
    starts = [" ".join(e.input.split())[:60] for e in gone]
    assert "25 taken out; " in shown and all(start in shown for start in starts[:20])
    assert not any(start in shown for start in starts[20:]) and at.get("pagination")
    choose(at, f"health-with-{second.id}", "Card")
    assert "<h2>What nobody checked</h2>" in words(at) and second.sha256 in words(at)
    assert "pretty_name" not in words(at)
    choose(at, f"health-with-{second.id}", "Take it with you")
    assert "datasets.load_dataset reads the unpacked folder" in words(at)
    sound(at.selectbox(key=f"health-take-{second.id}-format").set_value("openai").run())
    assert "not in it: " in words(at) and "Slices, tags, kinds, groups" in words(at)
    assert len([b for b in at.get("download_button") if "health-take" in b.proto.id]) == 1


def choose(at: AppTest, key: str, value: str) -> None:
    at.session_state[key] = value
    sound(at.run())


def test_withdrawn_rights_are_traced_from_the_example(store: Store, dora: tuple[str, str], demo: str) -> None:
    frozen = datasets.freeze(store, "maker", demo, name="First")
    example = dataset_rows.rows_of(store, frozen)[0]
    at = opened(store, dora[1], "examples", project=demo, example=example.id)
    assert [e.label for e in at.expander if "Where it went: 1 frozen set, 0 runs" in e.label]
    current = examples.get(store, example.id)
    assert current is not None
    example_step.edit(store, dora[0], demo, current, consent=Consent.withdrawn)
    at = opened(store, dora[1], "examples", project=demo, example=example.id)
    assert "Consent was withdrawn. These frozen sets hold this example: “First”" in words(at)
    assert "freeze a set without it" in words(at)
    at = opened(store, dora[1], "health", project=demo)
    example_step.mark(store, dora[0], demo, [example.id], Status.approved)
    at = opened(store, dora[1], "health", project=demo)
    assert "may not be used any more" in words(at) and "These frozen sets hold this example: “First”" in words(at)
