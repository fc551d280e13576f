"""Check a project's examples: gathers what the checks look at, and keeps the last answer until something changes.

What examples mean comes from the cache of vectors that the resident model fills (`studio.examples.meaning`); what it
has not read, the report says.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from studio import baselines, health, models
from studio.checkup import Asked, Checkup, checkup
from studio.examples import approval, meaning
from studio.generation import reader
from studio.health import meant
from studio.records import Brief, Example, Refusal, Status
from studio.store import Store, briefs, finding, runs
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows
from studio.train import settings

PRESET = "match_our_tone"
"""The training by which it is judged what is too long: the one that reads all examples."""

_KEPT = 4
"""Projects whose last answer is kept in memory."""


@dataclass(frozen=True)
class Made:
    """A finished look: what was asked, what came out, and the state of the project it is true of."""

    state: str
    asked: Asked
    checkup: Checkup


def asked(store: Store, project: str) -> Asked:
    """What there is to look over now. Raises Refusal when there is no brief."""
    brief = briefs.latest(store, project)
    if brief is None:
        raise Refusal("There is no brief yet, so nothing says what good is. Write the brief first.")
    return Asked(
        tuple(_judged(example_rows.every(store, project), brief)), brief, tuple(_earlier(store, project)),
        finding.today(),
    )  # fmt: skip


def now(store: Store, project: str) -> Made:
    """The look at the project as it is; made here when the kept one is of another state. Raises Refusal."""
    state = _state(store, project)
    name = (store.workspace, project)
    with _LOCK:
        kept = _MADE.get(name)
    if kept is None or kept.state != state:
        question = asked(store, project)
        kept = Made(state, question, checkup(question, known(store, project, question.examples)))
        with _LOCK:
            _MADE[name] = kept
            _MADE.move_to_end(name)
            while len(_MADE) > _KEPT:
                _MADE.popitem(last=False)
    return kept


def known(store: Store, project: str, examples: tuple[Example, ...]) -> health.Known:
    """What was read of the examples so far, by meaning and in tokens. Nothing of what asks for a model that is not on
    this machine."""
    live = [e for e in examples if e.status is not Status.rejected]
    vectors = meaning.vectors_of(store, {e.id: e.prompt.asked for e in live})
    tokens = _tokens(store, project, live)
    most = settings.resolve(PRESET, max(1, len(live))).max_length if tokens else 0
    return health.Known(
        meaning=vectors, close=_close(store.workspace, project, live, vectors), tokens=tokens, most_tokens=most
    )


def _tokens(store: Store, project: str, live: list[Example]) -> dict[str, health.Tokens]:
    """Their lengths for the model last tuned here, or the bundled one; nothing where they cannot be counted."""
    tuned = runs.every(store, project)
    name = tuned[0].model if tuned else baselines.DEFAULT_MODEL
    try:
        folder = models.path(name, store.workspace)
        return reader.of(folder).lengths(live) if models.present(name, store.workspace) else {}
    except Refusal:
        return {}  # an endpoint, or a model that was never taught to answer in turns: training refuses those itself


# -- kept between two looks ------------------------------------------------------------------------

_LOCK = threading.Lock()
_MADE: OrderedDict[tuple[Path, str], Made] = OrderedDict()
_PAIRS: OrderedDict[tuple[Path, str], tuple[dict[str, str], tuple[health.Close, ...]]] = OrderedDict()
"""By project: example id -> the input that was compared, and the pairs found."""


def _close(
    workspace: Path, project: str, examples: list[Example], vectors: dict[str, health.Floats]
) -> tuple[health.Close, ...]:
    """The pairs close in meaning; only those of inputs that changed since the last look are computed anew."""
    name = (workspace, project)
    inputs = {e.id: e.prompt.asked for e in examples if e.id in vectors}
    with _LOCK:
        before = _PAIRS.get(name)
    if before is None:
        pairs = meant.close_pairs(vectors)
    else:
        changed = [key for key, text in inputs.items() if before[0].get(key) != text]
        pairs = (
            meant.renewed(before[1], vectors, changed) if len(changed) < len(inputs) / 2 else meant.close_pairs(vectors)
        )
    with _LOCK:
        _PAIRS[name] = (inputs, pairs)
        _PAIRS.move_to_end(name)
        while len(_PAIRS) > _KEPT:
            _PAIRS.popitem(last=False)
    return pairs


def _state(store: Store, project: str) -> str:
    """Changes whenever a look at the project could come out otherwise: by its last act, the day, what was read."""
    last = store.history(project, limit=1)
    return f"{last[0].seq if last else 0}:{finding.today()}:{meaning.read_so_far(store)}"


def _judged(found: list[Example], brief: Brief) -> list[Example]:
    """The examples, those back in review whose approvals no longer suffice under this brief: a slice may have been
    made stricter after they were approved."""
    strict = {s.name for s in brief.slices if s.second_approval}
    if not strict:
        return found
    return [
        replace(e, status=Status.in_review)
        if e.status is Status.approved
        and e.slice in strict
        and not approval.complete(e.approvals, approval.demand(brief, e.slice))
        else e
        for e in found
    ]


def _earlier(store: Store, project: str) -> list[Example]:
    """The rows of all earlier datasets, each text of an example once, oldest first: what tested stays a test."""
    found: dict[tuple[str, str], Example] = {}
    for dataset in reversed(dataset_rows.every(store, project)):
        for row in dataset_rows.rows_of(store, dataset):
            key = (row.id, row.prompt.asked)
            found.pop(key, None)  # so that what stood last comes last
            found[key] = row
    return list(found.values())
