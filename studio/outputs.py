"""Outputs: let every arm answer the same unseen inputs, with one copy of the weights; then compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import datasets, looks, models
from studio.documents import step as documents
from studio.evaluate import averages, checks
from studio.jobs import folder as job_folder
from studio.jobs import place
from studio.records import (
    PROMPTING,
    Arm,
    ArmKind,
    Brief,
    Dataset,
    Decoding,
    Example,
    Generation,
    Given,
    Job,
    JobState,
    Prompt,
    Refusal,
    Round,
    Split,
    canonical,
    from_json,
    sha256,
    to_json,
)
from studio.review.rounds import is_current
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows
from studio.store import rounds as round_rows
from studio.train import elsewhere, launch
from studio.train.checkpoints import final_of

MOST_REQUESTS = 2_000
"""As many requests may one job send to a model elsewhere, those included that are sent again."""


KIND = "generate"
"""The kind of job in which arms answer the prompts of a set."""


@dataclass(frozen=True)
class Compared:
    """What one arm wrote to a split: rule by rule, and how near in meaning to the ideal outputs.

    `written` of `expected` prompts have an output; `empty` of them say nothing. `similarity`: mean cosine
    of the MiniLM embeddings, -1 to 1, None when not measured. `shares`: prompt -> share of the rules that apply to it.
    `kept`: rule -> prompt -> whether it is kept, where that can be told.
    """

    arm: Arm
    scores: tuple[checks.RuleScore, ...]
    written: int
    expected: int
    empty: int
    similarity: float | None
    seconds: float
    tokens_in: int
    tokens_out: int
    shares: dict[str, float] = field(default_factory=dict)
    kept: dict[str, dict[str, bool]] = field(default_factory=dict)

    @property
    def average(self) -> averages.Average:
        """Rules kept per prompt on average, of all that a machine can check."""
        return averages.average(list(self.shares.values()), len(self.scores))


def generate(
    store: Store, actor: str, project: str, dataset: str, arm_ids: Sequence[str], split: Split, *, most: int = 0
) -> Job:
    """Starts a job in which `arm_ids` answer the prompts of a split (`most`: so many of them, spread over the slices).

    Raises Refusal when the model is missing, or an arm is unfinished or in an open round.
    """
    found = dataset_rows.get(store, dataset)
    if found is None:
        raise Refusal("This dataset is not in use any more. Nothing was started. Freeze one first.")
    if split is Split.test:
        looks.raise_if_spent(store, found, "Nothing was started.")
    prompts = datasets.rows_in(store, found, split)
    if most:
        prompts = datasets.spread(prompts, most)
    return ask(store, actor, found, arm_ids, prompts, KIND, {"split": split.value})


def ask(
    store: Store, actor: str, dataset: Dataset, arm_ids: Sequence[str], prompts: Sequence[Example], kind: str,
    detail: dict[str, Any] | None = None, *, work: str = KIND, answers: int = 0,
    decoding: Decoding | None = None,
) -> Job:  # fmt: skip
    """Starts a job of a kind in which `arm_ids` answer any prompts, which need not be of the set as they stand.
    `work`: the kind that the worker knows; `answers`: how many each arm gives, where it is not one a prompt;
    `decoding`: where it is not the usual one. Raises Refusal as `generate`."""
    chosen = _ready(store, dataset, arm_ids)
    model = chosen[0].model
    name = job_folder.new_id()
    folder = prepared(store, name, dataset, chosen, prompts, work, answers, decoding)
    about = {"dataset": dataset.id, "arms": [arm.id for arm in chosen], **(detail or {})}
    payload = {"id": name, "kind": kind, "folder": name, "detail": about}
    launch.start(store, actor, dataset.project, payload, folder, needs_device=models.entry(model).kind != "endpoint")
    job = runs.job(store, name)
    assert job is not None
    return job


def _ready(store: Store, dataset: Dataset, arm_ids: Sequence[str]) -> list[Arm]:
    """The arms, if a job with them can be started now. Raises Refusal."""
    chosen = [usable(store, name) for name in arm_ids]
    if not chosen:
        raise Refusal("No arm is chosen. Nothing was started. Choose at least one.")
    _refuse_in_a_round(store, dataset.project, dataset.id, chosen)
    refuse_older(dataset, chosen)
    documents.refuse_gone(store, chosen)
    model = chosen[0].model
    if any(arm.model != model for arm in chosen):
        raise Refusal("These arms use different base models. Nothing was started. Generate them one model at a time.")
    elsewhere.require_allowed(store, model)
    models.verify(model, store.workspace)
    models.verify("minilm", store.workspace)
    return chosen


def prepared(
    store: Store, name: str, dataset: Dataset, chosen: Sequence[Arm], prompts: Sequence[Example], kind: str = KIND,
    answers: int = 0, decoding: Decoding | None = None,
) -> Path:  # fmt: skip
    """The folder of a job that is to be started with arms of one model: all that the worker will read. Raises
    Refusal."""
    model, workspace = chosen[0].model, store.workspace
    spec = {
        "kind": kind, "id": name, "project": dataset.project, "model": models.reference(model, workspace),
        "arms": [arm_spec(store, arm) for arm in chosen], "decoding": to_json(decoding or Decoding()),
        "prompts": [_row(e) for e in prompts],
        "embedder": {"name": "minilm", "path": str(models.path("minilm", workspace))},
    }  # fmt: skip
    if models.entry(model).kind == "endpoint":
        spec["most_requests"] = most_requests(len(chosen) * (answers or len(prompts)))
    inputs = {}
    if any(arm.recipe.shots for arm in chosen):
        spec["shelf"] = "inputs/shelf.jsonl"
        inputs["shelf.jsonl"] = job_folder.jsonl(_row(e) for e in datasets.rows_in(store, dataset, Split.train))
    if any(arm.recipe.passages for arm in chosen):
        spec["library"] = "inputs/library.jsonl"
        inputs["library.jsonl"] = job_folder.jsonl(_library(store, chosen, dataset))
    return job_folder.create(workspace / "jobs" / name, spec, inputs)


def generate_each(
    store: Store, actor: str, project: str, dataset: str, arm_ids: Sequence[str], split: Split
) -> list[Job]:  # fmt: skip
    """As `generate`, with arms of any models: one job for each model, each with one copy of the weights. Where one
    could not be started, none is."""
    by_model: dict[str, list[str]] = {}
    for name in arm_ids:
        by_model.setdefault(usable(store, name).model, []).append(name)
    if not by_model:
        raise Refusal("No arm is chosen. Nothing was started. Choose at least one.")
    found = dataset_rows.get(store, dataset)
    if found is not None:
        for names in by_model.values():
            _ready(store, found, names)
    return [generate(store, actor, project, dataset, names, split) for names in by_model.values()]


def go_on(store: Store, actor: str, job: Job) -> None:
    """A job in which arms answer, whatever they are asked, that stopped or failed goes on: what has an answer is not
    asked again. Raises Refusal, as `generate` would now."""
    if "arms" not in job.detail:
        raise Refusal("This job writes no answers. Nothing was changed.")
    if job.detail.get("split") == Split.test.value and (dataset := dataset_rows.get(store, job.detail["dataset"])):
        looks.raise_if_spent(store, dataset, "Nothing was changed.")
    chosen = [usable(store, name) for name in job.detail["arms"]]
    _refuse_in_a_round(store, job.project, job.detail["dataset"], chosen)
    for arm in chosen:
        elsewhere.require_allowed(store, arm.model)
    launch.resume(store, actor, job)


def unfinished(store: Store, project: str, dataset: str) -> Job | None:
    """The newest job of answers on this dataset, if it stopped or failed before its end."""
    found = [job for job in runs.jobs(store, project) if job.kind == "generate" and job.detail["dataset"] == dataset]
    newest = found[0] if found else None
    return newest if newest and newest.state in (JobState.failed, JobState.cancelled) else None


def most_requests(prompts: int) -> int:
    """Each may be sent twice on average; more means that something is wrong there."""
    if prompts > MOST_REQUESTS:
        raise Refusal(
            f"That would send {prompts:,} requests to a model elsewhere; at once are allowed {MOST_REQUESTS:,}. "
            "Nothing was started. Choose fewer arms."
        )
    return min(MOST_REQUESTS, 2 * prompts)


def _library(store: Store, chosen: Sequence[Arm], dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The passages that these arms may be given, each with its vector where it was read already."""
    found = documents.library(store, chosen, dataset)
    known = documents.vectors(store, found)
    for each in found:
        vector = {"vector": [round(float(v), 8) for v in known[each.id]]} if each.id in known else {}
        yield to_json(each) | vector


