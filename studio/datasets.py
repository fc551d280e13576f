"""Check and freeze: a health report over the approved examples, then an immutable dataset with its splits."""

from __future__ import annotations

import collections
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from studio import checking, health
from studio import waivers as waiving
from studio.record_examples import spread  # noqa: F401 - steps and pages call it `datasets.spread`
from studio.records import (
    Brief,
    Consent,
    Dataset,
    Example,
    Refusal,
    Split,
    canonical,
    sha256,
    to_json,
)
from studio.store import Store
from studio.store import datasets as rows


@dataclass(frozen=True)
class Candidate:
    """What would be frozen now: the approved examples with their splits, the report on them, and the findings that are
    accepted (key -> reason)."""

    brief: Brief
    examples: tuple[Example, ...]
    report: health.HealthReport
    splits: dict[str, int]
    accepted: dict[str, str]


def candidate(store: Store, project: str, accepted: Mapping[str, str] | None = None) -> Candidate:
    """The set that would be frozen now. `accepted`: finding key -> written reason, beside the waivers that stand.

    Raises Refusal when there is no brief or too little is approved.
    """
    made = checking.now(store, project)
    if made.checkup.hindrance:
        raise Refusal(made.checkup.hindrance)
    standing = waiving.standing(store, project, made.checkup.report)
    return of(made, {key: waiver.reason for key, waiver in standing.items()} | dict(accepted or {}))


def of(made: checking.Made, accepted: Mapping[str, str]) -> Candidate:
    """What would be frozen of a finished look. `accepted`: finding key -> written reason, all that hold."""
    counts = collections.Counter(split.value for split in made.checkup.splits.values())
    report = health.with_waivers(made.checkup.report, accepted)
    splits = {split.value: counts.get(split.value, 0) for split in Split}
    return Candidate(made.asked.brief, made.placed, report, splits, dict(accepted))


def freeze(
    store: Store, actor: str, project: str, *, name: str = "", waivers: Mapping[str, str] | None = None,
    seen: Candidate | None = None,
) -> Dataset:  # fmt: skip
    """Freezes the approved examples. `waivers`: finding key -> written reason, for a finding that is accepted with
    this set, beside those that the team accepted before (`studio.waivers`); of these, who and when is kept with it.
    `seen`: what `actor` was shown of it.

    Raises Refusal while a gate is neither passed nor waived, and when the set is not any more the one that was `seen`.
    The same content gives the same hash.
    """
    made = candidate(store, project, {key: text.strip() for key, text in (waivers or {}).items()})
    if seen is not None and _differs(made, seen):
        raise Refusal(
            f"The set changed since you looked: it now holds {len(made.examples):,} examples. Nothing was frozen. Look "
            "at what goes where, then press again."
        )
    if blocking := [gate for gate in made.report.gates if not gate.passed]:
        raise Refusal(f"{blocking[0].sentence} Nothing was frozen. Fix it, or accept it with a written reason.")
    report = to_json(made.report)
    number = len(store.history(project, ["dataset.frozen"])) + 1
    dataset_id = uuid.uuid4().hex[:12]
    dataset = {
        "id": dataset_id, "sha256": fingerprint(made.examples, made.brief.version, report, made.accepted),
        "brief_version": made.brief.version,
        "splits": made.splits, "rows_blob": store.put_blob(canonical(to_json(made.examples))),
        "health": {"report": report, "waivers": made.accepted} | _who(store, project, made),
        "name": name.strip() or f"Dataset {number}",
    }  # fmt: skip
    store.act("dataset.frozen", actor, {"dataset": dataset}, project)
    found = rows.get(store, dataset_id)
    assert found is not None
    return found


def _differs(made: Candidate, seen: Candidate) -> bool:
    """Whether anything that is frozen is another; who is to look after an example, for one, is not."""
    if (made.brief.version, made.accepted, len(made.examples)) != (
        seen.brief.version, seen.accepted, len(seen.examples),
    ):  # fmt: skip
        return True
    pairs = zip(made.examples, seen.examples, strict=True)
    return any(one is not other and one != other and content(one) != content(other) for one, other in pairs)


def _who(store: Store, project: str, made: Candidate) -> dict[str, object]:
    """By whom and when the findings were accepted, of those that stood; nothing where there are none."""
    standing = waiving.standing(store, project, made.report)
    told = {
        key: {"person": w.person, "at": w.at, "cases": w.cases}
        for key, w in standing.items()
        if made.accepted[key] == w.reason
    }
    return {"accepted": told} if told else {}


