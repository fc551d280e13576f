"""What the labels of one item amount to, and what the example becomes by them. Pure."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from studio.examples import approval
from studio.records import Brief, Example, Status, canonical, sha256, to_json
from studio.store.labels import Answer, Label


class Standing(enum.StrEnum):
    """waiting: somebody asked has not answered. agreed: all who could tell said the same. divided: they did not, they
    saw different texts, or nobody could tell."""

    waiting = "waiting"
    agreed = "agreed"
    divided = "divided"


@dataclass(frozen=True)
class Outcome:
    """`decision` and `ideal` (for an edit) are what was agreed; `people`: those who said so."""

    standing: Standing
    decision: Answer | None = None
    ideal: str = ""
    people: tuple[str, ...] = ()


def fingerprint(example: Example) -> str:
    """Of the text that a label is about: the whole prompt and the ideal output."""
    return sha256(canonical(to_json((example.earlier, example.system, example.input, example.ideal))))[:16]


def of(labels: Sequence[Label], asked: Sequence[str]) -> Outcome:
    """The outcome of one item. A skip is no opinion: one opinion is enough, as it is where only one person is asked."""
    if {label.person for label in labels} < set(asked):
        return Outcome(Standing.waiting)
    opinions = [label for label in labels if label.decision is not Answer.skip]
    said = {(label.decision, label.ideal.strip() if label.decision is Answer.edit else "", label.text)
            for label in opinions}  # fmt: skip
    if len(said) != 1:
        return Outcome(Standing.divided)
    decision, ideal, _ = said.pop()
    return Outcome(Standing.agreed, decision, ideal, tuple(label.person for label in opinions))


def becomes(example: Example, found: Outcome, brief: Brief | None) -> Example | None:
    """The next revision of `example` by an agreed outcome; None when nothing changes."""
    if found.standing is not Standing.agreed or found.decision in (None, Answer.skip):
        return None
    after = example
    if found.decision is Answer.reject:
        after = dataclasses.replace(example, status=Status.rejected, approvals=())
    else:
        if found.decision is Answer.edit:
            after = approval.after_change(example, dataclasses.replace(example, ideal=found.ideal), brief)
        after = approval.approved(after, found.people, brief)
    return None if after == example else dataclasses.replace(after, revision=example.revision + 1)


def reopened(example: Example) -> Example | None:
    """`example` back in review without approvals, for labels that agreed and no longer do; None when it is there."""
    after = dataclasses.replace(example, status=Status.in_review, approvals=())
    return None if after == example else dataclasses.replace(after, revision=example.revision + 1)