def _row(example: Example) -> dict[str, Any]:
    return job_folder.prompt_row(example.id, example.prompt) | {"ideal": example.ideal, "slice": example.slice}


def usable(store: Store, name: str) -> Arm:
    """The arm with this id. Raises Refusal when it is not in use any more."""
    arm = arms.get(store, name)
    if arm is None or arm.retired:
        raise Refusal("One of the arms is not in use any more. Nothing was started.")
    return arm


def refuse_older(dataset: Dataset, chosen: Sequence[Arm]) -> None:
    """Raises Refusal for arms that show examples of another set: its training examples may be test prompts here."""
    older = [arm.name for arm in chosen if arm.recipe.shots and arm.recipe.shots.dataset_sha256 != dataset.sha256]
    if older:
        raise Refusal(
            f"{', '.join(older)} shows examples of another set than {dataset.name}, where they may be test prompts. "
            "Nothing was started. Choose its examples anew on the Prompts page."
        )


def _refuse_in_a_round(store: Store, project: str, dataset: str, chosen: Sequence[Arm]) -> None:
    for found in round_rows.every(store, project):
        named = [arm.name for arm in chosen if arm.id in found.registration["arms"]]
        if found.state == "open" and found.registration["dataset"] == dataset and named:
            raise Refusal(
                f"A blind round is open on what {', '.join(named)} wrote. Nothing was started. "
                "Finish or cancel the round first."
            )


