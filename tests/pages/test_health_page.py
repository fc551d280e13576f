"""Check and freeze, through the entry script: an empty project, freezing, fixing, waiving, undoing, and who may."""

from __future__ import annotations

import html

import numpy as np
import pytest
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import brief as brief_step
from studio import checking, datasets, health, projects, waivers
from studio.examples import step as example_step
from studio.health import Finding
from studio.jobs.vectors import WIDTH, Vectors, key
from studio.models.files import seal
from studio.records import Brief, Consent, Refusal, Role, Split, Status
from studio.store import Store, briefs, examples
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
    at = freezing(store, dora[1], demo)
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
    at = freezing(store, dora[1], demo)
    at.text_input(key="health-name").input("Once more")
    press(at, "health-freeze")
    assert "frozen already" in words(at) and at.text_input(key="health-name").value == "Once more"
    # It survives a reload as well: a new session of the same person.
    assert freezing(store, dora[1], demo).text_input(key="health-name").value == "Once more"


def test_a_must_fix_finding_opens_its_examples_and_is_accepted_with_a_reason(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    known = examples.every(store, demo)[0]
    other = example_step.write(store, dora[0], demo, input=known.input, ideal="Something else.", slice=known.slice,
                               status=Status.approved)  # fmt: skip
    at = opened(store, dora[1], "health", project=demo)
    assert "must be fixed or accepted" in words(at)
    links = [e.proto for e in at.get("page_link") if other.id in e.proto.query_string]
    assert links and links[0].label == "Open this example"
    at = freezing(store, dora[1], demo)
    assert "must still be fixed" in words(at)
    press(at, "health-freeze")
    assert "Nothing was frozen" in words(at) and not dataset_rows.every(store, demo)
    at = opened(store, dora[1], "health", project=demo)
    press(at, "health-accept-do-contradictions")
    assert "Write down why" in words(at)
    failed = [g.key for g in datasets.candidate(store, demo).report.gates if not g.passed]
    for slug in ("".join(c if c.isalnum() else "-" for c in name.lower()) for name in failed):
        at.text_input(key=f"health-waive-{slug}").input("We answer both ways on purpose.")
        press(at, f"health-accept-do-{slug}")
    assert "Ready to freeze" in words(at) and "Accepted by Dora" in words(at)
    at = freezing(store, dora[1], demo)
    press(at, "health-freeze")
    (frozen,) = dataset_rows.every(store, demo)
    assert frozen.health["waivers"] == dict.fromkeys(failed, "We answer both ways on purpose.")
    assert frozen.health["accepted"]["contradictions"]["person"] == dora[0]
    assert "We answer both ways on purpose." in words(at)
    at = opened(store, dora[1], "health", project=demo)
    press(at, "health-revoke-contradictions")
    assert "must be fixed or accepted" in words(at)


def test_contradictions_are_decided_one_after_the_other(store: Store, dora: tuple[str, str], demo: str) -> None:
    first, second, third = examples.every(store, demo)[:3]
    for known in (first, second, third):
        example_step.write(store, dora[0], demo, input=known.input, ideal="Something else.", slice=known.slice,
                           status=Status.approved)  # fmt: skip
    at = opened(store, dora[1], "health", project=demo, health_view="contradictions")
    assert "Case 1 of 3" in words(at) and "Written by Dora" in words(at)
    press(at, "clash-keep-0")
    assert "Case 2 of 3" in words(at) and "is kept" in words(at)
    press(at, "clash-undo")
    assert "Case 1 of 3" in words(at) and "open again" in words(at)
    press(at, "clash-keep-0")
    press(at, "clash-rule")
    at.text_area(key=_field(at, "rule")).input("The second when the shop is closed.")
    at.text_input(key=_field(at, "name")).input("Closed shop")
    press(at, "clash-do")
    brief = briefs.latest(store, demo)
    assert brief is not None and brief.criteria[-1].name == "Closed shop"
    assert "Case 3 of 3" in words(at)
    press(at, "clash-apart")
    press(at, "clash-do")
    assert "Say in a few words why" in words(at)
    at.text_input(key=_field(at, "why")).input("Two wordings.")
    press(at, "clash-do")
    assert "No two examples contradict each other." in words(at)
    at = opened(store, dora[1], "health", project=demo, health_view="contradictions")
    assert "2 pairs kept side by side" in at.expander[0].label and "Closed shop" in words(at)


def _field(at: AppTest, name: str) -> str:
    return next(e.key or "" for e in (*at.text_area, *at.text_input) if (e.key or "").startswith(f"clash-{name}-"))


def freezing(store: Store, session: str, project: str) -> AppTest:
    return opened(store, session, "health", project=project, health_view="freeze")


def test_undo_of_a_decision_takes_back_that_decision_alone(store: Store, dora: tuple[str, str], demo: str) -> None:
    for known in examples.every(store, demo)[:2]:
        example_step.write(store, dora[0], demo, input=known.input, ideal="Something else.", status=Status.approved)
    at = opened(store, dora[1], "health", project=demo, health_view="contradictions")
    press(at, "clash-keep-0")
    decided = store.recent(demo, dora[0], 1)[0]
    written = example_step.write(store, dora[0], demo, input="In another tab", ideal="Yes.")
    press(at, "clash-undo")
    assert examples.get(store, written.id) is not None
    assert decided.seq not in [act.seq for act in store.recent(demo, dora[0])]


def test_a_waiver_lasts_until_the_finding_grows(store: Store, dora: tuple[str, str], demo: str) -> None:
    known = examples.every(store, demo)[:2]
    example_step.write(store, dora[0], demo, input=known[0].input, ideal=known[0].ideal, status=Status.approved)
    at = opened(store, dora[1], "health", project=demo)
    at.text_input(key="health-waive-exact-duplicates").input("Seen <b>twice</b> in life.")
    press(at, "health-accept-do-exact-duplicates")
    assert "Seen &lt;b&gt;twice&lt;/b&gt; in life. Accepted by Dora" in words(at)
    example_step.write(store, dora[0], demo, input=known[1].input, ideal=known[1].ideal, status=Status.approved)
    sound(at.run())
    assert "2 examples in it now were not" in words(at) and "Accepted by Dora" not in words(at)


def test_another_case_in_place_of_an_accepted_one_is_not_accepted(store: Store, demo: str) -> None:
    def findings() -> health.HealthReport:
        return checking.now(store, demo).checkup.report

    def twice() -> Finding:
        return next(f for f in findings().findings if f.check == "exact_duplicates")

    known = examples.every(store, demo)[:2]
    twin = example_step.write(store, "maker", demo, input=known[0].input, ideal=known[0].ideal, status=Status.approved)
    waivers.accept(store, "maker", demo, twice(), "Seen twice in life.")
    assert list(waivers.standing(store, demo, findings())) == ["exact_duplicates"]
    example_step.trash(store, "maker", demo, [twin.id])
    example_step.write(store, "maker", demo, input=known[1].input, ideal=known[1].ideal, status=Status.approved)
    assert twice().count == 1 and waivers.standing(store, demo, findings()) == {}
    assert list(waivers.outgrown(store, demo, findings())) == ["exact_duplicates"]


def test_too_few_examples_still_shows_the_checks(store: Store, dora: tuple[str, str], demo: str) -> None:
    ids = [e.id for e in examples.every(store, demo)]
    example_step.trash(store, dora[0], demo, ids[5:])
    at = opened(store, dora[1], "health", project=demo)
    assert "at least 20 are needed" in words(at)
    assert not [b for b in at.button if b.key == "health-freeze"]


def test_too_few_cannot_be_accepted(store: Store, dora: tuple[str, str]) -> None:
    project = projects.create(store, dora[0], "Mine").id
    brief_step.save(store, dora[0], project, Brief(task="Answer."), note="", changes_meaning=True)
    example_step.write(store, dora[0], project, input="Where is it?", ideal="On its way.", status=Status.approved)
    at = opened(store, dora[1], "health", project=project)
    assert "at least 20 are needed" in words(at)
    assert "health-accept-do-too-few" not in [button.key for button in at.button]
    (few,) = [f for f in checking.now(store, project).checkup.report.findings if f.check == "too_few"]
    with pytest.raises(Refusal, match="cannot be accepted"):
        waivers.accept(store, dora[0], project, few, "We are in a hurry.")
    assert not health.with_waivers(checking.now(store, project).checkup.report, {"too_few": "In a hurry."}).ready


def test_a_pm_reads_and_cannot_freeze_and_a_reviewer_sees_nothing(store: Store, demo: str) -> None:
    at = freezing(store, person(store, "Pia", Role.pm)[1], demo)
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
    at = freezing(store, dora[1], demo)
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


def test_a_finding_is_mended_on_its_card(store: Store, dora: tuple[str, str], demo: str) -> None:
    known = examples.every(store, demo)[0]
    twin = example_step.write(store, dora[0], demo, input=known.input, ideal=known.ideal, status=Status.approved)
    at = opened(store, dora[1], "health", project=demo)
    press(at, "health-fix-one-exact-duplicates")
    assert "1 example moved to the trash. Undo takes it back." in words(at)
    assert twin.id not in {e.id for e in examples.every(store, demo)}
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    press(at, "health-only-exact-duplicates-0-1")
    assert len({known.id, twin.id} & {e.id for e in examples.every(store, demo)}) == 1


def test_a_label_is_said_to_be_right_and_looked_at_again(store: Store, dora: tuple[str, str]) -> None:
    project = projects.create(store, dora[0], "Mine").id
    brief_step.save(store, dora[0], project, Brief(task="Sort."), note="", changes_meaning=True)
    folder = store.workspace / "models" / "minilm"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    cache, labels = Vectors.of(store.workspace, seal(folder, "minilm", "", "none").sha256), ("bug", "access", "billing")
    made = np.eye(3, WIDTH, dtype=np.float32)[np.arange(45) % 3]
    made += np.random.default_rng(3).normal(0, 0.02, made.shape).astype(np.float32)
    texts = [f"question number {n}" for n in range(45)]
    cache.append([key(text) for text in texts], made / np.linalg.norm(made, axis=1, keepdims=True))
    for n, text in enumerate(texts):
        ideal = labels[(n + (n == 4)) % 3]
        example_step.write(store, dora[0], project, input=text, ideal=ideal, status=Status.approved)
    checking.now(store, project)  # the first one loads the library, which is not what the page is given its time for
    at = opened(store, dora[1], "health", project=project)
    assert "unlike those of examples that mean nearly the same: 1 of 45" in words(at)
    press(at, "health-suggested-label-noise-0-0-right")
    assert "unlike those of examples that mean nearly the same: 1" not in words(at)
    assert "1 label said to be right" in [e.label for e in at.expander] and "question number 4" in words(at)
    (again,) = [str(b.key) for b in at.button if str(b.key).startswith("health-unright-")]
    press(at, again)
    assert "unlike those of examples that mean nearly the same: 1 of 45" in words(at)


def test_the_map_says_what_it_needs(store: Store, dora: tuple[str, str], demo: str) -> None:
    at = opened(store, dora[1], "health", project=demo, health_view="map")
    assert "There is no map yet" in words(at) and not at.get("plotly_chart")


def test_consent_and_licence_are_noted_for_all_at_once(store: Store, dora: tuple[str, str]) -> None:
    project = projects.create(store, dora[0], "Mine").id
    brief_step.save(store, dora[0], project, Brief(task="Answer."), note="", changes_meaning=True)
    for number in range(2):
        example_step.write(store, dora[0], project, input=f"Question {number}", ideal="A fine answer.")
    example_step.write(store, dora[0], project, input="Noted", ideal="A fine answer.", licence="CC BY 4.0",
                       consent=Consent.given)  # fmt: skip
    at = opened(store, dora[1], "health", project=project)
    at.selectbox(key="health-consent-consent-unknown").select("given")
    at.text_input(key="health-licence-consent-unknown").input("CC BY 4.0")
    press(at, "health-rights-do-consent-unknown")
    assert "Noted for 2 examples" in words(at)
    assert {(e.consent, e.licence) for e in examples.every(store, project)} == {(Consent.given, "CC BY 4.0")}
