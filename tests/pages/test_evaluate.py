"""Compare, through the entry script: the sentence, the rules, the gate before the answers, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from round_seed import MAKER, Seeded, ready
from signed_in import opened, person, press, sound, words

from studio import baselines, brief, outputs, projects
from studio.records import Criterion, Role, Speaker, Split, Turn, canonical, to_json
from studio.review import rounds
from studio.store import Store, arms, briefs, ratings
from studio.store import datasets as dataset_rows
from studio.ui import act_words, answers
from studio.ui.access import Visit


@pytest.fixture
def pia(store: Store) -> tuple[str, str]:
    """A PM: id and session."""
    who, session = person(store, "Pia", Role.pm)
    return who.id, session


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store)


def test_an_empty_project_says_what_goes_here(store: Store, pia: tuple[str, str]) -> None:
    project = projects.create(store, pia[0], "Mine").id
    assert "Nothing to compare yet" in words(opened(store, pia[1], "evaluate", project=project))


def test_the_sentence_the_rules_and_the_rest(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    at = opened(store, pia[1], "evaluate", project=seeded.project)
    said = words(at)
    assert "The tuned model (Tuned on Dataset 1) keeps 4." in said and "of 5 house rules on average" in said
    assert "the bare base 1." in said and "n = 66 prompts." in said
    assert "more than the best prompt." in said
    assert "Share of test prompts on which each rule is kept" in said and "interval, and n" in said
    assert "Near your ideal answer in meaning" in said and "Says nothing (empty outputs)" in said and "66 of 66" in said
    assert "The 66 ideal outputs are freely written" in said and "ROUGE-L" in said
    assert "No kind of input is shown to be worse with Tuned on Dataset 1" in said and "not enough examples" in said
    assert "Letters in common with your ideal answer: better by" in said
    assert "Nothing on this page is a decision." in said
    assert at.get("plotly_chart")


def test_the_kind_of_task_can_be_set_and_taken_back(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    _, dora = person(store, "Dora", Role.designer)
    at = opened(store, dora, "evaluate", project=seeded.project)
    at.selectbox(key="evaluate-task-").set_value("labels").run()
    said = words(sound(at))
    assert "Somebody in the team chose this." in said and "macro-F1" in said and "ROUGE-L" not in said
    at.selectbox(key="evaluate-task-labels").set_value("").run()
    assert "ROUGE-L" in words(sound(at))
    assert any("Kind of task" in act_words.told(store, act) for act in store.history(seeded.project, ["task.chosen"]))


def test_the_answers_come_only_after_the_choice(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    at = opened(store, pia[1], "evaluate", project=seeded.project)
    answer = next(iter(outputs.current(store, seeded.dataset, arm(store, seeded.base)).values())).output
    assert answer[:30] not in words(at) and pia[0] not in arms.exposed(store, seeded.project)
    assert at.button(key="evaluate-show").label == "Show answers; I will then vote outside the count"
    press(at, "evaluate-show")
    assert pia[0] in arms.exposed(store, seeded.project)
    assert "stay outside the count" in words(at) and "Breaks " in words(at) and "66 prompts of 66." in words(at)
    assert pia[0] in arms.readers(store, seeded.project, seeded.dataset)
    at.selectbox(key="evaluate-rule").set_value("Gives the right next step").run()
    counted = at.selectbox(key="evaluate-filter").options
    assert counted[0] == "Every prompt (66)" and any(
        o.startswith("Tuned on Dataset 1 right, Base wrong") for o in counted
    )
    at.selectbox(key="evaluate-filter").set_value("one right").run()
    at.selectbox(key="evaluate-slice").set_value("refunds").run()
    said = words(sound(at))
    assert "prompts of 11." in said
    at.toggle(key="evaluate-differs").set_value(True).run()
    assert "other words throughout" in words(sound(at)) and "<ins>" not in words(at)
    at.selectbox(key="evaluate-other").set_value(seeded.prompted).run()
    assert "<ins>" in words(sound(at))


def test_while_a_blind_round_is_open_its_voters_see_no_figures(
    store: Store, pia: tuple[str, str], seeded: Seeded
) -> None:
    _, maker = person(store, "Dora", Role.designer)
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    for page in ("evaluate", "baselines"):
        said = words(opened(store, maker, page, project=seeded.project))
        assert "keeps 4." not in said and "Rule by rule" not in said, page
    at = opened(store, pia[1], "evaluate", project=seeded.project)
    assert "They come back when the round has closed." in words(at) and not at.get("plotly_chart")
    outputs.saw_tests(store, pia[0], seeded.project, seeded.dataset)
    assert "keeps 4." in words(sound(at.run()))
    rounds.cancel(store, MAKER, found, "enough")
    assert "keeps 4." in words(opened(store, maker, "evaluate", project=seeded.project))


def arm(store: Store, name: str) -> arms.Arm:
    found = arms.get(store, name)
    assert found is not None
    return found


def test_the_best_prompt_may_win(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    compared = outputs.compare(store, seeded.project, seeded.dataset, Split.test)
    tuned, prompt = (next(c for c in compared if c.arm.id == name) for name in (seeded.tuned, seeded.prompted))
    swapped = [
        outputs.Compared(**{**tuned.__dict__, "arm": prompt.arm}),
        outputs.Compared(**{**prompt.__dict__, "arm": tuned.arm}),
    ]
    said = outputs.headline(swapped)
    assert said is not None and said.finding.startswith("The best prompt wins")
    alike = outputs.headline([tuned, outputs.Compared(**{**tuned.__dict__, "arm": prompt.arm})])
    assert alike is not None and "no more than chance" in alike.finding


def test_missing_answers_are_said(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    baselines.change_prompt(store, MAKER, arm(store, seeded.prompted), text="Another text")
    at = opened(store, pia[1], "evaluate", project=seeded.project)
    assert "0 of 66" in words(at) and "the best prompt" not in words(at)
    assert "House rules as a prompt" in words(at)


def test_no_arm_chosen_is_refused_in_a_sentence(
    store: Store, pia: tuple[str, str], seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(store, pia[1], "evaluate", project=seeded.project)
    if [b for b in at.button if b.key == "evaluate-write"]:
        press(at, "evaluate-write")
        assert "No arm is chosen. Nothing was started." in words(at)
    else:
        assert "The model is not here yet" in words(at)


def test_conversations_have_a_part_of_their_own(store: Store, pia: tuple[str, str], seeded: Seeded) -> None:
    frozen = dataset_rows.get(store, seeded.dataset)
    assert frozen is not None
    talk = (Turn(Speaker.user, "Hi"), Turn(Speaker.assistant, "Hello")) * 8
    kept = [replace(e, earlier=talk if at % 2 else ()) for at, e in enumerate(dataset_rows.rows_of(store, frozen))]
    dataset = {
        "id": "talks", "sha256": "talks", "brief_version": 1, "splits": frozen.splits, "health": {}, "name": "Talks",
        "rows_blob": store.put_blob(canonical(to_json(kept))),
    }  # fmt: skip
    store.act("dataset.frozen", MAKER, {"dataset": dataset}, seeded.project)
    rows = [
        {"arm": g.arm, "example": g.example, "output": g.output, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": None, "hashes": g.hashes} for g in arms.generations(store, seeded.dataset)
    ]  # fmt: skip
    payload = {"dataset": "talks", "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    said = words(opened(store, pia[1], "evaluate", project=seeded.project))
    assert "Does it hold through a conversation?" in said and "at turn 8 and later" in said
    assert "turn 8 and later (how far into a conversation)" in said


def test_figures_are_worked_out_again_when_they_change_and_only_then(store: Store, seeded: Seeded) -> None:
    dora, session = person(store, "Dora", Role.designer)
    at = opened(store, session, "evaluate", project=seeded.project)
    visit = Visit(store, dora, seeded.project, "evaluate")
    before = answers.figures_as_of(visit)
    press(at, "evaluate-show")
    assert answers.figures_as_of(visit) == before < store.version
    rows = [
        {"arm": g.arm, "example": g.example, "output": "", "tokens_in": 1, "tokens_out": 0, "seconds": 0.1,
         "similarity": None, "hashes": g.hashes} for g in arms.generations(store, seeded.dataset, seeded.base)[:2]
    ]  # fmt: skip
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    at = sound(at.run())
    assert "Base says nothing to 2." in words(at)
    assert "An answer empty or missing (2)" in at.selectbox(key="evaluate-filter").options


def test_answers_are_rated_one_by_one_without_a_name(store: Store, seeded: Seeded) -> None:
    dora, session = person(store, "Dora", Role.designer)
    at = opened(store, session, "evaluate", project=seeded.project)
    assert "Nobody has rated an answer yet." in words(at) and "To rate, choose to read the test answers" in words(at)
    # Who has seen drafts only has read no test answer: to rate is to read them, and that is counted.
    outputs.saw(store, dora.id, seeded.project, seeded.dataset)
    assert "To rate, choose to read the test answers" in words(sound(at.run()))
    outputs.saw_tests(store, dora.id, seeded.project, seeded.dataset)
    at = sound(at.run())
    assert "197 answers after this one" in words(at)
    save = next(b.key for b in at.button if (b.key or "").startswith("evaluate-rate-") and b.key.endswith("-save"))
    assert not any(arm in save for arm in (seeded.base, seeded.prompted, seeded.tuned))
    press(at, save)
    assert "Nothing was rated." in words(at)
    stem, written = save.removesuffix("-save"), briefs.latest(store, seeded.project)
    next(c for c in at.segmented_control if (c.key or "").startswith(stem)).set_value("1").run()
    assert written is not None
    fair = replace(written, criteria=(Criterion("Is it fair?"), *written.criteria))
    brief.save(store, dora.id, seeded.project, fair, note="", changes_meaning=False)
    told = {c.label: c.value for c in sound(at.run()).segmented_control if (c.key or "").startswith(stem)}
    assert told == {"Is it fair?": None}, "what was chosen for another criterion is none for this one"
    next(c for c in at.segmented_control if c.label == "Is it fair?").set_value("1").run()
    press(at, save)
    assert "196 answers after this one" in words(at) and "1 rater" in words(at)
    assert len(ratings.every(store, seeded.dataset)) == 1
