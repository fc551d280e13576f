"""Are the outputs what they say? Hashes, counts and a sample written again; a round refuses to open on others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from round_seed import MAKER, Seeded, ready

from studio import integrity, outputs
from studio.evaluate.integrity import Facts, checks
from studio.generation import ArmSpec, Asked, Written, again
from studio.records import Decoding, Generation, Prompt, Refusal, Split, canonical
from studio.review import rounds
from studio.store import Store, arms, rewritten

NAMES = [f"p{at}" for at in range(6)]
ASKED = [Asked(Prompt(f"question {at}")) for at in range(6)]


class Echo:
    """A generator that says whose turn it is; with `leaks` the arm that wrote last goes on speaking."""

    batch_size, repeats = 3, True

    def __init__(self, leaks: bool = False) -> None:
        self._leaks, self._worn = leaks, ""

    def prepare(self, arms: Sequence[ArmSpec]) -> None:
        """Nothing to load."""

    def lengths(self, prompts: Sequence[Prompt], system_prompt: str) -> list[int]:
        return [len(prompt.asked) for prompt in prompts]

    def write(self, arm: ArmSpec, prompts: Sequence[Prompt], decoding: Decoding) -> list[Written]:
        self._worn = self._worn if self._leaks and self._worn else arm.id
        text = [f"{self._worn} answers {prompt.input} " * 20 for prompt in prompts]
        return [Written(t[: 4 * decoding.max_new_tokens].strip(), 5, decoding.max_new_tokens, 0.1, {}) for t in text]


def written_again(generator: Echo, stored_by: Echo) -> dict[str, again.Rewritten]:
    batches = [(ArmSpec(name), places) for name in ("base", "tuned") for places in ([0, 1, 2], [3, 4, 5])]
    stored = {
        (arm.id, NAMES[p]): w.text
        for arm, places in batches
        for p, w in zip(places, stored_by.write(arm, [ASKED[p].prompt for p in places], Decoding()), strict=True)
    }
    questions = {"base": ASKED, "tuned": ASKED}
    return again.sample(generator, batches, questions, NAMES, stored, Decoding(), lambda: False, seed="job")


def test_a_sample_written_again_is_the_same() -> None:
    assert written_again(Echo(), Echo()) == {"tuned": again.Rewritten(3), "base": again.Rewritten(3)}


def test_an_arm_that_wrote_with_anothers_weights_is_found() -> None:
    # "tuned" was stored as what "base" says; in the other order it is "base" that speaks as "tuned".
    found = written_again(Echo(leaks=True), Echo(leaks=True))
    assert len(found["tuned"].otherwise) == 3 and len(found["base"].otherwise) == 3
    found = written_again(Echo(), Echo(leaks=True))
    assert len(found["tuned"].otherwise) == 3 and found["base"] == again.Rewritten(3)


def test_a_model_that_does_not_promise_to_repeat_itself_is_not_asked_again() -> None:
    generator = Echo()
    generator.repeats = False
    assert written_again(generator, Echo()) == {}


# -- the card ---------------------------------------------------------------------------------------


def output(text: str = "Yes.", **hashes: str) -> Generation:
    known = {"base": "b", "adapter": "", "template": "t", "prompt": "p", "settings": "s"}
    return Generation("arm", "e", text, hashes=known | hashes)


def told(facts: Facts) -> dict[str, bool | None]:
    return {check.name: check.passed for check in checks(facts)}


def test_each_check_passes_fails_or_cannot_be_told() -> None:
    good = {"e": output(adapter="a"), "f": output("", adapter="a")}
    base = {"e": output("No."), "f": output("No.")}
    found = checks(Facts(good, 2, "a", base, [base], again=2))
    assert all(check.passed for check in found) and "1 of the answers say nothing" in found[0].sentence
    assert told(Facts(good, 3, "a"))["Complete"] is False
    assert told(Facts({"e": output(adapter="other")}, 1, "a"))["Written by the weights it names"] is False
    two = {"e": output(), "f": output(base="c")}
    assert told(Facts(two, 2))["Written by the weights it names"] is False
    assert told(Facts({"e": output(base="")}, 1))["Written by the weights it names"] is None
    assert told(Facts({"e": output()}, 1, others=[{"e": output(settings="z")}]))["Asked alike"] is False
    assert told(Facts(good, 2, "a", {"e": output(), "f": output("")}))["Differs from the base"] is False
    assert told(Facts(good, 2, "a", {}))["Differs from the base"] is None
    assert told(Facts(good, 2, "a", again=2, otherwise=1))["Comes out the same when written again"] is False
    assert told(Facts(good, 2, "a"))["Comes out the same when written again"] is None


# -- in a project -----------------------------------------------------------------------------------


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store)


def answered_again(store: Store, seeded: Seeded, arm: str, otherwise: list[str]) -> None:
    """The arm's outputs as a job stored them that wrote ten of them again."""
    found = arms.generations(store, seeded.dataset, arm)
    rows = [
        {"arm": arm, "example": g.example, "output": g.output, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": None, "hashes": g.hashes} for g in found
    ]  # fmt: skip
    job = {"id": f"job-{arm}", "kind": "generate", "folder": "none", "detail": {}}
    store.act("job.started", MAKER, job, seeded.project)
    payload = {"dataset": seeded.dataset, "job": job["id"], "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    result = {"arms": {arm: {"outputs": len(rows), "again": {"n": 10, "otherwise": otherwise}}}}
    store.act("job.finished", MAKER, {"id": job["id"], "state": "done", "result": result}, seeded.project)


def test_a_round_does_not_open_on_outputs_that_came_out_otherwise(store: Store, seeded: Seeded) -> None:
    assert rewritten.of(store, seeded.dataset, seeded.tuned) == rewritten.Rewritten()
    answered_again(store, seeded, seeded.base, [])
    answered_again(store, seeded, seeded.tuned, ["x", "y"])
    compared = outputs.compare(store, seeded.project, seeded.dataset, Split.test)
    prompts = [g.example for g in arms.generations(store, seeded.dataset, seeded.tuned)]
    found = {each.arm.id: each for each in integrity.report(store, seeded.dataset, compared, prompts)}
    assert found[seeded.base].passed and not found[seeded.tuned].passed
    assert "Tuned on Dataset 1. No blind round opens" in integrity.verdict(list(found.values()))
    with pytest.raises(Refusal, match="2 of 10 outputs of Tuned on Dataset 1 came out otherwise"):
        rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    # Its outputs written anew, without a difference, may be voted on.
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical([
        {"arm": g.arm, "example": g.example, "output": g.output, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": None, "hashes": g.hashes} for g in arms.generations(store, seeded.dataset, seeded.tuned)
    ]))}  # fmt: skip
    store.act("generations.stored", MAKER, payload, seeded.project)
    assert rounds.open_round(store, MAKER, seeded.project, seeded.plan).state == "open"
