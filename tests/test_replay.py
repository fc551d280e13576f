"""Conversations as a whole: every turn asked with an arm's own answers before it, gone on with, and judged as one."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from chat_server import Provider
from round_seed import frozen, gone_through

from studio import baselines, commands, conversations, looks, projects
from studio.evaluate.conversations import FEWEST, beside, through
from studio.evaluate.turns import at_turn, of_turn, talk, turn_id
from studio.generation import ArmSpec, replay
from studio.jobs import folder as job_folder
from studio.records import Decoding, Example, Refusal, Speaker, Turn, to_json
from studio.store import Store
from studio.store import datasets as dataset_rows

USER, US = Speaker.user, Speaker.assistant
LONG = Example("c1", "Third?", "Ideal three.", earlier=(
    Turn(US, "Welcome."), Turn(USER, "First?"), Turn(US, "Ideal one."), Turn(USER, "Second?"), Turn(USER, "And?"),
    Turn(US, "Ideal two."),
), system="House.")  # fmt: skip
SHORT = Example("c2", "Two?", "Ideal.", earlier=(Turn(USER, "One?"), Turn(US, "Ideal.")))


def test_a_turn_is_asked_with_the_own_answers_before_it() -> None:
    assert talk(LONG).asked == ("First?", "Second?\n\nAnd?", "Third?") and talk(LONG).opening == (Turn(US, "Welcome."),)
    third = at_turn(LONG, 3, ["Own one.", ""])
    assert (third.input, third.ideal, third.system, third.id) == ("Third?", "Ideal three.", "House.", turn_id("c1", 3))
    assert [turn.text for turn in third.earlier] == ["Welcome.", "First?", "Own one.", "Second?\n\nAnd?", ""]
    assert at_turn(LONG, 1, []).earlier == (Turn(US, "Welcome."),) and at_turn(LONG, 1, []).ideal == "Ideal one."
    assert of_turn(third.id) == ("c1", 3) and talk(replace(SHORT, earlier=())).asked == ("Two?",)


def job(folder: Path, provider: Provider) -> Path:
    rows = [job_folder.prompt_row(e.id, e.prompt) | {"ideal": e.ideal, "slice": ""} for e in (LONG, SHORT)]
    spec = {"kind": "conversations", "id": "job", "model": {"name": "m", "path": provider.address, "sha256": ""},
            "arms": [to_json(ArmSpec("plain")), to_json(ArmSpec("kind", "Be kind."))], "prompts": rows,
            "decoding": to_json(Decoding())}  # fmt: skip
    return job_folder.create(folder / "job", spec)


def test_a_killed_job_goes_on_without_asking_again(tmp_path: Path, provider: Provider) -> None:
    provider.says = lambda asked: f"own answer to {asked}"
    folder = job(tmp_path, provider)

    def write(stop: Sequence[bool]) -> tuple[dict[str, object], bool]:
        answers = iter(stop)
        return replay.write(job_folder.read_spec(folder), folder, lambda: next(answers, False), lambda *a, **k: None)

    assert write([False] * 6 + [True])[1] is True
    with (folder / "outputs.jsonl").open("a") as file:
        file.write('{"half a li')
    told, stopped = write([])
    lines = job_folder.read_lines(folder / "outputs.jsonl").rows
    assert not stopped and len(provider.asked) == len(lines) == 2 * (3 + 2)
    assert len({(line["arm"], line["example"]) for line in lines}) == 10
    assert told["arms"]["kind"]["outputs"] == 5  # type: ignore[index]
    asked = [body["messages"] for _, _, body in provider.asked if "Be kind." in body["messages"][0]["content"]]
    last = next(messages for messages in asked if messages[-1]["content"] == "Third?")
    assert [message["content"] for message in last] == [
        "Be kind.\n\nHouse.", "Welcome.", "First?", "own answer to First?", "Second?\n\nAnd?",
        "own answer to Second?\n\nAnd?", "Third?",
    ]  # fmt: skip
    assert "Ideal" not in json.dumps([body for _, _, body in provider.asked])


# -- figures ----------------------------------------------------------------------------------------


def scores(count: int, first: float, last: float, seed: int = 1) -> dict[str, list[float | None]]:
    """So many conversations of three turns round these means."""
    draw = random.Random(seed)
    return {f"c{n}": [first + draw.uniform(-0.1, 0.1), None, last + draw.uniform(-0.1, 0.1)] for n in range(count)}


def test_fading_is_told_over_conversations_and_too_few_say_so() -> None:
    fades, holds = through(scores(30, 0.8, 0.5), "rules kept"), through(scores(30, 0.8, 0.8), "rules kept")
    assert fades and "It fades by 31 points" in fades.sentence and fades.fade.low > 0.2 and fades.whole.n == 30
    assert holds and "It holds" in holds.sentence and [at.turns for at in holds.at] == ["turn 1", "turns 2 and 3"]
    few = through(scores(FEWEST - 1, 0.8, 0.5), "rules kept")
    assert few and "not enough conversations to tell" in few.sentence
    assert through({"c": [0.5]}, "rules kept") is None and through({"c": [0.5, None]}, "rules kept") is None


def test_two_arms_are_set_side_by_side_conversation_by_conversation() -> None:
    good, bad = scores(30, 0.8, 0.75), scores(30, 0.8, 0.5, seed=2)
    told = beside(good, bad, "Tuned", "Base", "rules kept")
    assert told and "Tuned is better than Base by 1" in told.sentence and "points less than Base" in told.sentence
    same = beside(good, scores(30, 0.8, 0.75, seed=3), "Tuned", "Base", "rules kept")
    assert same and "alike within 10 points" in same.sentence and "otherwise than Base: not enough" in same.sentence
    few = beside(dict(list(good.items())[:3]), bad, "Tuned", "Base", "rules kept")
    assert few and few.fade.n == 3 and few.sentence.count("not enough conversations") == 2
    assert beside(good, {}, "Tuned", "Base", "rules kept") is None


def test_of_arms_that_do_not_differ_a_difference_is_named_in_few_cases_of_a_hundred() -> None:
    named = 0
    for seed in range(200):
        draw = random.Random(seed)
        one, other = (
            {f"c{n}": [float(draw.random() < 0.6), float(draw.random() < 0.6)] for n in range(20)} for _ in range(2)
        )
        told = beside(one, other, "A", "B", "rules kept")
        assert told
        named += " is better than " in told.sentence and "not enough" not in told.sentence.split(").")[0]
        named += "A is worse" in told.sentence
    assert named <= 200 * 0.08


# -- from the records -------------------------------------------------------------------------------


def test_what_a_job_wrote_is_judged_as_whole_conversations(store: Store) -> None:
    project = projects.from_demo(store, "maker", "support-replies").id
    plain = dataset_rows.get(store, frozen(store, "maker", project, 8))
    assert plain is not None
    base = baselines.base(store, "maker", project)
    with pytest.raises(Refusal, match="No test prompt of this set is a conversation"):
        conversations.start(store, "maker", project, plain.id, [base.id])
    earlier = (Turn(USER, "Hello?"), Turn(US, "Hello. — Larkfield"))
    dataset = dataset_rows.get(store, frozen(store, "maker", project, 10, earlier))
    assert dataset is not None
    prompted = baselines.add_prompt(store, "maker", project, name="House", text="Be kind.")
    said = {base.id: lambda e, turn: e.ideal if turn == 1 else "No.", prompted.id: lambda e, turn: e.ideal}
    held = gone_through(store, dataset, said, 10)
    found = conversations.newest(store, project, dataset.id)
    assert found and found.other == base.id and [arm.id for arm in found.arms] == [base.id, prompted.id]
    assert found.through[base.id].fade.value > 0.3 and "It fades" in found.through[base.id].sentence
    assert found.beside.keys() == {prompted.id} and found.beside[prompted.id].whole.value > 0.1
    assert "points less than Base" in found.beside[prompted.id].sentence
    assert found.answers(base.id, held[0]) == [held[0].ideal, "No."] and len(found.held) == len(held)
    told = commands.run(store, "conversations", {"project": project, "dataset": dataset.id})
    assert told["conversations"] == 10 and told["arms"]["Base"]["sentence"] == found.through[base.id].sentence
    assert looks.spent(store, dataset).comparisons == 1, "its scores are a look at the test prompts, too"

    baselines.change_prompt(store, "maker", prompted, text="Be brief.")
    after = conversations.newest(store, project, dataset.id)
    assert after and [arm.id for arm in after.arms] == [base.id] and not after.beside
    assert [arm.name for arm in after.changed] == ["House"], "what an older version said is not told of this one"
