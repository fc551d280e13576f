"""Check a project's examples: gathers what the checks look at, and keeps the last answer until something changes.

A small project is looked over where it is asked for. A large one is looked over by the resident model process, which
gets the examples as a file, so that nobody who votes meanwhile waits for it (docs/decisions/0007).
"""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path

from studio import baselines, models
from studio.checkup import Asked, Checkup, Gatherer, Sources, checkup, placed
from studio.examples import approval, meaning
from studio.jobs import resident
from studio.jobs.resident import CheckingState
from studio.records import Brief, Example, Refusal, Split, Status, from_json, to_json
from studio.store import Store, briefs, contradictions, finding, runs
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows
from studio.train import launch, lengths, settings

AT_ONCE = 1_000
"""Examples that are looked over where it is asked for: well under a second (benchmarks/leaks.py)."""

_KEPT = 4
_ASK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class Made:
    """A finished look: what was asked, what came out, and the state of the project it is true of."""

    state: str
    asked: Asked
    checkup: Checkup

    @functools.cached_property
    def placed(self) -> tuple[Example, ...]:
        """The approved examples by id, each with its split."""
        return tuple(e for e in placed(self.asked.examples, self.checkup.splits) if e.status is Status.approved)

    @functools.cached_property
    def by_id(self) -> dict[str, Example]:
        return {e.id: e for e in self.asked.examples}


@dataclass(frozen=True)
class Look:
    """What is known right now. `made`: the newest finished look, None before the first; `fresh`: it is true of the
    project as it is. Otherwise a new one is being made, and `progress` says how far that is."""

    made: Made | None
    fresh: bool
    progress: CheckingState = CheckingState()


def asked(store: Store, project: str) -> Asked:
    """What there is to look over now. Raises Refusal when there is no brief."""
    brief = briefs.latest(store, project)
    if brief is None:
        raise Refusal("There is no brief yet, so nothing says what good is. Write the brief first.")
    examples, earlier = _judged(example_rows.every(store, project), brief), _earlier(store, project)
    if spent := dataset_rows.spent(store, project):
        # A model was taught on these prompts by votes: they are no test any more, whatever they were.
        examples = [replace(e, split=Split.train) if e.id in spent else e for e in examples]
        earlier = [e for e in earlier if e.id not in spent]
    settled = tuple(each.pair for each in contradictions.settled(store, project))
    return Asked(tuple(examples), brief, tuple(earlier), finding.today(), sources(store, project), settled)


def sources(store: Store, project: str) -> Sources:
    """The vectors that were made so far, and the model last tuned here, or the bundled one, by whose tokens it is
    judged what is too long."""
    vectors = meaning.vectors_here(store)
    tuned = runs.every(store, project)
    name = tuned[0].model if tuned else baselines.DEFAULT_MODEL
    try:
        model = str(models.path(name, store.workspace)) if models.present(name, store.workspace) else ""
    except Refusal:
        model = ""  # an endpoint: nothing here counts its tokens
    read = settings.most_length(launch.device(store), lengths.context(Path(model)) if model else 0)
    return Sources(str(vectors.folder) if vectors else "", model, read)


def look(store: Store, project: str) -> Look:
    """The look at the project as it is; of a large project what there is meanwhile. Never waits for long.

    Raises Refusal when there is no brief, or when the process that looks over large projects cannot be had.
    """
    desk = _desk(store, project)
    with desk.lock:
        state = _state(store, project)
        if desk.made is not None and desk.made.state == state:
            return Look(desk.made, fresh=True)
        if example_rows.count(store, project) <= AT_ONCE:
            question = asked(store, project)
            desk.made = Made(state, question, checkup(question, desk.gatherer.known(question)))
            return Look(desk.made, fresh=True)
        return _elsewhere(store, project, desk, state)


def last(store: Store, project: str) -> Made | None:
    """The look that was made last since the studio started, of the project as it was then; None without one. Looks at
    nothing itself."""
    with _LOCK:
        desk = _DESKS.get((store.workspace, project))
    return desk.made if desk else None


def now(store: Store, project: str) -> Made:
    """The look at the project as it is, waited for. Raises Refusal."""
    while True:
        found = look(store, project)
        if found.made is not None and found.fresh:
            return found.made
        time.sleep(_ASK_AGAIN_SECONDS)


def stop(store: Store) -> None:
    """Ends the look that is being made elsewhere; the next `look` begins it again."""
    resident.of(store.workspace).stop_checking()


# -- in the resident process -----------------------------------------------------------------------


def begin(store: Store, project: str) -> None:
    """Has the process look over the project as it is, also after somebody stopped it. Raises Refusal."""
    question = store.workspace / "resident" / f"look-{project}.json"
    state = _state(store, project)
    _write(question, json.dumps(to_json(asked(store, project))))
    resident.of(store.workspace).check(state, question, _answer(store, project))


def _answer(store: Store, project: str) -> Path:
    return store.workspace / "resident" / f"checkup-{project}.json"


def _elsewhere(store: Store, project: str, desk: _Desk, state: str) -> Look:
    process = resident.of(store.workspace)
    told = process.state(wake=True)
    if told.checking.running or (told.reading.running and desk.made is not None):
        return Look(desk.made, False, told.checking)
    if (made := _answered(store, project, _answer(store, project), state)) is not None:
        desk.made = made
        return Look(made, fresh=True)
    if told.checking.reason and told.checking.name == state:
        raise Refusal(told.checking.reason)
    if told.awake:
        begin(store, project)
    return Look(desk.made, False, process.state().checking)


def _answered(store: Store, project: str, answer: Path, state: str) -> Made | None:
    """The answer of the process when it is to this state, and the project is still in it when its rows were read. One
    that another version wrote in its own shape is none."""
    try:
        told = json.loads(answer.read_bytes())
        checked = from_json(Checkup, told["checkup"]) if told["state"] == state else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if checked is None:
        return None
    made = Made(state, asked(store, project), checked)
    return made if _state(store, project) == state else None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refusal(
            f"The examples could not be laid out for checking ({error.strerror or error}). They are safe. Free some "
            "disk space, then try again."
        ) from error


# -- kept between two looks ------------------------------------------------------------------------


@dataclass
class _Desk:
    """What is kept of one project between two looks. One look at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    gatherer: Gatherer = field(default_factory=Gatherer)
    made: Made | None = None


_LOCK = threading.Lock()
_DESKS: OrderedDict[tuple[Path, str], _Desk] = OrderedDict()


def _desk(store: Store, project: str) -> _Desk:
    name = (store.workspace, project)
    with _LOCK:
        found = _DESKS.setdefault(name, _Desk())
        _DESKS.move_to_end(name)
        while len(_DESKS) > _KEPT:
            _DESKS.popitem(last=False)
    return found


def _state(store: Store, project: str) -> str:
    """Changes whenever a look at the project could come out otherwise: by its last act, the day, and what was read
    of the texts, which counts when the reading has ended."""
    last = store.history(project, limit=1)
    vectors = meaning.vectors_here(store)
    read = len(vectors) if vectors else 0
    return f"{last[0].seq if last else 0}:{finding.today()}:{read}"


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
