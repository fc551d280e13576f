"""What can be done about a finding where it stands: for each check one step for all its examples, undoable as one act.

A check that is not in the table still has the general ways: see its examples, have them looked at again, accept it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from studio.examples import redacting, step
from studio.examples.acting import Change, change
from studio.health import Finding
from studio.records import Consent, Example, Refusal, Status
from studio.store import Store

_REASON_LONGEST = 300

Examples = Mapping[str, Example]
Do = Callable[[Store, str, str, Finding, Examples], int]


@dataclass(frozen=True)
class Fix:
    """`label` says on the button what happens, `said` afterwards what happened to {n} examples. `do(store, actor,
    project, finding, examples by id)` does it in one act and says to how many; raises Refusal."""

    name: str
    label: str
    said: str
    do: Do


def ids(finding: Finding) -> list[str]:
    """Every example of a finding, once, in the order of its cases."""
    return list(dict.fromkeys(name for case in finding.examples for name in case))


def look_again(store: Store, actor: str, project: str, finding: Finding) -> int:
    """Has somebody look again at every example of the finding, told why."""
    why = (
        finding.sentence if len(finding.sentence) <= _REASON_LONGEST else f"{finding.sentence[: _REASON_LONGEST - 1]}…"
    )
    return change(store, actor, project, ids(finding), Change(recheck=why))


def keep_only(store: Store, actor: str, project: str, case: Sequence[str], kept: str) -> int:
    """Of a group of alike examples `kept` stays, the others go to the trash; how many went."""
    others = [name for name in case if name != kept]
    step.trash(store, actor, project, others)
    return len(others)


def _keep_one_each(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    """Of each group the approved one that came first stays, or the first."""
    came = {name: (e.status is not Status.approved, place) for place, (name, e) in enumerate(by_id.items())}
    last = (True, len(came))
    best = {min(case, key=lambda name: came.get(name, last)) for case in finding.examples}
    gone = [name for name in ids(finding) if name not in best]
    step.trash(store, actor, project, gone)
    return len(gone)


def _reject_twins(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    """A case names the held-out example first, then those that know it: these are taken out."""
    held = {case[0] for case in finding.examples}
    twins = [name for name in dict.fromkeys(n for case in finding.examples for n in case[1:]) if name not in held]
    if not twins:
        raise Refusal("Each of these is itself held out. Nothing was changed. Open them and decide one by one.")
    return step.mark(store, actor, project, twins, Status.rejected)


def _marked(status: Status) -> Do:
    def do(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
        return step.mark(store, actor, project, ids(finding), status)

    return do


def _changed(wanted: Change) -> Do:
    def do(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
        return change(store, actor, project, ids(finding), wanted)

    return do


def _redacted(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    return redacting.redact_examples(store, actor, project, ids(finding))


def _again(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    return look_again(store, actor, project, finding)


_OUT_OF_TRAINING = Fix(
    "twins",
    "Take the training side out (reject it)",
    "{n} rejected: out of every set, still in the list.",
    _reject_twins,
)  # fmt: skip
_LOOK = Fix("again", "Have them looked at again", "{n} to be looked at again, under Examples.", _again)

FIXES: dict[str, tuple[Fix, ...]] = {
    "exact_leakage": (_OUT_OF_TRAINING,),
    "near_leakage": (_OUT_OF_TRAINING,),
    "meaning_leakage": (_OUT_OF_TRAINING,),
    "group_leakage": (_LOOK,),
    "no_right": (Fix("out", "Take them out (reject)", "{n} rejected: out of every set.", _marked(Status.rejected)),),
    "personal_data": (
        Fix("redact", "Replace it by marks such as [email 1]",
            "{n} redacted; those that were approved are back in review. Older revisions still hold the texts.",
            _redacted),
    ),
    "empty_ideals": (Fix("draft", "Make them drafts", "{n} made drafts, to be written.", _marked(Status.draft)),),
    "rule_broken": (_LOOK,),
    "exact_duplicates": (
        Fix("one", "Keep one of each, the rest to the trash", "{n} moved to the trash.", _keep_one_each),
    ),
    "label_noise": (_LOOK,),
    "too_long": (_LOOK,),
    "near_empty_ideals": (
        Fix("review", "Send them back to review", "{n} back in review.", _marked(Status.in_review)),
    ),
    "boilerplate": (
        Fix("tag", "Tag them “boilerplate”", "{n} tagged “boilerplate”.", _changed(Change(add_tags=("boilerplate",)))),
    ),
    "unusual_length": (_LOOK,),
    "other_language": (_LOOK,),
    "answered_in_another_language": (_LOOK,),
    "outliers": (_LOOK,),
    "damaged_texts": (_LOOK,),
    "maybe_personal": (_LOOK,),
    "consent_unknown": (
        Fix("given", "Note: consent was given", "Consent noted as given for {n}.",
            _changed(Change(consent=Consent.given))),
        Fix("not-needed", "Note: none is needed", "Noted that none is needed for {n}.",
            _changed(Change(consent=Consent.not_needed))),
    ),
    "outdated": (_LOOK,),
}  # fmt: skip
"""Check -> what is offered in place."""

ONE_BY_ONE = frozenset({"exact_duplicates", "near_duplicates", "alike_in_meaning"})
"""Checks whose cases are groups of alike examples, of which one can be kept."""

ELSEWHERE: dict[str, tuple[str, str]] = {
    "contradictions": ("", "Decide them one by one"),
    "near_contradictions": ("", "Decide them one by one"),
    "too_few": ("examples", "Write or import examples"),
    "slice_coverage": ("examples", "Write examples of these kinds"),
    "label_balance": ("examples", "Look at the examples"),
    "length_balance": ("examples", "Look at the examples"),
    "hard_cases": ("examples", "Write or mark hard cases"),
    "coverage_holes": ("examples", "Write what is missing"),
    "unread": ("", "Read the inputs"),
    "unknown_slices": ("", "Put them into a slice"),
    "not_approved": ("examples", "Look at them and approve"),
}
"""Check -> the page on which it is dealt with ("" for a field or a part of this page), and what is done there."""
