"""Ratings of single answers: kept, undone, blind to whose they are; people beside each other and beside the scores."""

from __future__ import annotations

import random

import pytest
from round_seed import MAKER, Seeded, ready
from scipy.stats import spearmanr

from studio import evaluation, outputs, rubric
from studio.evaluate import rubric as pure
from studio.evaluate.rubric import Rated
from studio.records import Brief, Criterion, Refusal, Split, canonical
from studio.store import Store, briefs, ratings

SCALE = ("awful", "poor", "fair", "good", "great")
ASKED = Brief(criteria=(Criterion("Kind", scale=SCALE), Criterion("True")))


def test_means_agreement_and_which_score_predicts_people() -> None:
    draw = random.Random(1)
    quality = {(arm, f"p{at:02}"): draw.random() for arm in ("base", "tuned") for at in range(30)}
    rated = [
        Rated(arm, prompt, "Kind", person, round(4 * min(1, max(0, value + draw.gauss(0, 0.1)))) / 4)
        for (arm, prompt), value in quality.items() for person in ("ann", "bo")
    ]  # fmt: skip
    noise = {answer: draw.random() for answer in quality}
    found = pure.report(rated, {"quality": quality, "noise": noise, "flat": dict.fromkeys(quality, 1.0)})
    assert (found.prompts, found.people, len(found.said)) == (30, 2, 2)
    tuned = next(s for s in found.said if s.arm == "tuned")
    own = [r.value for r in rated if r.arm == "tuned"]
    assert tuned.value == pytest.approx(sum(own) / len(own)) and tuned.low < tuned.value < tuned.high and tuned.n == 30
    assert found.agreement["Kind"].prompts == 60
    predicts = {each.score: each for each in found.predicts}
    people = {a: sum(r.value for r in rated if (r.arm, r.prompt) == a) / 2 for a in quality}
    assert predicts["quality"].rho == pytest.approx(spearmanr(list(quality.values()), list(people.values())).statistic)
    assert predicts["quality"].low > 0.6 and "ranks answers well as people do" in predicts["quality"].sentence
    assert "has not been shown" in predicts["noise"].sentence and "flat" not in predicts


def test_few_ratings_predict_nothing() -> None:
    rated = [Rated("base", f"p{at}", "Kind", "ann", at / 8) for at in range(9)]
    found = pure.report(rated, {"score": {("base", f"p{at}"): float(at) for at in range(9)}})
    assert found.predicts == () and found.agreement["Kind"].raw is None and found.said[0].n == 9
    assert pure.report([], {}).said == ()


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=12)


def prompts_of(store: Store, seeded: Seeded) -> list[str]:
    return sorted({g.example for g in outputs.arms.generations(store, seeded.dataset)})


def test_a_person_rates_prompt_after_prompt_and_takes_it_back(store: Store, seeded: Seeded) -> None:
    compared = outputs.compare(store, seeded.project, seeded.dataset, Split.test)
    prompts = prompts_of(store, seeded)
    seen = []
    while (waiting := rubric.next_for(store, "ann", seeded.dataset, compared, prompts)) is not None:
        seen.append((waiting.example, waiting.arm))
        rubric.rate(store, "ann", seeded.project, ASKED, seeded.dataset, waiting, {"Kind": 5, "True": 1})
    assert len(seen) == len(set(seen)) == 36
    # The three answers to one prompt follow each other, in an order that is not always the same.
    assert all(len({example for example, _ in seen[at : at + 3]}) == 1 for at in range(0, 36, 3))
    assert len({tuple(arm for _, arm in seen[at : at + 3]) for at in range(0, 36, 3)}) > 1
    told = evaluation.report(store, seeded.project, seeded.dataset, compared)
    assert told is not None
    found = rubric.report(store, ASKED, seeded.dataset, compared, told.figures)
    assert {(s.criterion, s.value, s.n) for s in found.said} == {("Kind", 1.0, 12), ("True", 1.0, 12)}
    store.undo(store.history(seeded.project, ["answer.rated"])[0].seq, "ann")
    assert len(ratings.every(store, seeded.dataset)) == 35


def test_what_is_no_rating_is_refused_and_nothing_is_saved(store: Store, seeded: Seeded) -> None:
    compared = outputs.compare(store, seeded.project, seeded.dataset, Split.test)
    waiting = rubric.next_for(store, "ann", seeded.dataset, compared, prompts_of(store, seeded))
    assert waiting is not None
    for values in ({"Kind": 0}, {"True": 2}, {"Funny": 1}, {}):
        with pytest.raises(Refusal):
            rubric.rate(store, "ann", seeded.project, ASKED, seeded.dataset, waiting, values)
    assert ratings.every(store, seeded.dataset) == []
    brief = briefs.latest(store, seeded.project)
    assert brief is not None
    # The demo's criteria are all checked by a machine, so people are asked about all of them.
    assert rubric.criteria(brief) == brief.criteria and rubric.criteria(ASKED) == ASKED.criteria


def test_a_rating_of_an_older_answer_does_not_count(store: Store, seeded: Seeded) -> None:
    compared = outputs.compare(store, seeded.project, seeded.dataset, Split.test)
    waiting = rubric.next_for(store, "ann", seeded.dataset, compared, prompts_of(store, seeded))
    assert waiting is not None
    rubric.rate(store, "ann", seeded.project, ASKED, seeded.dataset, waiting, {"Kind": 3})
    written = next(
        g for g in outputs.arms.generations(store, seeded.dataset, waiting.arm) if g.example == waiting.example
    )
    row = {"arm": waiting.arm, "example": waiting.example, "output": "Another answer.", "tokens_in": 1, "tokens_out": 1,
           "seconds": 0.1, "similarity": None, "hashes": written.hashes}  # fmt: skip
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical([row]))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    assert rubric.report(store, ASKED, seeded.dataset, compared, {}).said == ()
    again = rubric.next_for(store, "ann", seeded.dataset, compared, prompts_of(store, seeded))
    assert again is not None and again.output == "Another answer."
