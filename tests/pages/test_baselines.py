"""Prompts, through the entry script: from the brief, edited, versioned, retired, undone; tried on validation only."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from signed_in import opened, person, press, words

from studio import baselines, costs, datasets, drafts, outputs, projects
from studio.documents import step as documents
from studio.examples import step as example_step
from studio.records import Arm, ArmKind, Choosing, Dataset, Recipe, Role, Split, canonical, recipe_sha256, sha256
from studio.store import Store, arms
from studio.train import elsewhere
from studio.ui import price_parts


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    """A designer: id and session."""
    who, session = person(store, "Dora", Role.designer)
    return who.id, session


@pytest.fixture
def demo(store: Store) -> str:
    return projects.from_demo(store, "maker", "support-replies").id


def prompt(store: Store, project: str) -> Arm:
    return next(a for a in arms.every(store, project) if a.kind is ArmKind.prompted)


def test_without_a_brief_it_points_to_the_brief(store: Store, dora: tuple[str, str]) -> None:
    project = projects.create(store, dora[0], "Mine").id
    assert "starts from the brief" in words(opened(store, dora[1], "baselines", project=project))


def test_start_edit_version_and_undo(store: Store, dora: tuple[str, str], demo: str) -> None:
    at = opened(store, dora[1], "baselines", project=demo)
    assert "No prompt yet" in words(at)
    press(at, "ys-empty-start")
    arm = prompt(store, demo)
    assert {a.kind for a in arms.every(store, demo)} == {ArmKind.base, ArmKind.prompted}
    field = f"baselines-text-{arm.id}"
    assert "Repeats the order number" in at.text_area(key=field).value and "Sounds like Larkfield" in words(at)
    press(at, "baselines-save")
    assert "Nothing to save" in words(at) and prompt(store, demo).version == 1
    at.text_area(key=field).input("Be brief & <b>kind</b>.")
    press(at, "baselines-save")
    assert prompt(store, demo).version == 2 and prompt(store, demo).system_prompt == "Be brief & <b>kind</b>."
    assert "<ins>" in words(at) and "<b>kind</b>" not in words(at)
    press(at, "baselines-back-1")
    assert prompt(store, demo).version == 3 and "Repeats the order" in prompt(store, demo).system_prompt
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert prompt(store, demo).version == 2 and at.text_area(key=field).value == "Be brief & <b>kind</b>."


def test_a_refusal_and_a_reload_keep_what_was_typed(store: Store, dora: tuple[str, str], demo: str) -> None:
    arm = baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    at.text_input(key="baselines-new-name").input("House prompt")
    press(at, "baselines-new")
    assert "is taken by another arm" in words(at) and at.text_input(key="baselines-new-name").value == "House prompt"
    at.text_area(key=f"baselines-text-{arm.id}").input("Half a thought").run()
    again = opened(store, dora[1], "baselines", project=demo)
    assert again.text_area(key=f"baselines-text-{arm.id}").value == "Half a thought"
    press(again, "baselines-revert")
    assert again.text_area(key=f"baselines-text-{arm.id}").value == arm.system_prompt


def test_somebody_else_saved_meanwhile(store: Store, dora: tuple[str, str], demo: str) -> None:
    arm = baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    at.text_area(key=f"baselines-text-{arm.id}").input("Mine").run()
    baselines.change_prompt(store, "maker", arm, text="Theirs")
    at.run()
    assert "was saved while you were writing" in words(at)
    assert at.text_area(key=f"baselines-text-{arm.id}").value == "Mine"


def test_rename_retire_and_undo(store: Store, dora: tuple[str, str], demo: str) -> None:
    arm = baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    at.text_input(key=f"baselines-name-{arm.id}").input("Short prompt")
    press(at, "baselines-rename-do")
    assert prompt(store, demo).name == "Short prompt"
    press(at, "baselines-retire")
    assert "No prompt yet" in words(at)
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert prompt(store, demo).name == "Short prompt"


def answered(store: Store, dataset: Dataset, arm: Arm, output: str) -> None:
    """Outputs of `arm` on six validation prompts, as a generation leaves them."""
    rows = [
        {"arm": arm.id, "example": e.id, "output": output, "tokens_in": 9, "tokens_out": 9, "seconds": 0.1,
         "similarity": 0.5, "hashes": {"prompt": sha256(arm.system_prompt)}}
        for e in datasets.spread(datasets.rows_in(store, dataset, Split.validation), 6)
    ]  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", "maker", payload, dataset.project)


def test_a_try_is_on_validation_and_its_answers_come_after_the_warning(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    arm, base = baselines.add_prompt(store, "maker", demo, name="House prompt"), baselines.base(store, "maker", demo)
    at = opened(store, dora[1], "baselines", project=demo)
    assert "Check and freeze one first" in words(at)
    dataset = datasets.freeze(store, "maker", demo)
    for each, text in ((base, "Dear valued customer."), (arm, "Thanks for *this*. — Larkfield")):
        answered(store, dataset, each, text)
    at.run()
    said = words(at)
    assert "tuned on the validation examples only" in said
    assert "House prompt keeps so many" in said and "Base keeps so many" in said
    assert "n = 6" in said and "interval" in said
    assert "valued customer." not in said
    press(at, "baselines-show")
    assert "Dear valued customer." in words(at) and "Thanks for *this*. — Larkfield" in words(at)
    assert dora[0] in arms.exposed(store, demo)
    baselines.change_prompt(store, "maker", arm, text="Another text")
    at.run()
    assert "Nothing was tried with this text yet" in words(at)


def test_a_pm_reads_and_changes_nothing(store: Store, demo: str) -> None:
    baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, person(store, "Pia", Role.pm)[1], "baselines", project=demo)
    assert "Repeats the order number" in words(at)
    assert not [b for b in at.button if b.key and b.key.startswith("baselines-")]


def test_a_few_shot_arm_is_added_changed_and_moved_to_the_newest_set(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    at.radio(key="baselines-new-kind").set_value("Examples before the input (few-shot)").run()
    at.text_input(key="baselines-new-name").input("Shown first")
    press(at, "baselines-new")
    assert "no frozen set whose examples" in words(at)
    first = datasets.freeze(store, "maker", demo)
    press(at, "baselines-new")
    arm = next(a for a in arms.every(store, demo) if a.kind is ArmKind.few_shot)
    assert arm.recipe.shots is not None and arm.recipe.shots.count == 4 and "What it is shown first" in words(at)
    at.number_input(key=f"baselines-shots-count-{arm.id}").set_value(2).run()
    press(at, "shots-save")
    saved = arms.get(store, arm.id)
    assert saved is not None and saved.recipe.shots is not None and saved.recipe.shots.count == 2
    assert "2 examples, the nearest in meaning" in words(at)
    shown = datasets.rows_in(store, first, Split.train)[0]
    hand = baselines.shots(store, demo, Choosing.by_hand, 0, [shown.id])
    baselines.change_prompt(store, dora[0], saved, text="", recipe=Recipe(hand))
    assert html.escape(shown.ideal[:40]) in words(at.run())
    example_step.trash(store, "maker", demo, [datasets.rows_in(store, first, Split.train)[1].id])
    datasets.freeze(store, "maker", demo)
    assert "shows examples of an older set" in words(at.run())
    press(at, "shots-move")
    moved = arms.get(store, arm.id)
    assert moved is not None and moved.recipe.shots is not None and moved.recipe.shots.dataset != first.id


def test_a_model_elsewhere_is_added_at_an_allowed_address_only(store: Store, dora: tuple[str, str], demo: str) -> None:
    baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    assert "No address is allowed yet" in words(at)
    elsewhere.allow(store, "admin", "https://models.example/v1")
    at.run()
    at.text_input(key="baselines-elsewhere-model").input("small")
    press(at, "baselines-elsewhere-add")
    assert "small at https://models.example/v1, given the bare input" in words(at)
    assert [a.name for a in arms.every(store, demo)] == ["House prompt", "Base, small"]


def test_what_each_arm_costs_is_shown_with_its_intervals_and_prices(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    prompt_arm, base = baselines.add_prompt(store, "maker", demo, name="Brief"), baselines.base(store, "maker", demo)
    dataset = datasets.freeze(store, "maker", demo)
    detail = {
        "dataset": dataset.id,
        "device": "",
        "arms": {a.id: costs.fingerprint(store, a) for a in (base, prompt_arm)},
    }
    payload = {"id": "j1", "kind": costs.KIND, "folder": "j1", "detail": detail}
    store.act("job.started", dora[0], payload, demo)
    timed = {"seconds": [1.0, 1.5, 2.0], "tokens_in": [100, 110, 120], "tokens_out": [20, 30, 40], "together": 1.8,
             "peak_memory_mb": 512.0}  # fmt: skip
    result = {"state": "done", "arms": {base.id: timed, prompt_arm.id: timed}, "device": "Test CPU", "busy": 0.9}
    store.act("job.finished", dora[0], {"id": "j1", "state": "done", "result": result}, demo)
    at = opened(store, dora[1], "baselines", project=demo)
    said = words(at)
    assert "1.50 s" in said and "n = 3 is too few" in said and "no price is set" in said and "512 MB" in said
    assert "Other programs were at work" in said
    price = price_parts.key("costs-hour", "Test CPU")
    at.number_input(key=f"{price}-price").set_value(3.6).run()
    again = opened(store, dora[1], "baselines", project=demo)
    assert again.number_input(key=f"{price}-price").value == 3.6, "a half written form survives a reload"
    press(at, f"{price}-keep")
    assert drafts.kept(store, dora[0], f"{demo}/{price}-price") is None, "and is done with once it is kept"
    assert "1.50 €" in words(at) and "one at a time" in words(at) and "in batches 0.60 €" in words(at)


def test_a_prompt_changed_after_its_author_read_test_answers_says_so(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    arm = baselines.add_prompt(store, dora[0], demo, name="House prompt")
    dataset = datasets.freeze(store, "maker", demo)
    outputs.saw(store, dora[0], demo, dataset.id)
    arm = baselines.change_prompt(store, dora[0], arm, text="Seen validation answers.")
    assert arms.changed_after_tests(store, arm) == 0
    outputs.saw_tests(store, dora[0], demo, dataset.id)
    arm = baselines.change_prompt(store, "somebody else", arm, text="Theirs.")
    arm = baselines.change_prompt(store, dora[0], arm, text="Theirs.", name="Another name")
    assert arms.changed_after_tests(store, arm) == 0
    at = opened(store, dora[1], "baselines", project=demo)
    assert "had read test answers" not in words(at)
    for text in ("One.", "Two."):
        arm = baselines.change_prompt(store, dora[0], arm, text=text)
    assert "Another name was changed 2 times after its author had read test answers" in words(at.run())
    assert arms.exposed(store, demo).keys() == arms.saw_tests(store, demo).keys() == {dora[0]}


def test_an_arm_is_given_passages_of_a_document_that_was_brought(
    store: Store, dora: tuple[str, str], demo: str, tmp_path: Path
) -> None:
    dataset = datasets.freeze(store, "maker", demo)
    held = datasets.rows_in(store, dataset, Split.test)[0]
    baselines.add_prompt(store, "maker", demo, name="House prompt")
    at = opened(store, dora[1], "baselines", project=demo)
    at.text_input(key="baselines-new-name").input("With papers")
    at.radio(key="baselines-new-kind").set_value("Passages from documents (retrieval)").run()
    assert "There is no document yet" in words(at)
    file = tmp_path / "rules.md"
    file.write_text(f"# Returns\n\nThirty <b>days</b>.\n\n# Answers\n\n{held.ideal}")
    kept = documents.add(store, dora[0], demo, file, "rules.md")
    press(at, "baselines-new")
    arm = next(a for a in arms.every(store, demo) if a.kind is ArmKind.retrieval)
    assert arm.name == "With papers" and arm.recipe.passages == documents.chosen(store, demo, 3)
    said = words(at)
    assert "1 passage would give the answers to examples kept aside" in said
    assert "holds the ideal output of a test example" in said
    at.number_input(key=f"passages-count-{arm.id}").set_value(5)
    press(at, "passages-save")
    assert (now := arms.get(store, arm.id)) and now.recipe.passages == documents.chosen(store, demo, 5)
    asked = datasets.rows_in(store, dataset, Split.validation)
    rows = [
        {"arm": arm.id, "example": e.id, "output": "Thirty days [1], so [4].", "tokens_in": 1, "tokens_out": 1,
         "seconds": 0.1, "similarity": None, "given": {"passages": [f"{kept.id}/1"]},
         "hashes": {"recipe": recipe_sha256(now.system_prompt, now.recipe)}}
        for e in asked
    ]  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", "maker", payload, demo)
    outputs.saw(store, dora[0], demo, dataset.id)
    said = words(at.run())
    assert f"100 % ({100 * 0.025 ** (1 / len(asked)):.0f} to 100 %) of {len(asked)} answers cite a passage" in said
    assert (
        "Cites [1] of 1 passage" in said and "Cites [4], which was not given" in said and "[1] rules, Returns" in said
    )
    assert "Thirty &lt;b&gt;days" in said and "Thirty <b>days</b>" not in said
    press(at, f"documents-gone-{kept.id}")
    said = words(at)
    removed = said.index("“rules.md” is removed. Undo brings it back.")
    assert removed > said.index("An arm can be given passages"), "said where it was pressed, not at the page's head"
    assert "was removed, so it answers nothing" in said and documents.gone(store, now) == 1
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert documents.gone(store, now) == 0
