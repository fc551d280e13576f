"""The brief: what good looks like. Save, compare, restore; and what a change of meaning makes stale."""

from __future__ import annotations

import dataclasses
from typing import Any

from studio import wording
from studio.evaluate import checks
from studio.records import Brief, Criterion, JobState, Refusal, Slice, to_json
from studio.store import Store, briefs, datasets, examples, rounds, runs

TEXTS = {
    "task": "The task",
    "audience": "Who it is for",
    "inputs": "What it will be given",
    "must_never": "What it must never do",
    "intended_use": "Intended use",
    "not_intended_use": "Not intended for",
    "data_rights": "Where the examples come from, and by what right",
}


def save(store: Store, actor: str, project: str, brief: Brief, *, note: str, changes_meaning: bool) -> Brief:
    """Saves `brief` as the version after `brief.version`. Raises Refusal for an empty or contradictory one,
    or when somebody saved in between; nothing is stored then."""
    _refuse_unfit(brief)
    saved = dataclasses.replace(brief, version=brief.version + 1)
    payload = {"brief": to_json(saved), "note": note.strip(), "changes_meaning": changes_meaning}
    store.act("brief.saved", actor, payload, project)
    return saved


def _refuse_unfit(brief: Brief) -> None:
    if not brief.task.strip():
        raise Refusal("The brief needs its task in a sentence. Nothing was saved; what you typed is still here.")
    for what, names in (
        ("criteria", [c.name for c in brief.criteria]),
        ("slices", [s.name for s in brief.slices]),
    ):
        if any(not name.strip() for name in names):
            raise Refusal(f"One of the {what} has no name. Nothing was saved; what you typed is still here.")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Refusal(f"Two {what} are called “{twice}”. Nothing was saved; what you typed is still here.")
    unknown = {s for c in brief.criteria for s in c.slices} - {s.name for s in brief.slices}
    if unknown:
        raise Refusal(f"A criterion names the slice “{min(unknown)}”, which the brief lacks. Nothing was saved.")
    checks.refuse_broken_checks(brief)


def restore(store: Store, actor: str, project: str, number: int) -> Brief:
    """Saves version `number` again as the newest. Raises Refusal when there is no such version."""
    old, latest = briefs.version(store, project, number), briefs.latest(store, project)
    if old is None or latest is None:
        raise Refusal(f"There is no version {number} of this brief. Nothing was changed.")
    back = dataclasses.replace(old, version=latest.version)
    return save(store, actor, project, back, note=f"Back to version {number}", changes_meaning=True)


@dataclasses.dataclass(frozen=True)
class Change:
    """One difference between two briefs: what, and its text before and after ("" when absent)."""

    what: str
    before: str
    after: str


def diff(before: Brief, after: Brief) -> list[Change]:
    """What a reader would call different, in the order of the page."""
    changes = [
        Change(title, getattr(before, name), getattr(after, name))
        for name, title in TEXTS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    changes += _listed("Criterion", before.criteria, after.criteria)
    return changes + _listed("Slice", before.slices, after.slices)


def _listed(what: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> list[Change]:
    old, new = {x.name: x for x in before}, {x.name: x for x in after}
    names = [*old, *(name for name in new if name not in old)]
    return [
        Change(f"{what} “{name}”", spoken(old.get(name)), spoken(new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    ]


_PARTS = {"why": "Why", "how_to_tell": "How to tell", "good": "Good", "bad": "Bad", "meaning": "Meaning"}


def spoken(record: Criterion | Slice | None) -> str:
    """A criterion or slice as lines of plain text; "" for None."""
    if record is None:
        return ""
    parts = ((title, getattr(record, name, "")) for name, title in _PARTS.items())
    lines = [f"{title}: {text}" for title, text in parts if text]
    if isinstance(record, Slice):
        return "\n".join([*lines, f"Share aimed at: {record.target_share:.0%}", *["Critical"] * record.critical])
    if record.slices:
        lines.append(f"Applies to: {wording.all_of(list(record.slices))}")
    lines += [f"A machine checks that it {wording.check_in_words(check)}" for check in record.checks]
    return "\n".join(lines) or "Only its name"


def consequences(store: Store, project: str) -> list[str]:
    """What a new version that changes what good means makes stale, one sentence each with how many."""
    approved, found = examples.counts(store, project)["approved"], []
    if approved:
        found.append(f"{approved:,} approved example{'s' * (approved != 1)} will ask to be looked at again.")
    if dataset := datasets.latest(store, project):
        rows = sum(dataset.splits.values())
        found.append(f"{dataset.name} ({rows:,} rows) stays as it is, frozen under version {dataset.brief_version}.")
    trained = sum(run.state is JobState.done for run in runs.every(store, project))
    if trained:
        found.append(f"{trained} tuned model{'s' * (trained != 1)} learnt from the old meaning.")
    going = [r for r in rounds.every(store, project) if r.state == "open"]
    if going:
        found.append(f"The blind round that is open goes on under version {going[0].registration['brief_version']}.")
    return found


def house_prompt(brief: Brief) -> str:
    """A system prompt that states the brief: the fair start of the best-prompt arm. People then improve it."""
    parts = [brief.task]
    if brief.must_never:
        parts.append(f"Never: {brief.must_never}")
    parts += [_rule(number, c) for number, c in enumerate(brief.criteria, start=1)]
    return "\n".join(parts)


def _rule(number: int, criterion: Criterion) -> str:
    lines = [f"{number}. {criterion.name}: {criterion.how_to_tell}"]
    for check in criterion.checks:
        for name, phrases in check.by_slice.items():
            lines.append(f"   - {name.replace('_', ' ')}: write “{' or '.join(phrases)}”")
        if check.fields:
            allowed = ", ".join(f"{k} (one of {', '.join(map(_literal, v))})" for k, v in check.fields.items())
            lines.append(f"   - keys: {allowed}")
    if criterion.good:
        lines.append(f"   For example: {criterion.good}")
    return "\n".join(lines)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
