"""What the studio knows of a project that bears on whether to tune: prompts and their scores, examples, agreement."""

from __future__ import annotations

from dataclasses import dataclass

from studio import outputs
from studio.advice.rules import ENOUGH_JUDGED, QUESTIONS, Evidence
from studio.examples import outcome
from studio.records import PROMPTING, Refusal, Split, Status
from studio.review.agreement import Agreement, agreement
from studio.store import Store, arms, briefs, datasets, examples, labels, rounds
from studio.store import advice as rows
from studio.store.labels import Label


@dataclass(frozen=True)
class Best:
    """The best prompt on validation inputs: the share of the rules it keeps, its 95 % interval, over `n` inputs."""

    name: str
    share: float
    low: float
    high: float
    n: int


def gather(store: Store, project: str) -> Evidence:
    """All of it, and the answers people gave."""
    best, agreed, judged = best_prompt(store, project), *agreed_on(store, project)
    brief = briefs.latest(store, project)
    tally = examples.tally(store, project)
    given = rows.answers(store, project)
    named = [s.name for s in brief.slices] if brief else []
    return Evidence(
        prompts=sum(arm.kind in PROMPTING for arm in arms.every(store, project)),
        kept=(best.share, best.low, best.high) if best else None,
        scored=best.n if best else 0,
        approved={name: tally.get((name, Status.approved.value), 0) for name in named},
        approved_in_all=sum(n for (_, status), n in tally.items() if status == Status.approved.value),
        agreement=agreed,
        judged=judged,
        **{name: given[name].value for name in QUESTIONS if name in given},
    )


def best_prompt(store: Store, project: str) -> Best | None:
    """None when no prompt has answered validation inputs of the newest dataset, or no machine can check any rule."""
    dataset = datasets.latest(store, project)
    if dataset is None:
        return None
    compared = [c for c in outputs.compare(store, project, dataset.id, Split.validation) if c.shares]
    prompts = [c for c in compared if c.arm.kind in PROMPTING]
    if not prompts:
        return None
    found = max(prompts, key=lambda c: c.average.value)
    scale = found.average.rules
    return Best(
        found.arm.name, found.average.value / scale, found.average.low / scale, found.average.high / scale,
        found.average.n,
    )  # fmt: skip


def agreed_on(store: Store, project: str) -> tuple[float | None, int]:
    """(agreement, items that two people judged): from labels, else from votes of closed rounds; None for unknown."""
    labelled = agreement(_labels(store, project))
    if labelled.prompts >= ENOUGH_JUDGED:
        return _beyond_luck(labelled), labelled.prompts
    votes = agreement(_votes(store, project))
    most = max(labelled, votes, key=lambda found: found.prompts)
    return _beyond_luck(most), most.prompts


def _labels(store: Store, project: str) -> list[list[str]]:
    """What people said of each example by themselves, over all queues; of unfinished items nothing is told."""
    said: list[Label] = []
    for queue in labels.queues(store, project):
        said += outcome.finished(labels.heard(store, queue.id), labels.shared_out(store, queue.id))
    return [outcome.opinions(given) for given in outcome.firsts(said).values()]


def _votes(store: Store, project: str) -> list[list[str]]:
    """The votes on each pair of closed rounds; of an open one nothing is told, not even this."""
    found: dict[str, list[str]] = {}
    for each in rounds.every(store, project):
        if each.state == "closed":
            for vote in rounds.votes(store, each.id):
                if not vote.scripted and vote.choice != "skip":
                    found.setdefault(vote.pair, []).append(vote.choice.value)
    return list(found.values())


def _beyond_luck(found: Agreement) -> float | None:
    """Alpha; AC1 where one answer dominates, which makes alpha collapse, and 1 where every answer is the same."""
    if found.raw is None:
        return None
    if found.alpha_nominal is None:
        return 1.0 if found.raw == 1.0 else found.ac1
    if found.ac1 is not None and found.ac1 - found.alpha_nominal > 0.3:
        return found.ac1
    return found.alpha_nominal


def answer(store: Store, actor: str, project: str, question: str, value: str) -> None:
    """Notes a person's answer ("" takes it back). Raises Refusal for a question or an answer that there is not."""
    if question not in QUESTIONS or (value and value not in QUESTIONS[question]):
        raise Refusal("There is no such question, or no such answer to it. Nothing was changed.")
    given = rows.answers(store, project).get(question)
    if (given.value if given else "") != value:
        store.act("advice.answered", actor, {"question": question, "value": value}, project)
