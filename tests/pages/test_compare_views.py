"""Compare beside the task and on an input of one's own, through the entry script, on jobs as a worker leaves them."""

from __future__ import annotations

from typing import Any

import pytest
from round_seed import MAKER, Seeded, gone_through, ready
from signed_in import opened, person, press, words

from studio import baselines, changed, costs, datasets, judging, outputs, side_effects
from studio.evaluate.changes import PEOPLE, SURFACES
from studio.evaluate.side_effects import items
from studio.records import Refusal, Role, Speaker, Split, Turn, canonical
from studio.review import rounds
from studio.store import Store, arms, runs
from studio.store import datasets as dataset_rows


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store)


def ended(store: Store, project: str, name: str, kind: str, detail: dict[str, Any], result: dict[str, Any]) -> None:
    store.act("job.started", "ann", {"id": name, "kind": kind, "folder": name, "detail": detail}, project)
    told = {"id": name, "state": "done", "result": {"state": "done", **result}}
    store.act("job.finished", "ann", told, project)


def failed(store: Store, project: str, kind: str, detail: dict[str, Any]) -> None:
    store.act("job.started", "ann", {"id": kind, "kind": kind, "folder": kind, "detail": detail}, project)
    result = {"state": "failed", "reason": f"The {kind} worker was killed."}
    store.act("job.finished", "ann", {"id": kind, "state": "failed", "result": result}, project)


