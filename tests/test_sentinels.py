"""A/A sentinels: one arm beside itself, mixed in unseen, for everybody, and no evidence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from round_seed import MAKER, Seeded, found, person, ready

from studio import datasets, export_command, signing, supervisor, twice
from studio.certificate import verify
from studio.records import Choice, JobState, PairKind, Refusal, Role, Split, canonical, sha256
from studio.review import rounds
from studio.review.gold import GoldRule
from studio.review.preference import parse_votes, votes_report
from studio.review.raters import reliability
from studio.review.sentinels import Sentinels
from studio.review.sides import deal_all
from studio.store import Store, arms
from studio.store import rounds as round_rows


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Seeded, str]:
    """A round of twenty-four prompts with three sentinels, two gold pairs and a repeat."""
    store = Store.open(tmp_path_factory.mktemp("sentinels"))
    seeded = ready(store, tests=24)
    person(store, "Rita", Role.reviewer)
    return store, seeded, _round(store, seeded, _written(store, seeded).first(3))


def _written(store: Store, seeded: Seeded, count: int = 5) -> Sentinels:
    kept = datasets.rows_in(store, found(store, seeded.dataset), Split.validation)[:count]
    return Sentinels(seeded.tuned, "job", tuple((e.id, f"One, {e.id}.", f"Other, {e.id}.") for e in kept))


def _round(store: Store, seeded: Seeded, sentinels: Sentinels) -> str:
    plan = rounds.Plan((seeded.tuned,), (seeded.base,), seeded.dataset, cap=24, gold=2, gold_right=0, repeats=1,
                       sentinels=sentinels)  # fmt: skip
    return rounds.open_round(store, MAKER, seeded.project, plan).id


def test_they_are_registered_by_their_hashes_and_dealt_again_from_the_seed(opened: tuple[Store, Seeded, str]) -> None:
    store, seeded, name = opened
    frozen = (round_rows.get(store, name) or pytest.fail()).registration
    told = _written(store, seeded).first(3)
    assert frozen["sentinels"] == {"arm": seeded.tuned, "job": "job", "pairs": [
        {"example": e, "sha256": sha256(canonical([one, other]))} for e, one, other in told.answers
    ]}  # fmt: skip
    seed = next(store.payload(a)["sealed"]["seed"] for a in store.history(seeded.project, ["round.opened"]))
    dealt, kept = deal_all(seed, frozen), round_rows.pairs(store, name)
    assert [d.id for d in dealt] == [p.id for p in kept]
    mine = [p for p in kept if p.kind is PairKind.sentinel]
    texts = {e: (one, other) for e, one, other in told.answers}
    assert {p.example for p in mine} == texts.keys() and {p.candidate for p in mine} == {p.baseline for p in mine}
    for pair in mine:
        shown = (pair.left, pair.right) if pair.candidate_left else (pair.right, pair.left)
        assert shown == texts[pair.example]
    assert not {p.example for p in mine} & {p.example for p in kept if p.kind is PairKind.gold}


def test_everybody_meets_them_and_they_are_no_evidence(opened: tuple[Store, Seeded, str]) -> None:
    store, seeded, name = opened
    rita = next(p for p in rounds.independent_people(store, seeded.project))
    kinds = {p.id: p.kind for p in round_rows.pairs(store, name)}
    seen: list[PairKind] = []
    now = round_rows.get(store, name) or pytest.fail()
    while now.state == "open" and (pair := rounds.next_pair(store, now, rita.id)):
        seen.append(kinds[pair.id])
        side = "tie" if kinds[pair.id] is PairKind.real or seen.count(PairKind.sentinel) < 2 else "left"
        now = rounds.vote(store, now, rita, pair.id, side, seconds_on_screen=9.0)
    assert seen.count(PairKind.real) == 24
    (assessed,) = rounds.assess(store, now)
    assert assessed.against[0].votes == 24
    votes = round_rows.votes(store, name)
    told = reliability(round_rows.pairs(store, name), votes, GoldRule(2, 0)).together("sentinels")
    voted = [v.choice for v in votes if kinds[v.pair] is PairKind.sentinel]
    assert (told.right, told.n) == (sum(c is Choice.tie for c in voted), len(voted)) and told.n >= 1
    ended = round_rows.get(store, name) or pytest.fail()
    assert ended.state == "closed" and verify(signing.certificate_of(store, ended)).ok
    table = votes_report(parse_votes(export_command.votes_csv(store, seeded.project).decode()))
    (rater,) = table["raters"]["raters"]
    assert rater["sentinels"] == {"right": told.right, "n": told.n} and table["n_votes"] == 24


def test_what_is_no_sentinel_is_refused(store: Store) -> None:
    seeded = ready(store, tests=8)
    good = _written(store, seeded)
    test_prompt = datasets.rows_in(store, found(store, seeded.dataset), Split.test)[0].id
    for wrong, why in (
        (dataclasses.replace(good, arm="nobody"), "an arm that is not in this round"),
        (dataclasses.replace(good, answers=((test_prompt, "a", "b"),)), "other messages than this set keeps aside"),
        (dataclasses.replace(good, answers=((good.answers[0][0], "a", "a"),)), "no two different answers"),
    ):
        with pytest.raises(Refusal, match=why):
            _round(store, seeded, wrong)
    assert round_rows.every(store, seeded.project) == []


def test_only_answers_of_the_arm_as_it_is_count_and_only_where_they_differ(store: Store) -> None:
    seeded = ready(store, tests=2)
    arm = arms.get(store, seeded.tuned)
    assert arm is not None and twice.written(store, seeded.dataset, arm) == Sentinels()
    rows = [
        {"arm": seeded.tuned, "example": f"{name}\x1f{which}", "output": text, "tokens_in": 1, "tokens_out": 1,
         "seconds": 0.1, "similarity": None, "hashes": {"prompt": sha256(""), "adapter": adapter}}
        for name, adapter, texts in (
            ("differ", "weights", ("b", "a ")), ("alike", "weights", ("same", "same ")),
            ("empty", "weights", ("", "x")), ("older", "other weights", ("c", "d")),
        )
        for which, text in zip(("one", "other"), texts, strict=True)
    ]  # fmt: skip
    detail = {"dataset": seeded.dataset, "arms": [seeded.tuned]}
    store.act("job.started", MAKER, {"id": "j", "kind": twice.KIND, "folder": "j", "detail": detail}, seeded.project)
    result = {"outputs_blob": store.put_blob(canonical(rows))}
    store.act("job.finished", MAKER, {"id": "j", "state": "done", "result": result}, seeded.project)
    assert twice.written(store, seeded.dataset, arm) == Sentinels(seeded.tuned, "j", (("differ", "b", "a"),))


@pytest.mark.model
def test_the_bundled_model_answers_twice_with_chance(
    store: Store, models_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twice, "PROMPTS", 2)
    seeded = ready(store, tests=2)
    job = supervisor.wait(store, twice.start(store, MAKER, seeded.dataset, seeded.base).id)
    assert job.state is JobState.done, job.detail
    told = twice.written(store, seeded.dataset, arms.get(store, seeded.base) or pytest.fail())
    assert told.arm == seeded.base and 1 <= len(told.answers) <= 2
    assert all(one != other for _, one, other in told.answers)
