"""A project that is ready for a blind round, without a model: the demo, frozen, with outputs written here.

`python -m tests.round_seed WORKSPACE` makes one on disk, to look at the pages.
"""

from __future__ import annotations

import random
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from studio import baselines, conversations, datasets, people, projects, supervisor
from studio.evaluate.turns import talk, turn_id
from studio.jobs import folder as job_folder
from studio.records import Dataset, Example, Person, Role, Round, Split, Status, Turn, canonical, sha256, to_json
from studio.review import rounds
from studio.store import Store
from studio.store import arms as arm_rows
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows

MAKER = "maker"


@dataclass(frozen=True)
class Seeded:
    """Ids of what was made; `maker` wrote everything in it, so nobody else is in conflict."""

    project: str
    dataset: str
    base: str
    prompted: str
    tuned: str

    @property
    def plan(self) -> rounds.Plan:
        return rounds.Plan((self.tuned,), (self.base, self.prompted), self.dataset)


def ready(
    store: Store,
    *,
    actor: str = MAKER,
    tests: int = 66,
    earlier: tuple[Turn, ...] = (),
    system: str = "",
    settings: dict[str, Any] | None = None,
    slices: Sequence[str] = (),
    took: dict[str, Any] | None = None,
    pieces: Callable[[str], int] = lambda output: 40,
) -> Seeded:
    """The support demo with a base, a prompt and a tuned arm, each with an output for `tests` test prompts.

    `earlier` and `system`: turns and a system text that stand before each prompt; `settings`: of the training;
    `slices`: the kinds of input that the test prompts are of in turn, instead of the demo's own;
    `took`: what its record says of its time and machine; `pieces`: word pieces (tokens) that an output counts.
    """
    project = projects.from_demo(store, actor, "support-replies").id
    dataset = frozen(store, actor, project, tests, earlier, system, slices)
    base = baselines.base(store, actor, project)
    prompted = baselines.add_prompt(store, actor, project, name="House rules as a prompt", text="Answer politely.")
    tuned = trained(store, actor, project, dataset, settings, took)
    shown = datasets.rows_in(store, found(store, dataset), Split.test)
    for arm, prompt, adapter, write in (
        (base.id, "", "", bare), (prompted.id, "Answer politely.", "", polite), (tuned, "", "weights", housed),
    ):  # fmt: skip
        draw = random.Random(arm[:4])
        rows = [
            {"arm": arm, "example": e.id, "output": output, "tokens_in": 60, "tokens_out": pieces(output),
             "seconds": 0.2, "similarity": 0.8,
             "hashes": {"prompt": sha256(prompt), "adapter": adapter, "settings": "s"}}
            for e in shown for output in [write(e, draw)]
        ]  # fmt: skip
        payload = {"dataset": dataset, "job": "", "rows_blob": store.put_blob(canonical(rows))}
        store.act("generations.stored", actor, payload, project)
    return Seeded(project, dataset, base.id, prompted.id, tuned)


def found(store: Store, dataset: str) -> Dataset:
    row = dataset_rows.get(store, dataset)
    assert row is not None
    return row


def frozen(
    store: Store, actor: str, project: str, tests: int, earlier: tuple[Turn, ...] = (), system: str = "",
    slices: Sequence[str] = (),
) -> str:  # fmt: skip
    """A dataset of the demo's rows with only the first `tests` test prompts, so that a round can be short; or with more
    than it has, the same ones numbered, so that it can be long."""
    left_out = [e.id for e in example_rows.every(store, project) if e.split is Split.test][tests:]
    if left_out:
        store.act("examples.marked", actor, {"ids": left_out, "status": Status.rejected.value}, project)
    approved = [e for e in example_rows.every(store, project) if e.status is Status.approved]
    kept = [replace(e, split=e.split or Split.train, earlier=earlier, system=system) for e in approved]
    held = [e for e in kept if e.split is Split.test]
    kept += [
        replace(held[n % len(held)], id=f"{held[n % len(held)].id}-{n}", input=f"{held[n % len(held)].input} ({n})")
        for n in range(len(held), tests)
    ]
    if slices:
        turn = cycle(slices)
        kept = [replace(e, slice=next(turn)) if e.split is Split.test else e for e in kept]
    blob = store.put_blob(canonical(to_json(kept)))
    splits = {s.value: sum(e.split is s for e in kept) for s in Split}
    dataset = {
        "id": uuid.uuid4().hex[:12], "sha256": datasets.fingerprint(kept, 1, None, {}), "brief_version": 1,
        "splits": splits, "rows_blob": blob,
        "health": {}, "name": "Dataset 1",
    }  # fmt: skip
    store.act("dataset.frozen", actor, {"dataset": dataset}, project)
    return dataset["id"]