def asked_again(store: Store, seeded: Seeded, what: str) -> None:
    """A finished job in which the base answered well until the input had typing errors, or came from a woman."""
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    changes = SURFACES if what == "surface" else PEOPLE
    kept = datasets.spread(datasets.rows_in(store, dataset, Split.validation), 20)
    rows = [
        {"arm": seeded.base, "example": version.id, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": None, "hashes": {}, "output": "" if version.id.endswith(("typos", "woman")) else example.ideal}
        for example in kept for version in changed.versions(example, changes)
    ]  # fmt: skip
    # Of a change that an older studio made, and this one does not.
    rows.append(rows[0] | {"example": f"{rows[0]['example']}-of-old"})
    blob = store.put_blob(canonical(rows))
    about = {"dataset": seeded.dataset, "arms": [seeded.base]}
    ended(store, seeded.project, what, changed.KINDS[what], about, {"outputs_blob": blob})


def test_what_changes_with_the_input_and_with_who_asks_is_told(store: Store, seeded: Seeded) -> None:
    _, dora = person(store, "Dora", Role.designer)
    for what in changed.KINDS:
        asked_again(store, seeded, what)
    said = words(opened(store, dora, "evaluate", project=seeded.project, compare_view="beside"))
    assert "Its answers get worse with typing errors (-" in said and "n = 20)" in said
    assert "Answered differently beyond chance:" in said and "“From a woman” against “From a man”" in said
    assert "counterfactual fairness" in said and "20 prompts, measured" in said
    assert "Rule by rule" not in said


def test_what_tuning_broke_is_told_of_the_model_that_was_asked(store: Store, seeded: Seeded) -> None:
    _, dora = person(store, "Dora", Role.designer)
    asked = items()
    right = {q.id: True for q in asked.skills}
    base = {"neutral": {name: 3.0 for name in asked.neutral}, "right": right, "answers": dict(asked.outside)}
    lost = base | {"right": {name: not name.startswith("facts") for name in right}}
    about = {"arm": seeded.tuned}
    result = {"seen": {"base": base, seeded.tuned: lost}}
    ended(store, seeded.project, "side", side_effects.KIND, about | {"items_sha256": "older"}, result)
    assert not side_effects.ready(store, seeded.project)
    ended(store, seeded.project, "side2", side_effects.KIND, about | {"items_sha256": asked.sha256}, result)
    found = side_effects.ready(store, seeded.project)[seeded.tuned].report
    assert [skill.word for skill in found.skills].count("lost") == 1 and "common knowledge" in found.headline
    said = words(opened(store, dora, "evaluate", project=seeded.project, compare_view="beside"))
    # The weights of this seeded model are nowhere, so nothing is asked of it here.
    assert "Does the answer hold when the input changes?" in said


def test_whoever_tries_an_input_is_noted_as_having_seen_the_arms_write(store: Store, seeded: Seeded) -> None:
    dora, session = person(store, "Dora", Role.designer)
    for name in ("Two", "Three", "Four"):
        baselines.add_prompt(store, MAKER, seeded.project, name=name, text="Be kind.")
    at = opened(store, session, "evaluate", project=seeded.project, compare_view="try")
    assert "Try an input" in words(at) and "no longer decide anything" in words(at)
    assert at.button(key="playground-ask").disabled
    at.text_area(key="playground-input").set_value("Where is it?").run()
    press(at, "playground-ask")
    assert dora.id in arms.exposed(store, seeded.project)
    # Each of the six is told, though not all are asked at once.
    assert len(arms.every(store, seeded.project)) == 6 == words(at).count("no answer")
    assert "not on this machine yet" in words(at)


def test_what_ended_early_says_why_and_goes_on_only_for_those_who_may(store: Store, seeded: Seeded) -> None:
    _, dora = person(store, "Dora", Role.designer)
    _, pia = person(store, "Pia", Role.pm)
    about = {"dataset": seeded.dataset, "arms": [seeded.base, seeded.tuned], "model": "smollm2-135m"}
    for kind in (*changed.KINDS.values(), judging.KIND, costs.KIND):
        failed(store, seeded.project, kind, about)
    for page, kinds in (("evaluate", (*changed.KINDS.values(), judging.KIND)), ("baselines", (costs.KIND,))):
        at = opened(store, dora, page, project=seeded.project, compare_view="beside")
        for kind in kinds:
            assert f"ended early. The {kind} worker was killed." in words(at)
            press(at, f"stopped-go-on-{kind}")
            # The folder of this job is nowhere: that is said, and nothing else happens.
            assert f"The job {kind} has no readable spec.json." in words(at)
    opened_round = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    job = runs.job(store, changed.KINDS["surface"])
    assert job is not None
    with pytest.raises(Refusal, match="A blind round is open on what Base, Tuned on Dataset 1 wrote"):
        outputs.go_on(store, "dora", job)
    rounds.cancel(store, MAKER, opened_round, "enough")
    read_only = opened(store, pia, "baselines", project=seeded.project)
    assert "The timing worker was killed." in words(read_only)
    assert not [b for b in read_only.button if (b.key or "").startswith("stopped-go-on-")]


def test_whole_conversations_are_told_and_read_turn_by_turn(store: Store) -> None:
    earlier = (Turn(Speaker.user, "Hello?"), Turn(Speaker.assistant, "Hello. — Larkfield"))
    seeded = ready(store, tests=10, earlier=earlier)
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    gone_through(store, dataset, {
        seeded.base: lambda e, turn: "Thanks for <b>writing</b>. — Larkfield" if turn == 1 else "No.",
        seeded.tuned: lambda e, turn: e.ideal,
    }, 9)  # fmt: skip
    who, dora = person(store, "Dora", Role.designer)
    at = opened(store, dora, "evaluate", project=seeded.project)
    said = words(at)
    assert "goes through 10 test conversations" in said and "Through 9 conversations" in said
    assert "is better than Base by" in said and "once you have chosen to see the answers" in said
    assert "they wrote" not in said
    outputs.saw(store, who.id, seeded.project, seeded.dataset)
    outputs.saw_tests(store, who.id, seeded.project, seeded.dataset)
    said = words(at.run())
    assert "Turn 1 of 2 · they wrote" in said and "Turn 2 of 2 · they wrote" in said and "<b>writing" not in said
    assert "Thanks for &lt;b&gt;writing&lt;/b&gt;." in said
