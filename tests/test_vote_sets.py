"""Votes that teach: which pairs, how far a vote is trusted, what is spent by it, and a training through the worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio import commands, dataset_history, datasets, looks, outputs, supervisor, vote_sets
from studio.records import (
    Choice,
    Dataset,
    JobState,
    Pair,
    Refusal,
    Role,
    Round,
    Run,
    Split,
    Status,
    Vote,
    canonical,
    sha256,
    to_json,
)
from studio.review import preferred, rounds
from studio.store import Store, arms, runs
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows
from studio.store import rounds as round_rows
from studio.train import from_votes, passport, preflight, release, settings, step
from tests.round_seed import Seeded, found, person, ready, vote_like_the_script
from tests.tiny_model import save_tiny_model

# -- which pairs, and how far they are trusted ------------------------------------------------------


def pair(name: str, left: str = "kind", right: str = "curt", *, candidate_left: bool = True, round: str = "r") -> Pair:
    return Pair(name, round, 0, name.partition(".")[0], "", "asked", left, right, "base", candidate_left)


def vote(of: Pair, who: str, choice: str, **more: Any) -> tuple[Pair, Vote]:
    return of, Vote(of.id, who, Choice(choice), **more)


def test_a_pair_is_what_more_people_prefer_whichever_side_it_stood_on() -> None:
    shown, turned = pair("p1"), pair("p1.2", "curt", "kind", candidate_left=True, round="s")
    found = preferred.judged([vote(shown, "ann", "a"), vote(turned, "ben", "b"), vote(shown, "cem", "b")])
    assert found.preferred == (preferred.Preferred("p1", "kind", "curt", 2, 1, 0, ("ann", "ben", "cem"), ("r", "s")),)
    # Of two votes of one person on the same two texts the later one counts.
    again = preferred.judged([vote(shown, "ann", "a"), vote(turned, "ann", "a")])
    assert again.preferred[0].chosen == "curt" and again.preferred[0].votes_for == 1


def test_what_says_nothing_is_counted_with_its_reason() -> None:
    votes = [
        vote(pair("p1"), "ann", "a"), vote(pair("p1"), "ben", "b"),
        vote(pair("p2"), "ann", "tie"),
        vote(pair("p3"), "ann", "a"), vote(pair("p3"), "ben", "both_bad"),
        vote(pair("p4", "kind", "kind "), "ann", "a"),
        vote(pair("p5"), "ann", "skip", reason="I cannot judge this topic"),
        vote(pair("p6"), "bot", "a", scripted=True),
        vote(pair("p7"), "eve", "a", conflict="wrote one of the prompts"),
    ]  # fmt: skip
    told = preferred.judged(votes)
    assert told.preferred == ()
    assert told.left_out == {"tied": 1, "neither": 2, "same": 1, "skipped": 1}
    assert told.not_counted == {"script": 1, "conflict": 1}
    practice = preferred.judged(votes, practice=True)
    assert [(each.example, each.scripted) for each in practice.preferred] == [("p6", True), ("p7", False)]


def test_distrust_is_the_measured_chance_that_another_reviewer_chooses_otherwise() -> None:
    # By hand: (2,0) differs in 0 of 1 couples, (1,1) in 1 of 1, (2,1) in 2 of 3; (1,0) tells nothing.
    measured = preferred.disagreement([(2, 0), (1, 1), (2, 1), (1, 0)])
    assert (measured.pairs, measured.otherwise) == (3, 2) and measured.rate == pytest.approx(5 / 9)
    assert measured.smoothing == round((5 / 3 + 1) / 13, 3) == 0.205
    many = preferred.disagreement([(1, 1)] * 23 + [(2, 0)] * 77)
    assert many.rate == pytest.approx(0.23) and many.smoothing == round(24 / 110, 3)
    assert "On 23 of 100 pairs that two or more people judged, somebody chose otherwise" in many.sentence
    assert "16 to 32 %" in many.sentence and "trusted to 78 %" in many.sentence
    assert preferred.disagreement([(1, 1)] * 500).smoothing == preferred.MOST_SMOOTHING


def test_without_two_votes_on_a_pair_it_guesses_and_says_so() -> None:
    unknown = preferred.disagreement([(1, 0)] * 40)
    assert unknown.rate is None and unknown.smoothing == 0.1
    assert "not known: a guess of 10 %" in unknown.sentence and "Let two people vote" in unknown.sentence


# -- a set of votes, and what is spent by it --------------------------------------------------------


@pytest.fixture
def voted(store: Store) -> tuple[Seeded, Round]:
    """A closed round on 24 prompts in which one reviewer voted on everything and another on a few pairs first."""
    seeded = ready(store, tests=24)
    first, second = (person(store, name, Role.reviewer) for name in ("Rita", "Saul"))
    found = rounds.open_round(store, "pia", seeded.project, replace(seeded.plan, second_readers=0.4))
    vote_like_the_script(store, found, first)
    vote_like_the_script(store, found, second)
    closed = round_rows.get(store, found.id)
    assert closed is not None and closed.state == "closed"
    return seeded, closed


def test_votes_are_frozen_as_they_are_and_a_prompt_stays_on_one_side(store: Store, voted: tuple[Seeded, Round]) -> None:
    seeded, closed = voted
    made = vote_sets.found(store, seeded.project)
    held = vote_sets.freeze(store, "pia", seeded.project, seen=made)
    assert held.of_votes and held.name == "Votes 1" and held.splits["test"] == 0
    rows = dataset_rows.rows_of(store, held)
    assert len(rows) == held.splits["train"] + held.splits["validation"] == vote_sets.facts(held).pairs
    assert all(row.ideal and row.worse and row.ideal != row.worse and not row.approvals for row in rows)
    sides = {split: {row.group for row in rows if row.split is split} for split in Split}
    assert sides[Split.train] and sides[Split.validation] and not sides[Split.train] & sides[Split.validation]
    told = vote_sets.facts(held)
    assert told.rounds == {closed.id: closed.sha256} and told.reviewers == 2 and told.disagreement.pairs > 0
    assert datasets.verify(store, held) == "" and vote_sets.current(store, seeded.project, made) == held
    # It is none of the sets of examples, and nothing that asks for those meets it.
    assert held.id not in {each.id for each in dataset_rows.every(store, seeded.project)}
    with pytest.raises(Refusal, match="frozen already"):
        vote_sets.freeze(store, "pia", seeded.project)


def test_a_prompt_stays_on_its_side_in_a_later_set(store: Store, voted: tuple[Seeded, Round]) -> None:
    """A model that learned from the first set may be what a training on the second starts as."""
    seeded, _ = voted
    made = vote_sets.found(store, seeded.project)
    aside, taught = ({r.group for r in made.rows if r.split is side} for side in (Split.validation, Split.train))
    # An earlier set of half the prompts, in which a prompt that was kept aside here was learned from, and the reverse.
    one, other = min(aside), min(taught)
    sides = {one: Split.train, other: Split.validation}
    earlier = [replace(r, split=sides.get(r.group, r.split)) for r in made.rows[::2] if r.group not in sides]
    earlier += [replace(r, split=sides[r.group]) for r in made.rows if r.group in sides]
    dataset = {
        "id": "v0", "sha256": "v0", "brief_version": 1, "splits": {}, "name": "Votes 0",
        "rows_blob": store.put_blob(canonical(to_json(earlier))),
        "health": {"votes": to_json(made.facts), "waivers": {}},
    }  # fmt: skip
    store.act("votes.frozen", "pia", {"dataset": dataset}, seeded.project)
    later = {r.group: r.split for r in vote_sets.found(store, seeded.project).rows}
    assert all(later[r.group] is r.split for r in earlier) and later.keys() == aside | taught
    assert (later[one], later[other]) == (Split.train, Split.validation)


def test_the_export_is_what_is_trained_on(store: Store, voted: tuple[Seeded, Round], tmp_path: Path) -> None:
    seeded, _ = voted
    args = {"project": seeded.project, "what": "preferences", "format": "jsonl", "out": str(tmp_path / "out")}
    told = commands.run(store, "export", args)
    lines = [json.loads(line) for line in Path(told["path"]).read_text("utf-8").splitlines()]
    rows = dataset_rows.rows_of(store, vote_sets.freeze(store, "pia", seeded.project))
    assert [(line["chosen"], line["rejected"]) for line in lines] == [(row.ideal, row.worse) for row in rows]
    assert not any(line["scripted"] or line["practice"] for line in lines)
    assert sum(line["votes_for"] + line["votes_against"] for line in lines) > len(lines)
    assert "decided by" in told["notes"][0]


def test_the_command_freezes_them_and_says_what_it_holds(store: Store, voted: tuple[Seeded, Round]) -> None:
    seeded, _ = voted
    told = commands.run(store, "freeze", {"project": seeded.project, "votes": True})
    assert told["name"] == "Votes 1" and told["votes"]["pairs"] == sum(told["splits"].values())
    assert told["votes"]["smoothing"] == vote_sets.facts(vote_sets.named(store, seeded.project)).smoothing
    assert "decided by" in told["notes"][0]


def test_prompts_of_votes_can_no_longer_test(store: Store, voted: tuple[Seeded, Round]) -> None:
    seeded, _ = voted
    held = vote_sets.freeze(store, "pia", seeded.project)
    spent = dataset_rows.spent(store, seeded.project)
    assert spent and set(spent) == {row.group for row in dataset_rows.rows_of(store, held)}
    said = "were used in votes that a model is taught from.*“Votes 1”.*Write fresh test examples"
    with pytest.raises(Refusal, match=said):
        rounds.open_round(store, "pia", seeded.project, seeded.plan)
    with pytest.raises(Refusal, match=said):
        outputs.generate(store, "pia", seeded.project, seeded.dataset, [seeded.base], Split.test)
    # Nor does an asking go on that began before.
    about = {"dataset": seeded.dataset, "arms": [seeded.base], "split": "test"}
    store.act("job.started", "pia", {"id": "j", "kind": "generate", "folder": "j", "detail": about}, seeded.project)
    begun = runs.job(store, "j")
    assert begun is not None
    with pytest.raises(Refusal, match=said):
        outputs.go_on(store, "pia", begun)
    assert f"{len(spent)} of the 24 test prompts" in looks.spent(store, found(store, seeded.dataset)).sentence
    assert held in dataset_history.holding(store, seeded.project, [next(iter(spent))]).datasets
    # Undone before anything learned from it, nothing is spent.
    store.undo(store.history(seeded.project, ["votes.frozen"])[0].seq, "pia")
    assert not dataset_rows.spent(store, seeded.project)
    assert rounds.open_round(store, "pia", seeded.project, seeded.plan).state == "open"
    with pytest.raises(Refusal, match="A blind round is open"):
        vote_sets.freeze(store, "pia", seeded.project)


def test_the_next_set_of_examples_puts_them_to_training(store: Store, voted: tuple[Seeded, Round]) -> None:
    seeded, _ = voted
    vote_sets.freeze(store, "pia", seeded.project)
    spent = dataset_rows.spent(store, seeded.project)
    with pytest.raises(Refusal, match="test 0 of 5"):
        datasets.candidate(store, seeded.project)
    fresh = [e.id for e in example_rows.every(store, seeded.project) if e.status is Status.rejected]
    store.act("examples.marked", "pia", {"ids": fresh, "status": Status.approved.value}, seeded.project)
    made = datasets.candidate(store, seeded.project)
    places = {e.id: e.split for e in made.examples}
    assert {places[name] for name in spent} == {Split.train}
    tests = {name for name, split in places.items() if split is Split.test}
    assert len(tests) >= 5 and tests <= set(fresh)


def test_practice_votes_teach_only_when_asked_and_never_for_release(store: Store) -> None:
    seeded = ready(store, tests=24)
    opened = rounds.open_round(store, "pia", seeded.project, replace(seeded.plan, practice=True))
    vote_like_the_script(store, opened, person(store, "Rita", Role.reviewer))
    assert not vote_sets.found(store, seeded.project).rows
    with pytest.raises(Refusal, match="People decided 0 pairs so far, and at least 20"):
        vote_sets.freeze(store, "pia", seeded.project)
    held = vote_sets.freeze(store, "pia", seeded.project, practice=True)
    assert held.name == "Votes 1, practice" and "not for release" in vote_sets.in_words(vote_sets.facts(held))[-1]
    run = Run("x", seeded.project, held.id, "m", "from_votes", "x", JobState.done)
    assert release.why_not(store, run) == release.why_not(store, replace(run, id="y")) == "by practice votes"
    assert step.run_name(store, run).endswith(step.NOT_FOR_RELEASE)


# -- a training -------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_set_and_of_what_it_goes_on_from(
    store: Store, voted: tuple[Seeded, Round]
) -> None:
    seeded, _ = voted
    held = vote_sets.freeze(store, "pia", seeded.project)
    made, model = from_votes.asked(store, held, model="/nowhere/tiny")
    assert made.beta == 0.1 and made.label_smoothing == vote_sets.facts(held).smoothing and model == "/nowhere/tiny"
    assert made.preset == settings.FROM_VOTES.name and made.start == ""
    with pytest.raises(Refusal, match="no finished training of that name"):
        from_votes.asked(store, held, start="nobody")
    with pytest.raises(Refusal, match="holds examples, not votes"):
        from_votes.asked(store, found(store, seeded.dataset))
    with pytest.raises(Refusal, match="beta must be above 0"):
        from_votes.asked(store, held, changes={"label_smoothing": 0.5})
    with pytest.raises(Refusal, match="teach in another way"):
        step.prepare(store, held, replace(made, beta=0.0), "smollm2-135m", [], [])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Dataset, Run, Run]]:
    """On a tiny model: a fine-tune on examples, then one by votes that goes on from it, each through the worker."""
    store = Store.open(tmp_path_factory.mktemp("workspace"))
    model = str(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))
    seeded = ready(store, tests=24)
    rita = person(store, "Rita", Role.reviewer)
    vote_like_the_script(store, rounds.open_round(store, "pia", seeded.project, seeded.plan), rita)
    small = {"epochs": 1, "row_limit": 8, "sample_tokens": 4}
    examples, figures = step.asked(store, seeded.dataset, preset="quick_trial", model=model, changes=small)
    first = ended(store, step.begin(store, "pia", examples, figures, model, {}))
    held = vote_sets.freeze(store, "pia", seeded.project)
    told = commands.run(store, "train", {"project": seeded.project, "preferences": True, "start": "Tuned 2"})
    assert told["preflight"]["rows"] == held.splits["train"] and told["leanings"]
    with pytest.raises(Refusal, match="no such set of votes"):
        commands.run(store, "train", {"project": seeded.project, "preferences": True, "dataset": "Votes 9"})
    run = runs.get(store, told["run"])
    assert run is not None
    yield store, held, first, run
    store.close()


def ended(store: Store, run: Run) -> Run:
    job = supervisor.wait(store, run.job)
    now = runs.get(store, run.id)
    assert now is not None and job.state is JobState.done, job.detail
    return now


@pytest.mark.model
def test_a_training_by_votes_goes_the_way_of_every_training(trained: tuple[Store, Dataset, Run, Run]) -> None:
    store, held, first, run = trained
    result = run.result
    assert run.dataset == held.id and run.settings["start"] == first.id
    assert result["leanings"][0] == {"step": 0, "accuracy": 0.5, "margin": 0.0}
    assert result["leanings"][-1]["accuracy"] > 0.5 and result["rows_used"] == held.splits["train"]
    assert preflight.compared(store, run) is not None
    arm = arms.get(store, f"tuned-{run.id}")
    assert arm is not None and arm.name == "Tuned 3"
    events = (store.workspace / "jobs" / run.job / "events.jsonl").read_text("utf-8").splitlines()
    told = [event for event in map(json.loads, events) if event["kind"] == "loss" and "accuracy" in event]
    assert len(told) == len(result["leanings"])


@pytest.mark.model
def test_its_adapter_is_whole_over_the_base(trained: tuple[Store, Dataset, Run, Run]) -> None:
    """Set on the base alone, it finds every pair as likely as the training said it did."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from studio.generation import chat

    store, held, first, run = trained
    tokenizer = AutoTokenizer.from_pretrained(run.model)
    base: Any = AutoModelForCausalLM.from_pretrained(run.model, dtype=torch.float32)
    folders = [store.workspace / "jobs" / each.job / each.adapter for each in (first, run)]
    tuned: Any = PeftModel.from_pretrained(base, str(folders[0]), adapter_name="before")
    tuned.load_adapter(str(folders[1]), adapter_name="after")

    def likely(row: Any, answer: str) -> float:
        asked = tokenizer(chat.render(tokenizer, row.prompt), add_special_tokens=False).input_ids
        said = tokenizer(chat.answer(tokenizer, answer), add_special_tokens=False).input_ids
        with torch.no_grad():
            found = tuned(torch.tensor([asked + said])).logits[0, len(asked) - 1 : -1].log_softmax(-1)
        return float(found.gather(1, torch.tensor(said)[:, None]).sum())

    margins = []
    for row in datasets.rows_in(store, held, Split.validation):
        odds = {}
        for name in ("before", "after"):
            tuned.set_adapter(name)
            odds[name] = likely(row, row.ideal) - likely(row, row.worse)
        margins.append(run.settings["beta"] * (odds["after"] - odds["before"]))
    taken = next(each for each in run.result["leanings"] if each["step"] == run.result["taken"])
    assert sum(margins) / len(margins) == pytest.approx(taken["margin"], rel=0.1, abs=0.02)


@pytest.mark.model
def test_its_passport_says_what_it_was_taught_by(trained: tuple[Store, Dataset, Run, Run]) -> None:
    store, held, first, run = trained
    made = passport.passport(store, run.id)
    told = made.preferences
    assert (told["objective"], told["beta"]) == ("DPO", 0.1)
    assert told["label_smoothing"] == run.settings["label_smoothing"] == vote_sets.facts(held).smoothing
    assert told["start"] == {"run": first.id, "adapter_sha256": first.adapter_sha256}
    assert told["votes"] == json.loads(canonical(held.health["votes"])) and made.data.sha256 == held.sha256
    assert made.sha256 == passport.fingerprint(made)
    plain = passport.passport(store, first.id)
    assert plain.preferences == {}
    before = {key: value for key, value in to_json(plain).items() if key != "preferences"}
    assert plain.sha256 == sha256(canonical(before | {"sha256": ""}))  # as before there was any