def arm_spec(store: Store, arm: Arm) -> dict[str, Any]:
    """How a job is told of an arm. Raises Refusal for a tuned one without a finished training."""
    adapter, sha = "", ""
    if arm.kind is ArmKind.tuned:
        run = runs.get(store, arm.run)
        if run is None or not run.adapter_sha256:
            raise Refusal(f"{arm.name} has no finished training behind it. Nothing was started.")
        where = f"checkpoints/{final_of(arm.step)}" if arm.step else run.adapter
        adapter = str(adapter_folder(store, run.job, where)) if where else ""
        sha = runs.weights(store, arm)
    return {
        "id": arm.id, "system_prompt": arm.system_prompt, "adapter": adapter, "adapter_sha256": sha,
        "recipe": to_json(arm.recipe),
    }  # fmt: skip


def adapter_folder(store: Store, job: str, adapter: str) -> Path:
    return (store.workspace / "jobs" / job / adapter).resolve()


def generation(line: dict[str, Any]) -> Generation:
    """An answer as a job wrote it."""
    return Generation(
        line["arm"], line["example"], line["output"], line["tokens_in"], line["tokens_out"], line["seconds"],
        line["similarity"], line["hashes"], from_json(Given, line.get("given", {})),
    )  # fmt: skip


def stop(store: Store, job: Job) -> None:
    folder = store.workspace / "jobs" / job.folder
    place.of(folder).cancel(folder)


def current(
    store: Store, dataset: str, arm: Arm, examples: Sequence[str] | None = None
) -> dict[str, Generation]:  # fmt: skip
    """Example -> output of the arm as it is now (an older version's outputs are left out); of these `examples` only,
    where they are given."""
    return {g.example: g for g in arms.generations(store, dataset, arm.id, examples) if is_current(arm, g)}


def compare(store: Store, project: str, dataset: str, split: Split = Split.test) -> list[Compared]:
    """Every arm that has outputs on the split, scored by the brief's exact checks."""
    brief, found = briefs.latest(store, project), dataset_rows.get(store, dataset)
    if brief is None or found is None:
        return []
    wrote = {each.arm for each in arms.answered(store, dataset)}
    told = (by_rules(store, arm, brief, found, split) for arm in arms.every(store, project) if arm.id in wrote)
    return [each for each in told if each.written]


