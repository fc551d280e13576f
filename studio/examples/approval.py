"""When an example counts as approved: the one place with the rule of second approvals. Pure.

A slice of the brief may ask for two approvals, one of them by a named expert. An approval is of a text: whoever edits
the text takes every approval of it away.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from studio.records import Brief, Example, Slice, Status
from studio.wording import any_of

NEEDED = 2


def demand(brief: Brief | None, slice: str) -> Slice | None:
    """The slice called `slice` if it asks for a second approval."""
    return next((s for s in brief.slices if s.name == slice and s.second_approval), None) if brief else None


def complete(approvals: Iterable[str], asked: Slice | None) -> bool:
    """Whether these people's approvals are enough where `asked` is what the slice demands."""
    people = set(approvals)
    if asked is None:
        return bool(people)
    return len(people) >= NEEDED and (not asked.experts or not people.isdisjoint(asked.experts))


def same_text(one: Example, other: Example) -> bool:
    """Whether an approval of the one is an approval of the other."""
    return (one.input, one.ideal, one.earlier, one.system) == (other.input, other.ideal, other.earlier, other.system)


def approved(example: Example, people: Sequence[str], brief: Brief | None) -> Example:
    """`example` with the approvals of `people` added: approved under `brief` when they are enough, else in review.
    Whoever completes the approvals has looked again, so that a re-check is settled then."""
    approvals = tuple(dict.fromkeys((*example.approvals, *people)))
    enough = complete(approvals, demand(brief, example.slice))
    return dataclasses.replace(
        example, approvals=approvals, status=Status.approved if enough else Status.in_review,
        recheck="" if enough else example.recheck, brief_version=brief.version if brief else 0,
    )  # fmt: skip


def after_change(before: Example, after: Example, brief: Brief | None) -> Example:
    """`after` with only those approvals that still hold, and approved no longer when they do not suffice.

    An example approved before approvals were kept has none; it stays approved while its text and slice stay.
    """
    if not same_text(before, after):
        status = Status.in_review if after.status is Status.approved else after.status
        return dataclasses.replace(after, approvals=(), status=status)
    asked = demand(brief, after.slice)
    moved = after.slice != before.slice and asked is not None
    if after.status is Status.approved and moved and not complete(after.approvals, asked):
        return dataclasses.replace(after, status=Status.in_review)
    return after


def in_words(example: Example, brief: Brief | None, names: Mapping[str, str]) -> str:
    """How an example of a slice with second approval stands: "1 of 2 approvals (Ann). ..."; "" where none is asked."""
    asked = demand(brief, example.slice)
    if asked is None:
        return ""
    given = [names.get(person, "somebody who left") for person in example.approvals]
    said = f"{min(len(given), NEEDED)} of {NEEDED} approvals" + (f" ({', '.join(given)})" if given else "")
    if asked.experts and set(example.approvals).isdisjoint(asked.experts):
        experts = any_of([names.get(person, "somebody who left") for person in asked.experts])
        return f"{said}. One must be by {experts}."
    return f"{said}."
