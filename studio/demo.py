"""The whole loop on a demo project, without a browser: real weights, real training; votes by a script, labelled so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from studio import baselines, datasets, models, outputs, people, projects, signing, supervisor
from studio.evaluate import averages
from studio.records import Job, JobState, Refusal, Split
from studio.review import rounds
from studio.store import Store, runs
from studio.train import preflight
from studio.train import step as train_step

ACTOR = "demo"
Report = Callable[[str], None]


@dataclass
class _Clock:
    """Seconds per step, in order, and the largest memory of any worker in MB."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.report(f"{name} ...")
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 1)
        self.report(f"{name}: {self.seconds[name]} s")

    def worker(self, job: Job) -> Job:
        """Notes the job's memory. Raises Refusal with its sentence when it did not get done."""
        result = job.detail.get("result", {})
        self.peak_memory_mb = max(self.peak_memory_mb, result.get("peak_memory_mb") or 0.0)
        if job.state is not JobState.done:
            raise Refusal(result.get("reason") or f"The {job.kind} job was {job.state.value}.")
        return job


def walk(
    store: Store, report: Report, folder: str = "support-replies", preset: str = "match_our_tone"
) -> dict[str, Any]:
    """Brief, examples, dataset, prompts, training, outputs, blind round, verdict. Returns the command's JSON object."""
    clock = _Clock(report)
    with clock.step("models"):
        for entry in models.bundled():
            models.fetch(entry.name, store.workspace, report)
    with clock.step("brief and examples"):
        project = projects.from_demo(store, ACTOR, folder).id
    with clock.step("dataset"):
        dataset = datasets.freeze(store, ACTOR, project)
    with clock.step("prompts"):
        base = baselines.base(store, ACTOR, project)
        prompt = baselines.add_prompt(store, ACTOR, project, name="House rules as a prompt")
    with clock.step("pre-flight"):
        found, settings = train_step.asked(store, dataset.id, preset=preset)
        measuring = preflight.begin(store, ACTOR, found, settings, baselines.DEFAULT_MODEL)
        clock.worker(supervisor.wait(store, measuring.id, report))
    with clock.step("train"):
        run = preflight.start(store, ACTOR, measuring.id)
        clock.worker(supervisor.wait(store, run.job, report))
        tuned = f"tuned-{run.id}"
    with clock.step("outputs"):
        job = outputs.generate(store, ACTOR, project, dataset.id, [base.id, prompt.id, tuned], Split.test)
        clock.worker(supervisor.wait(store, job.id, report))
    with clock.step("blind round (scripted votes)"):
        plan = replace(rounds.plan_for(store, project, tuned, dataset.id), practice=True, second_readers=0.0)
        opened = rounds.open_round(store, ACTOR, project, plan)
        closed = rounds.vote_by_script(store, opened, people.scripted_reviewer(store))
    with clock.step("verdict"):
        result = _result(store, project, dataset.id, closed)
    trained = runs.get(store, run.id)
    return {
        "project": project, **result, "seconds": clock.seconds, "peak_memory_mb": clock.peak_memory_mb,
        "losses": trained.result.get("losses") if trained else None,
        "estimate": preflight.beside(store, trained) if trained else None,
    }  # fmt: skip


def _result(store: Store, project: str, dataset: str, closed: rounds.Round) -> dict[str, Any]:
    ruling, (assessment,) = signing.ruling(store, closed), rounds.assess(store, closed)
    hardest = assessment.hardest
    return {
        "arms": {c.arm.name: rules_kept(c) for c in outputs.compare(store, project, dataset)},
        "verdict": ruling.verdict.value,
        "votes_alone": ruling.votes_alone.value,
        "headline": ruling.headline,
        "theta": hardest.theta,
        "interval": [hardest.interval.low, hardest.interval.high],
        "against": signing.names(closed)[hardest.baseline],
        "n_prompts": hardest.n,
        "scripted_votes": sum(a.votes for a in assessment.against),
    }


def rules_kept(compared: outputs.Compared) -> dict[str, Any]:
    """The share of the rules that an answer keeps, averaged over the prompts: `n` and `interval` count prompts,
    since the rules one answer keeps hang together. Then each rule by itself."""
    share = averages.average(list(compared.shares.values()), 1)
    return {
        "rules_kept": share.value,
        "n": share.n,
        "interval": [share.low, share.high],
        "prompts": compared.expected,
        "missing": compared.expected - compared.written,
        "rules": {
            s.criterion: {"share": s.share, "n": s.n, "interval": list(s.interval)} for s in compared.scores
        },
    }  # fmt: skip