def by_rules(
    store: Store, arm: Arm, brief: Brief, dataset: Dataset, split: Split, asked: frozenset[str] | None = None
) -> Compared:
    """What the exact checks of this version of a brief say of an arm's current answers to a split (of these `asked`
    prompts of it only). Made once for all who ask before answers or sets change."""

    def read() -> Compared:
        rows = datasets.rows_in(store, dataset, split)
        examples = {e.id: e for e in rows if asked is None or e.id in asked}
        written = {k: g for k, g in current(store, dataset.id, arm).items() if k in examples}
        return _scored(arm, brief, subjects(examples, written), written, len(examples))

    key = ("by rules", arm, sha256(canonical(to_json(brief))), dataset.id, split, asked)
    return store.once(key, read, ("datasets", "generations"))


def subjects(examples: dict[str, Example], written: dict[str, Generation]) -> dict[str, checks.Subject]:
    """Each output with the example it answers, for the checks."""
    return {name: checks.of_example(examples[name], g.output) for name, g in written.items()}


def _scored(
    arm: Arm, brief: Brief, answers: dict[str, checks.Subject], written: dict[str, Generation], expected: int
) -> Compared:
    """An arm's answers by the brief's exact checks. `written`: what was current of `expected` prompts."""
    told = checks.told(brief, answers)
    near = [g.similarity for g in written.values() if g.similarity is not None]
    return Compared(
        arm, tuple(checks.scores(told)), len(written), expected, sum(not g.output.strip() for g in written.values()),
        sum(near) / len(near) if near else None, sum(g.seconds for g in written.values()),
        sum(g.tokens_in for g in written.values()), sum(g.tokens_out for g in written.values()), checks.shares(told),
        {criterion.name: own for criterion, own in told},
    )  # fmt: skip


def headline(compared: Sequence[Compared]) -> averages.Headline | None:
    """The sentence on top: the newest tuned model, the best prompt and the base among `compared`."""
    named = {kind: [c for c in compared if c.arm.kind is kind] for kind in ArmKind}
    best = max([c for kind in PROMPTING for c in named[kind]], key=lambda c: c.average.value, default=None)
    own = [c for c in named[ArmKind.tuned] if not c.arm.step] or named[ArmKind.tuned]
    tuned, base = own[-1:], named[ArmKind.base][:1]
    return averages.headline(*(
        averages.Named(c.arm.name, c.average, c.shares) if c else None
        for c in (tuned[0] if tuned else None, best, base[0] if base else None)
    ))  # fmt: skip


def saw(store: Store, person: str, project: str, dataset: str) -> None:
    """Notes that this person has seen which arm wrote what, once for each dataset; their later votes in the project
    stay outside the gate."""
    if person not in arms.readers(store, project, dataset):
        store.act("outputs.seen", person, {"what": dataset}, project)


def saw_tests(store: Store, person: str, project: str, dataset: str) -> None:
    """Notes that this person has read what arms wrote to test prompts, once: what they change of a prompt afterwards is
    counted. Their later votes stay outside the gate, too."""
    if person not in arms.saw_tests(store, project):
        store.act("outputs.seen", person, {"what": f"{arms.TESTS}{dataset}"}, project)


def draft_asked(store: Store, person: str, project: str, prompt: Prompt, example: str = "") -> None:
    """Before a model's draft for `prompt` is shown to the person who writes the example (its id, "" for a new one):
    notes that they saw an arm's words, once. Raises Refusal where an open round asks for a vote on that very input."""
    for found in round_rows.every(store, project):
        if found.state == "open" and _is_asked_in(store, found, _folded(prompt.input), example):
            raise Refusal(
                "A blind round is open and asks people about this very input, so no model writes a draft for it now: "
                "it would show whose answer is whose. Nothing was changed. Write it yourself, or wait until the round "
                "has closed."
            )
    saw(store, person, project, "draft")


def _is_asked_in(store: Store, opened: Round, text: str, example: str) -> bool:
    """Whether an open round has this input or example among its pairs or in its dataset's test split."""
    if any(example == pair.example or text == _folded(pair.input) for pair in round_rows.pairs(store, opened.id)):
        return True
    dataset = dataset_rows.get(store, opened.registration["dataset"])
    tests = datasets.rows_in(store, dataset, Split.test) if dataset else []
    return any(example == each.id or text == _folded(each.input) for each in tests)


def _folded(text: str) -> str:
    """A text without what makes no other question of it: capitals and the width of gaps."""
    return " ".join(text.split()).casefold()
