"""The brief: what good looks like. Save, compare, restore; and what a change of meaning makes stale."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from studio import wording
from studio.evaluate import checks
from studio.records import (
    Brief,
    Check,
    CheckKind,
    Criterion,
    Dataset,
    JobState,
    Refusal,
    Round,
    Run,
    Slice,
    to_json,
)
from studio.store import Store, arms, briefs, datasets, examples, rounds, runs
from studio.wording import percent

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
    store.act("brief.saved", actor, next_version(brief, note=note, changes_meaning=changes_meaning), project)
    return dataclasses.replace(brief, version=brief.version + 1)


def next_version(brief: Brief, *, note: str, changes_meaning: bool) -> dict[str, Any]:
    """What the act that saves `brief` as the version after `brief.version` says. Raises Refusal for an unfit one."""
    _refuse_unfit(brief)
    saved = dataclasses.replace(brief, version=brief.version + 1)
    return {"brief": to_json(saved), "note": note.strip(), "changes_meaning": changes_meaning}


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


def diff(before: Brief, after: Brief, names: Mapping[str, str] | None = None) -> list[Change]:
    """What a reader would call different, in the order of the page. `names`: person id -> name, for experts."""
    changes = [
        Change(title, getattr(before, name), getattr(after, name))
        for name, title in TEXTS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    changes += _listed("Criterion", before.criteria, after.criteria, names or {})
    return changes + _listed("Slice", before.slices, after.slices, names or {})


def _listed(
    what: str, before: tuple[Any, ...], after: tuple[Any, ...], people: Mapping[str, str]
) -> list[Change]:  # fmt: skip
    old, new = {x.name: x for x in before}, {x.name: x for x in after}
    names = [*old, *(name for name in new if name not in old)]
    return [
        Change(f"{what} “{name}”", spoken(old.get(name), people), spoken(new.get(name), people))
        for name in names
        if old.get(name) != new.get(name)
    ]


_PARTS = {"why": "Why", "how_to_tell": "How to tell", "good": "Good", "bad": "Bad", "meaning": "Meaning"}


def spoken(record: Criterion | Slice | None, people: Mapping[str, str]) -> str:
    """A criterion or slice as lines of plain text; "" for None. `people`: id -> name."""
    if record is None:
        return ""
    parts = ((title, getattr(record, name, "")) for name, title in _PARTS.items())
    lines = [f"{title}: {text}" for title, text in parts if text]
    if isinstance(record, Slice):
        return "\n".join([*lines, *_slice_spoken(record, people)])
    if record.slices:
        lines.append(f"Applies to: {wording.all_of(list(record.slices))}")
    lines += [f"{level} of {len(record.scale)}: {words}" for level, words in enumerate(record.scale, start=1)]
    lines += [f"A machine checks that it {wording.check_in_words(check)}" for check in record.checks]
    lines += [f"To ship, at least {percent(record.target)} of the test answers keep it"] if record.target else []
    return "\n".join(lines) or "Only its name"


def _slice_spoken(found: Slice, people: Mapping[str, str]) -> list[str]:
    lines = [f"Share aimed at: {percent(found.target_share)}", *["Critical"] * found.critical]
    if found.second_approval:
        experts = wording.any_of([people.get(e, "somebody who left") for e in found.experts])
        lines.append(f"Two people approve it{f', one of them {experts}' if found.experts else ''}")
    return lines


@dataclasses.dataclass(frozen=True)
class Predating:
    """What was made under a version of the brief before `version`, newest first. `examples`: how many were approved.

    `models`: the finished runs, each with what its arm is called.
    """

    version: int
    examples: int
    datasets: tuple[Dataset, ...]
    models: tuple[tuple[str, Run], ...]
    rounds: tuple[Round, ...]


def predating(store: Store, project: str, version: int) -> Predating:
    """Everything that stands on a version before `version`: what a change of meaning in `version` makes stale."""
    frozen = {d.id: d for d in datasets.every(store, project)}
    names = {arm.run: arm.name for arm in arms.every(store, project, retired=True) if arm.run and not arm.step}
    done = [run for run in runs.every(store, project) if run.state is JobState.done]
    learnt = [run for run in done if run.dataset in frozen and frozen[run.dataset].brief_version < version]
    held = [r for r in rounds.every(store, project) if r.state != "cancelled"]
    return Predating(
        version,
        examples.approved_before(store, project, version),
        tuple(d for d in frozen.values() if d.brief_version < version),
        tuple((names.get(run.id, f"The model trained on {frozen[run.dataset].name}"), run) for run in learnt),
        tuple(r for r in held if r.registration["brief_version"] < version),
    )


def consequences(store: Store, project: str) -> list[str]:
    """What a new version that changes what good means makes stale, one sentence each: how many, and which."""
    latest = briefs.latest(store, project)
    found = predating(store, project, (latest.version if latest else 0) + 1)
    count = f"{found.examples:,} approved example{'s' * (found.examples != 1)}"
    return [f"{count} will ask to be looked at again."] * bool(found.examples) + _named(found)


def stale(store: Store, project: str) -> tuple[Predating, list[str]]:
    """What predates the last change of meaning, and a sentence on each."""
    found = predating(store, project, briefs.meaning_since(store, project))
    were = f"{found.examples:,} example{'s were' if found.examples != 1 else ' was'}"
    said = [f"{were} approved before version {found.version}, which changed what good means."]
    return found, (said if found.examples else []) + _named(found)


def _named(found: Predating) -> list[str]:
    said = [
        f"{d.name} ({sum(d.splits.values()):,} rows) stays as it is, frozen under version {d.brief_version}."
        for d in found.datasets
    ]
    said += [f"{name}, trained on {wording.day(run.at)}, learnt from the old meaning." for name, run in found.models]
    for each in found.rounds:
        does = "goes on" if each.state == "open" else "was held"
        said.append(f"The blind round of {wording.day(each.at)} {does} under version {_version_of(each)}.")
    return said


def _version_of(found: Round) -> int:
    return int(found.registration["brief_version"])


def house_prompt(brief: Brief) -> str:
    """A system prompt that states the brief: the fair start of the best-prompt arm. People then improve it."""
    parts = [brief.task]
    if brief.must_never:
        parts.append(f"Never: {brief.must_never}")
    parts += [_rule(number, c) for number, c in enumerate(brief.criteria, start=1)]
    return "\n".join(parts)


def _rule(number: int, criterion: Criterion) -> str:
    lines = [f"{number}. {criterion.name}{f': {criterion.how_to_tell}' if criterion.how_to_tell else ''}"]
    for check in criterion.checks:
        # A regular expression is for machines: where words say the same, they are enough.
        if not (criterion.how_to_tell and check.kind in (CheckKind.pattern, CheckKind.repeats)):
            lines += [f"   - {line}" for line in _asked(check)]
    if criterion.scale:
        lines.append(f"   At its best: {criterion.scale[-1]}")
    if criterion.good:
        lines.append(f"   For example: {criterion.good}")
    return "\n".join(lines)


def _asked(check: Check) -> list[str]:
    """What a check wants, so that the prompt knows every rule it is judged by: phrases, keys, labels, a schema."""
    if check.by_slice:
        return [f"{name.replace('_', ' ')}: write “{' or '.join(said)}”" for name, said in check.by_slice.items()]
    if check.fields:
        allowed = ", ".join(f"{k} (one of {', '.join(map(_literal, v))})" for k, v in check.fields.items())
        return [f"keys: {allowed}"]
    if check.kind is CheckKind.one_of:
        return [f"write one of these and nothing else: {', '.join(check.phrases)}"]
    if check.kind is CheckKind.json_schema:
        return [f"write JSON that keeps this schema: {' '.join(check.schema.split())}"]
    if check.kind is CheckKind.equals_ideal:
        return []  # nobody can write by that
    return [f"the answer {wording.check_in_words(check)}"]


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
