"""Find by meaning and the model's draft, on their pages; the models themselves are in tests/test_resident.py."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from round_seed import found as found_dataset
from round_seed import ready
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import brief as brief_step
from studio import datasets, drafts, projects
from studio.examples import step
from studio.jobs import resident
from studio.records import Brief, Criterion, Role, Split
from studio.review import rounds
from studio.store import Store, arms
from studio.store import examples as rows
from studio.ui import example_parts


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    """(person id, session) of a designer."""
    found, session = person(store, "Dora", Role.designer)
    return found.id, session


def _project(store: Store, actor: str) -> str:
    project = projects.create(store, actor, "Mine").id
    brief = Brief(task="Answer customers.", criteria=(Criterion("Warm"), Criterion("Short")))
    brief_step.save(store, actor, project, brief, note="", changes_meaning=True)
    for text in ("Where is my parcel?", "My package has not arrived", "The lamp flickers"):
        step.write(store, actor, project, input=text, ideal="We look at it.")
    return project


def _until(at: AppTest, said: str, seconds: float = 60.0) -> AppTest:
    end = time.monotonic() + seconds
    while said not in words(sound(at.run())):
        assert time.monotonic() < end, words(at)
        time.sleep(0.3)
    return at


def test_without_the_model_it_says_how_to_get_it(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    at = opened(store, dora[1], "examples", project=project, **{"examples-view": "meaning"})
    assert "The model is not here yet" in words(at)
    example = rows.every(store, project)[0].id
    at = opened(store, dora[1], "examples", project=project, example=example)
    assert at.button(key="example-model-ask").disabled


def _with_draft(
    store: Store, dora: tuple[str, str], project: str, example: str, text: str, done: bool = False
) -> AppTest:
    """The editor as it is once the model has answered: the answer lies in the example's own draft."""
    found = rows.get(store, example)
    assert found is not None
    started = {"asked": found.input, "text": text, "done": done, "tags": [], "reason": ""}
    form = {**example_parts._form(found), "model": started}
    drafts.keep(store, dora[0], f"{project}/example/{example}", form)
    return opened(store, dora[1], "examples", project=project, example=example)


def test_a_fixed_draft_is_kept_as_the_worse_one_with_its_reason(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    example = rows.every(store, project)[0].id
    at = _with_draft(store, dora, project, example, "Your <b>parcel</b> is lost.")
    assert "Your &lt;b&gt;parcel&lt;/b&gt; is lost." in words(at)
    press(at, "example-model-use")
    assert at.text_area(key="example-ideal").value == "Your <b>parcel</b> is lost."
    press(at, "example-model-back")
    assert at.text_area(key="example-ideal").value == "We look at it."
    press(at, "example-model-use")
    at.text_area(key="example-ideal").set_value("Your parcel is late.")
    sound(at.run())
    assert "<ins>late</ins>" in words(at) and "<del>" in words(at)
    at.selectbox(key="example-model-reason").set_value("Warm")
    sound(at.run())
    press(at, "example-save")
    saved = rows.get(store, example)
    assert saved is not None
    assert (saved.ideal, saved.worse, saved.tags) == (
        "Your parcel is late.", "Your <b>parcel</b> is lost.", ("fixed: Warm",),
    )  # fmt: skip


def test_a_draft_taken_as_it_is_or_put_aside_leaves_nothing_behind(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    example = rows.every(store, project)[0].id
    at = _with_draft(store, dora, project, example, "It is on its way.")
    press(at, "example-model-use")
    press(at, "example-save")
    saved = rows.get(store, example)
    assert saved is not None and (saved.ideal, saved.worse, saved.tags) == ("It is on its way.", "", ())
    at = _with_draft(store, dora, project, example, "Another one.")
    press(at, "example-model-aside")
    assert "Another one." not in words(at)
    assert at.button(key="example-model-ask")


def test_a_model_that_wrote_nothing_leaves_nothing_to_use(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    example = rows.every(store, project)[0].id
    at = _with_draft(store, dora, project, example, "", done=True)
    assert "The model wrote nothing" in words(at)
    assert "example-model-use" not in [button.key for button in at.button]
    at.text_area(key="example-ideal").set_value("By hand.")
    sound(at.run())
    press(at, "example-save")
    saved = rows.get(store, example)
    assert saved is not None and (saved.ideal, saved.worse) == ("By hand.", "")


def test_a_draft_that_is_json_is_shown_as_seen(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    example = rows.every(store, project)[0].id
    at = _with_draft(store, dora, project, example, '{"category": "late"}')
    assert "<dt>category</dt>" in words(at)
    press(at, "example-raw")
    assert "<dt>category</dt>" not in words(at)


@pytest.mark.model
def test_asking_for_a_draft_is_noted_and_refused_in_an_open_round(
    store: Store, dora: tuple[str, str], models_cache: Path
) -> None:
    seeded = ready(store, tests=8)
    dataset = found_dataset(store, seeded.dataset)
    inside = datasets.rows_in(store, dataset, Split.test)[0]
    outside = datasets.rows_in(store, dataset, Split.train)[0]
    rounds.open_round(store, "maker", seeded.project, seeded.plan)
    try:
        at = opened(store, dora[1], "examples", project=seeded.project, example=inside.id)
        assert "will not count" in at.button(key="example-model-ask").help
        press(at, "example-model-ask")
        assert "A blind round is open and asks people about this very input" in words(at)
        assert "Waking the model" not in words(at) and dora[0] not in arms.exposed(store, seeded.project)
        at = opened(store, dora[1], "examples", project=seeded.project, example=outside.id)
        press(at, "example-model-ask")
        assert "Waking the model" in words(at) and dora[0] in arms.exposed(store, seeded.project)
    finally:
        resident.of(store.workspace).make_room()


@pytest.mark.model
def test_examples_are_found_by_meaning_while_the_page_goes_on(
    store: Store, dora: tuple[str, str], models_cache: Path
) -> None:
    project = _project(store, dora[0])
    try:
        at = opened(store, dora[1], "examples", project=project, **{"examples-view": "meaning"})
        assert "Waking the model" in words(at)
        at.text_input(key="meaning-query").set_value("a delivery that is late")
        _until(at, "All 3 examples can be found.")
        said = words(_until(at, "where 1 is the same meaning (cosine)"))
        asked = [line.partition("<")[0] for line in said.split('class="ys-asked">')[1:]]
        assert sorted(asked) == ["My package has not arrived", "Where is my parcel?"]
        example = rows.every(store, project)[1].id
        at.checkbox(key=f"meaning-pick-{example}").check()
        sound(at.run())
        press(at, "meaning-to-list")
        assert at.checkbox(key=f"examples-pick-{example}").value
    finally:
        resident.of(store.workspace).make_room()


@pytest.mark.model
def test_the_model_writes_a_draft_meanwhile(store: Store, dora: tuple[str, str], models_cache: Path) -> None:
    project = _project(store, dora[0])
    example = rows.every(store, project)[0].id
    try:
        at = opened(store, dora[1], "examples", project=project, example=example)
        press(at, "example-model-ask")
        assert "Waking the model" in words(at)
        _until(at, "with the brief as its prompt")
        assert at.button(key="example-model-use").label == "Use it in place of mine"
    finally:
        resident.of(store.workspace).make_room()
