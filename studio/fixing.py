"""What can be done about a finding where it stands: for each check one step for all its examples, undoable as one act.

A check that is not in the table still has the general ways: see its examples, have them looked at again, accept it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from studio.examples import redacting, relabelling, step
from studio.examples.acting import Change, change
from studio.health import Finding, own_key
from studio.records import Consent, Example, Refusal, Split, Status, to_json
from studio.store import Store, contradictions, examples
from studio.store.series import Series

_REASON_LONGEST = 300

Examples = Mapping[str, Example]
Do = Callable[[Store, str, str, Finding, Examples], int]


@dataclass(frozen=True)
class Fix:
    """`label` says on the button what happens, `said` afterwards what happened to {n} examples. `do(store, actor,
    project, finding, examples by id)` does it in one act and says to how many; raises Refusal. `becomes`: the status
    that they then have, where it is that which changes. `begin` (as `do`, with the ids) only writes it down, for
    `series.go_on`: where many take long."""

    name: str
    label: str
    said: str
    do: Do
    becomes: Status | None = None
    begin: Callable[[Store, str, str, Sequence[str]], Series] | None = None


def offered(finding: Finding, by_id: Examples) -> tuple[Fix, ...]:
    """The steps that would change something for this finding."""
    now = {by_id[name].status for name in finding.ids if name in by_id}
    return tuple(fix for fix in FIXES.get(finding.check, ()) if fix.becomes is None or now != {fix.becomes})


def mend(store: Store, actor: str, project: str, fix: Fix, finding: Finding, by_id: Examples) -> int:
    """Does `fix` for a finding that was read of `by_id`; to how many examples. Raises Refusal, and changes nothing,
    when one of them is not any more as it was read: the finding may not hold of it now."""
    _as_read(store, finding.ids, by_id)
    return fix.do(store, actor, project, finding, by_id)


def begun(
    store: Store, actor: str, project: str, fix: Fix, finding: Finding, by_id: Examples
) -> Series | None:  # fmt: skip
    """The long step that `fix` is for so many examples, written down; None where it is short: `mend` does it then.
    Raises Refusal as `mend` does."""
    if fix.begin is None or len(finding.ids) <= redacting.PART:
        return None
    _as_read(store, finding.ids, by_id)
    return fix.begin(store, actor, project, finding.ids)


def _as_read(store: Store, names: Sequence[str], by_id: Examples) -> None:
    read = [name for name in names if name in by_id]
    listed = set(examples.listed(store, read))
    now = {e.id: e.revision for e in examples.some(store, read) if e.id in listed}
    if moved := sum(now.get(name) != by_id[name].revision for name in read):
        were = "example was" if moved == 1 else "examples were"
        raise Refusal(f"{moved:,} {were} changed since this was checked. Nothing was changed. Look at it as it is now.")


def look_again(store: Store, actor: str, project: str, finding: Finding) -> int:
    """Has somebody look again at every example of the finding, told why."""
    why = (
        finding.sentence if len(finding.sentence) <= _REASON_LONGEST else f"{finding.sentence[: _REASON_LONGEST - 1]}…"
    )
    return change(store, actor, project, finding.ids, Change(recheck=why))


def keep_only(store: Store, actor: str, project: str, case: Sequence[str], kept: str, by_id: Examples) -> int:
    """Of a group of alike examples `kept` stays, the others go to the trash; how many went. Raises Refusal as `mend`
    does."""
    _as_read(store, case, by_id)
    others = [name for name in case if name != kept]
    step.trash(store, actor, project, others)
    return len(others)


def _keep_one_each(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    """Of each group the approved one that came first stays, or the first."""
    came = {name: (e.status is not Status.approved, place) for place, (name, e) in enumerate(by_id.items())}
    last = (True, len(came))
    best = {min(case, key=lambda name: came.get(name, last)) for case in finding.examples}
    gone = [name for name in finding.ids if name not in best]
    step.trash(store, actor, project, gone)
    return len(gone)


def _reject_twins(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    """A case names the held-out example first, then those that know it: these are taken out."""
    held = {case[0] for case in finding.examples}
    twins = [name for name in dict.fromkeys(n for case in finding.examples for n in case[1:]) if name not in held]
    return _reject(store, actor, project, twins, "Each of these is itself held out.")


def _reject_held_out(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    return _reject(store, actor, project, list(dict.fromkeys(case[0] for case in finding.examples)), "")


def _reject_group(*, held_out: bool) -> Do:
    """Of groups that stand on both sides, the members on one: a case names all of a group, whatever their split."""

    def do(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
        split = {e.id: e.split for e in examples.some(store, finding.ids)}
        side = [n for n in finding.ids if (split.get(n) in (Split.test, Split.validation)) is held_out
                and (held_out or split.get(n) is Split.train)]  # fmt: skip
        return _reject(store, actor, project, side, "None of these is in training.")

    return do


def _drawn_anew(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    """Takes the marks for a split away; the next set draws what belongs together into one, where no earlier set fixed
    it already."""
    marked = [e for e in examples.some(store, finding.ids) if e.split is not None]
    if not marked:
        raise Refusal("None of these is marked for a split; an earlier set placed them. Nothing was changed.")
    free = [dataclasses.replace(e, split=None, revision=e.revision + 1) for e in marked]
    store.act("examples.rewritten", actor, {"examples": [to_json(e) for e in free], "why": "split"}, project)
    return len(free)


def _reject(store: Store, actor: str, project: str, names: Sequence[str], none: str) -> int:
    if not names:
        raise Refusal(f"{none} Nothing was changed. Open them and decide one by one.")
    return step.mark(store, actor, project, names, Status.rejected)


def _marked(status: Status) -> Do:
    def do(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
        others = [n for n in finding.ids if n not in by_id or by_id[n].status is not status]
        return step.mark(store, actor, project, others, status)

    return do


def _changed(wanted: Change) -> Do:
    def do(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
        return change(store, actor, project, finding.ids, wanted)

    return do


def take_suggested(
    store: Store, actor: str, project: str, finding: Finding, by_id: Examples, only: Sequence[str] = ()
) -> int:  # fmt: skip
    """Gives the examples of the finding (`only` these, when some are named) the ideal outputs it suggests; how many
    changed. Raises Refusal when one of them was changed since the check read it."""
    wanted = {name: ideal for name, ideal in finding.suggested if not only or name in only}
    return relabelling.take(store, actor, project, [by_id[name] for name in wanted], wanted)


def label_is_right(store: Store, actor: str, project: str, example: Example) -> None:
    """The label of `example` is not asked about again while its texts stay as they were read. Raises Refusal when it
    was changed since."""
    store.act("contradiction.settled", actor, {
        "decision": contradictions.RIGHT, "reason": "", "rule": "", "stood": {example.id: example.revision},
        "rejected": [], "rewritten": [], "brief": None, "brief_version": 0,
        "pairs": [{"pair": own_key(example), "examples": [example.id]}],
    }, project)  # fmt: skip


def _relabelled(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    return take_suggested(store, actor, project, finding, by_id)


def _redacted(store: Store, actor: str, project: str, finding: Finding, by_id: Examples) -> int:
    return redacting.redact_examples(store, actor, project, finding.ids)


def _tagged(word: str, label: str = "") -> Fix:
    """A tag loses nothing: the examples stay as they are and are found again by it."""
    said = f"{{n}} tagged “{word}”; find them by this tag under Examples."
    return Fix("tag", label or f"Tag them “{word}”", said, _changed(Change(add_tags=(word,))))


_OUT_OF_TRAINING = Fix(
    "twins", "Take the training side out (reject it)", "{n} rejected: out of every set, still in the list.",
    _reject_twins,
)  # fmt: skip
_NOT_HELD_OUT = Fix(
    "held", "Give up the held-out ones (reject them)", "{n} rejected: out of every set, still in the list.",
    _reject_held_out,
)  # fmt: skip
_DRAWN_ANEW = Fix(
    "anew", "Draw them again, together", "{n} without a mark now: the next set puts alike ones on one side.",
    _drawn_anew,
)  # fmt: skip
_ONE_SIDE = (_OUT_OF_TRAINING, _NOT_HELD_OUT, _DRAWN_ANEW)
_OUT = Fix("out", "Take them out (reject)", "{n} rejected: out of every set, still in the list.",
           _marked(Status.rejected), Status.rejected)  # fmt: skip
_REVIEW = Fix("review", "Send them back to review", "{n} back in review.", _marked(Status.in_review), Status.in_review)

FIXES: dict[str, tuple[Fix, ...]] = {
    "exact_leakage": _ONE_SIDE,
    "near_leakage": _ONE_SIDE,
    "meaning_leakage": _ONE_SIDE[:2],
    "group_leakage": (
        Fix("twins", _OUT_OF_TRAINING.label, _OUT_OF_TRAINING.said, _reject_group(held_out=False)),
        Fix("held", _NOT_HELD_OUT.label, _NOT_HELD_OUT.said, _reject_group(held_out=True)),
        _DRAWN_ANEW,
    ),
    "no_right": (_OUT,),
    "personal_data": (
        Fix("redact", "Replace it by marks such as [email 1]",
            "{n} redacted; those that were approved are back in review. Older revisions still hold the texts.",
            _redacted, begin=redacting.begin),
    ),
    "maybe_personal": (_REVIEW, _tagged("maybe personal")),
    "empty_ideals": (
        Fix("draft", "Make them drafts", "{n} made drafts, to be written.", _marked(Status.draft), Status.draft),
    ),
    "rule_broken": (_REVIEW,),
    "exact_duplicates": (
        Fix("one", "Keep one of each, the rest to the trash", "{n} moved to the trash.", _keep_one_each),
    ),
    "label_noise": (
        _REVIEW,  # first, as many a suggestion is wrong: each is to be read
        Fix("label", "Take the suggested labels", "{n} relabelled; those that were approved are back in review.",
            _relabelled),
    ),
    "too_long": (_tagged("too long"), _OUT),
    "near_empty_ideals": (_REVIEW,),
    "boilerplate": (_tagged("boilerplate"), _REVIEW),
    "unusual_length": (_tagged("unusual length"), _REVIEW),
    "other_language": (_OUT, _tagged("other language")),
    "answered_in_another_language": (_REVIEW,),
    "outliers": (_tagged("unlike the rest"), _OUT),
    "damaged_texts": (_REVIEW, _OUT),
    "consent_unknown": (
        Fix("given", "Note: consent was given", "Consent noted as given for {n}.",
            _changed(Change(consent=Consent.given))),
        Fix("not-needed", "Note: none is needed", "Noted that none is needed for {n}.",
            _changed(Change(consent=Consent.not_needed))),
    ),
    "outdated": (_OUT,),
}  # fmt: skip
"""Check -> what is offered in place, what fits most often first."""

ONE_BY_ONE = frozenset({"exact_duplicates", "near_duplicates", "alike_in_meaning"})
"""Checks whose cases are groups of alike examples, of which one can be kept."""

ELSEWHERE: dict[str, tuple[str, str, str]] = {
    "contradictions": ("", "Decide them one by one", ""),
    "near_contradictions": ("", "Decide them one by one", ""),
    "too_few": ("examples", "Write or import examples", "import"),
    "slice_coverage": ("examples", "See what is missing and write one", "coverage"),
    "label_balance": ("examples", "Import more of the rare labels", "import"),
    "length_balance": ("examples", "Import examples of other lengths", "import"),
    "hard_cases": ("examples", "See which hard cases are missing and write one", "coverage"),
    "coverage_holes": ("examples", "See what is missing and write one", "coverage"),
    "outdated": ("examples", "Go through them one by one", "recheck"),
    "unread": ("", "Read the inputs", ""),
    "unknown_slices": ("", "Put them into a slice", ""),
    "not_approved": ("examples", "Look at them and approve", "list"),
}
"""Check -> the page on which it is dealt with ("" for a field or a part of this page), what is done there, and which
part of that page is opened."""
