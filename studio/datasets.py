"""Check and freeze: a health report over the approved examples, then an immutable dataset with its splits."""

from __future__ import annotations

import collections
import itertools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio import health
from studio.evaluate import checks
from studio.examples import approval
from studio.records import (
    Brief,
    Consent,
    Criterion,
    Dataset,
    Example,
    Refusal,
    Split,
    Status,
    canonical,
    sha256,
    to_json,
)
from studio.store import Store, briefs, finding
from studio.store import datasets as rows
from studio.store import examples as example_rows


@dataclass(frozen=True)
class Candidate:
    """What would be frozen now: the approved examples with their splits, and the report on them."""

    brief: Brief
    examples: tuple[Example, ...]
    report: health.HealthReport
    splits: dict[str, int]


def kept(criterion: Criterion, example: Example) -> bool | None:
    """Does the example's ideal output keep the criterion? None when a machine cannot tell."""
    if not example.ideal.strip():
        return None
    subject = checks.of_example(example)
    return checks.kept(criterion, subject)


def candidate(store: Store, project: str, waivers: Mapping[str, str] | None = None) -> Candidate:
    """The set that would be frozen now. `waivers`: finding key -> written reason.

    Raises Refusal when there is no brief or too little is approved.
    """
    brief = briefs.latest(store, project)
    if brief is None:
        raise Refusal("There is no brief yet, so nothing says what good is. Write the brief first.")
    return _split(_judged(store, project, brief), brief, _earlier(store, project), waivers or {})


def _judged(store: Store, project: str, brief: Brief) -> list[Example]:
    """The examples, those back in review whose approvals no longer suffice under this brief: a slice may have been
    made stricter after they were approved."""
    found = example_rows.every(store, project)
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


def report(store: Store, project: str) -> health.HealthReport | None:
    """The checks alone, for a set too small to divide. None without a brief or without examples."""
    brief = briefs.latest(store, project)
    found = _judged(store, project, brief) if brief else []
    return health.report(found, brief, kept, today=finding.today()) if brief and found else None


def _earlier(store: Store, project: str) -> list[Example]:
    """The rows of all earlier datasets, each text of an example once, oldest first: what tested stays a test."""
    found: dict[tuple[str, str], Example] = {}
    for dataset in reversed(rows.every(store, project)):
        for row in rows.rows_of(store, dataset):
            key = (row.id, row.prompt.asked)
            found.pop(key, None)  # so that what stood last comes last
            found[key] = row
    return list(found.values())


def _split(
    examples: Sequence[Example], brief: Brief, earlier: Sequence[Example], waivers: Mapping[str, str]
) -> Candidate:
    approved = [e for e in examples if e.status is Status.approved]
    here = {(e.id, e.prompt.asked) for e in approved}
    gone = [e for e in earlier if (e.id, e.prompt.asked) not in here]
    previous = {e.id: e.split for e in earlier if e.split}
    splits = health.assign(approved, seed="studio", previous=previous, gone=gone)
    placed = tuple(sorted((replace(e, split=splits[e.id]) for e in approved), key=lambda e: e.id))
    rest = sorted((e for e in examples if e.status in (Status.draft, Status.in_review)), key=lambda e: e.id)
    report = health.report([*placed, *rest], brief, kept, waivers=waivers, today=finding.today())
    counts = collections.Counter(e.split.value for e in placed if e.split)
    return Candidate(brief, placed, report, {split.value: counts.get(split.value, 0) for split in Split})


def freeze(
    store: Store, actor: str, project: str, *, name: str = "", waivers: Mapping[str, str] | None = None
) -> Dataset:
    """Freezes the approved examples. `waivers`: finding key -> written reason, for a finding the team accepts.

    Raises Refusal while a gate is neither passed nor waived. The same content gives the same hash.
    """
    reasons = {key: text.strip() for key, text in (waivers or {}).items()}
    made = candidate(store, project, reasons)
    if blocking := [gate for gate in made.report.gates if not gate.passed]:
        raise Refusal(f"{blocking[0].sentence} Nothing was frozen. Fix it, or accept it with a written reason.")
    report = to_json(made.report)
    number = len(store.history(project, ["dataset.frozen"])) + 1
    dataset_id = uuid.uuid4().hex[:12]
    dataset = {
        "id": dataset_id, "sha256": _hash(made.examples, made.brief.version, report, reasons, content),
        "brief_version": made.brief.version,
        "splits": made.splits, "rows_blob": store.put_blob(canonical(to_json(made.examples))),
        "health": {"report": report, "waivers": reasons}, "name": name.strip() or f"Dataset {number}",
    }  # fmt: skip
    store.act("dataset.frozen", actor, {"dataset": dataset}, project)
    found = rows.get(store, dataset_id)
    assert found is not None
    return found


Content = Callable[[Example], dict[str, object]]


def _hash(
    examples: Iterable[Example], brief_version: int, report: object, waivers: Mapping[str, str], content: Content
) -> str:
    """The hash of a dataset: the rows by their id, the version of the brief, the report and the waivers."""
    by_id = sorted(examples, key=lambda e: e.id)
    whole = {"rows": [content(e) for e in by_id], "brief_version": brief_version, "health": report, "waivers": waivers}
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
    report, waivers = dataset.health.get("report"), dataset.health.get("waivers", {})
    hashes = (_hash(examples, dataset.brief_version, report, waivers, counts) for counts in (content, _words))
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
    return [e for e in rows.rows_of(store, dataset) if e.split is split]


def spread(examples: Sequence[Example], count: int) -> list[Example]:
    """Up to `count` examples that take turns over the slices, the same ones each time."""
    by_slice: dict[str, list[Example]] = collections.defaultdict(list)
    for example in sorted(examples, key=lambda e: (e.slice, e.id)):
        by_slice[example.slice].append(example)
    turns = itertools.zip_longest(*by_slice.values())
    return [e for turn in turns for e in turn if e is not None][:count]