Content = Callable[[Example], dict[str, object]]


def fingerprint(
    examples: Iterable[Example],
    brief_version: int,
    report: object,
    waivers: Mapping[str, str],
    counts: Content | None = None,
) -> str:
    """The hash of a dataset: the rows by their id, the version of the brief, the report and the waivers. `counts`: what
    of a row counts, if not `content`."""
    counts = counts or content
    by_id = sorted(examples, key=lambda e: e.id)
    whole = {"rows": [counts(e) for e in by_id], "brief_version": brief_version, "health": report, "waivers": waivers}
    return sha256(canonical(whole))


def content(example: Example) -> dict[str, object]:
    """What counts for the hash: everything of a record that a model learns or a reader of the set is told.

    That is the words, their place, what they are sorted by (kinds, tags, group) and by what right they are used.
    Left out is how the studio came by them: status, batch, row, revision, brief version, who is to look and who
    approved; of that, `verify` still sees a changed byte, by the hash of the file of rows.
    """
    more = {
        "kinds": list(example.kinds), "tags": list(example.tags), "group": example.group, "worse": example.worse,
        "source": example.source, "licence": example.licence, "expires": example.expires,
        "consent": "" if example.consent is Consent.unknown else example.consent.value,
    }  # fmt: skip
    # Only where there is something: a set without these keeps the hash it had before they counted.
    return _words(example) | {name: value for name, value in more.items() if value}


def _words(example: Example) -> dict[str, object]:
    """What counted for the hash at first: the words and their place."""
    split = example.split.value if example.split else None
    said = {"id": example.id, "input": example.input, "ideal": example.ideal, "slice": example.slice, "split": split}
    around = {"earlier": to_json(example.earlier), "system": example.system}
    return said | {name: value for name, value in around.items() if value}


def verify(store: Store, dataset: Dataset) -> str:
    """What is wrong with a frozen dataset, without a full stop; "" when it is what was frozen, byte for byte.

    Recomputed from the rows on disk, by what counts now and by what counted when the set may have been frozen.
    """
    try:
        examples = rows.rows_of(store, dataset)
    except Refusal as refusal:
        return f"The rows of “{dataset.name}” cannot be read: {refusal}".rstrip(".")
    report = dataset.health.get("votes", dataset.health.get("report"))
    waivers = dataset.health.get("waivers", {})
    hashes = (fingerprint(examples, dataset.brief_version, report, waivers, counts) for counts in (content, _words))
    if dataset.sha256 not in hashes:
        return (
            f"“{dataset.name}” is not what was frozen: its rows, its report or its waivers give another fingerprint "
            f"than {dataset.sha256[:12]}. Restore the workspace from a backup, or freeze the set again"
        )
    counted = collections.Counter(e.split.value for e in examples if e.split)
    if {name: count for name, count in dataset.splits.items() if count} != counted:
        return f"“{dataset.name}” says that its splits hold other numbers of examples than they do"
    return ""


def problems(store: Store) -> list[str]:
    """Every frozen dataset of the workspace that is not what was frozen, the discarded ones too."""
    return [problem for dataset in rows.everywhere(store) if (problem := verify(store, dataset))]


def named(store: Store, project: str, wanted: str = "") -> Dataset:
    """The project's frozen dataset with this id, fingerprint or name; the newest for "". Raises Refusal."""
    found = rows.every(store, project)
    chosen = next((d for d in found if not wanted or wanted in (d.id, d.sha256, d.name)), None)
    if chosen is None:
        raise Refusal(
            "There is no such frozen dataset in this project. Nothing was started. `studio freeze` makes one."
        )
    return chosen


def rename(store: Store, actor: str, project: str, dataset: str, name: str) -> None:
    if not name.strip():
        raise Refusal("A dataset needs a name. Nothing was changed.")
    store.act("dataset.renamed", actor, {"id": dataset, "name": name.strip()}, project)


def discard(store: Store, actor: str, project: str, dataset: str) -> None:
    """Takes a dataset that nothing was made from off the pages; it can be undone."""
    store.act("dataset.discarded", actor, {"id": dataset}, project)


def rows_in(store: Store, dataset: Dataset, split: Split) -> list[Example]:
    """The frozen rows of one split, in the set's own order. Those to test on, which many ask for and which are few, are
    read once for all who ask before the sets change."""

    def read() -> tuple[Example, ...]:
        return tuple(rows.rows_of(store, dataset, split))

    return list(store.once(("rows in", dataset.rows_blob), read, ("datasets",)) if split is Split.test else read())