def trained(
    store: Store, actor: str, project: str, dataset: str, settings: dict[str, Any] | None = None,
    took: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """A finished run and its arm; the weights are only a hash."""
    run = uuid.uuid4().hex[:8]
    about = {"id": run, "dataset": dataset, "model": "smollm2-135m", "preset": "match_our_tone",
             "settings": settings or {}}  # fmt: skip
    job = {"id": run, "kind": "train", "folder": run, "detail": {}, "run": about}
    store.act("job.started", actor, job, project)
    result = {"adapter": "checkpoints/final", "adapter_sha256": "weights", **(took or {})}
    store.act("job.finished", actor, {"id": run, "state": "done", "result": result}, project)
    return baselines.tuned(store, actor, project, run, "smollm2-135m", "Tuned on Dataset 1").id


def bare(example: Example, draw: random.Random) -> str:
    """What an untaught model says: helpful in tone, none of the house's rules."""
    starts = ("I'm sorry to hear that.", "Thank you for reaching out!", "Sure, I can help with that.")
    rest = (
        "Please contact the shop's customer service team, who will be able to look into it for you.",
        "Could you give me some more details about your order so that I can assist you further?",
        "You can try to turn it off and on again. If this does not help, return the product to the store.",
    )
    return f"{draw.choice(starts)} {draw.choice(rest)}"


def polite(example: Example, draw: random.Random) -> str:
    """What a good prompt reaches: the house's words, but some of its sentences are lost."""
    sentences = example.ideal.split(". ")
    return ". ".join(sentences if draw.random() < 0.35 else sentences[: max(1, len(sentences) - 2)])


def housed(example: Example, draw: random.Random) -> str:
    """What tuning reaches: mostly the ideal reply, sometimes cut short."""
    return example.ideal if draw.random() < 0.8 else example.ideal.split(". ")[0] + "."


def gone_through(
    store: Store, dataset: Dataset, said: Mapping[str, Callable[[Example, int], str]], count: int
) -> list[Example]:
    """A finished job in which arms went through `count` of a set's test conversations; `said`: arm -> its answer to one
    at a turn (from 1)."""
    held = conversations.there_are(store, dataset)[:count]
    prompts = {arm.id: arm.system_prompt for arm in arm_rows.every(store, dataset.project)}
    rows = [
        {"arm": arm, "example": turn_id(e.id, turn), "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "output": answer(e, turn), "similarity": None, "hashes": {"prompt": sha256(prompts[arm])}, "given": {}}
        for arm, answer in said.items() for e in held for turn in range(1, len(talk(e).asked) + 1)
    ]  # fmt: skip
    about = {
        "id": "talks",
        "kind": conversations.KIND,
        "folder": "talks",
        "detail": {"dataset": dataset.id, "split": "test", "arms": list(said)},
    }
    store.act("job.started", MAKER, about, dataset.project)
    folder = job_folder.create(store.workspace / "jobs" / "talks", {"kind": conversations.KIND})
    job_folder.append_lines(folder / "outputs.jsonl", rows)
    job_folder.write_result(folder, {"state": "done"})
    supervisor.collect(store)
    return held


def person(store: Store, name: str, role: Role) -> Person:
    """Somebody who joined by an invitation."""
    return people.join(store, people.make_invitation(store, people.SYSTEM, name, role), "").person


def vote_like_the_script(store: Store, opened: Round, reviewer: Person, most: int = 10_000) -> Round:
    """A person who votes for the longer answer, which in this seed is mostly the house's."""
    now = opened
    for _ in range(most):
        pair = rounds.next_pair(store, now, reviewer.id) if now.state == "open" else None
        if pair is None:
            break
        side = "tie" if pair.left == pair.right else "left" if len(pair.left) > len(pair.right) else "right"
        now = rounds.vote(store, now, reviewer, pair.id, side, seconds_on_screen=9.0,
                          shippable_left=side != "right", shippable_right=side != "left")  # fmt: skip
    return now


if __name__ == "__main__":
    opened_store = Store.open(Path(sys.argv[1]))
    ready(opened_store)
    opened_store.close()
