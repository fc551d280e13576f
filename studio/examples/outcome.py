"""What the labels of one item amount to, and what the example becomes by them. Pure."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping, Sequence
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


def finished(given: Iterable[Label], asked: Mapping[str, int]) -> list[Label]:
    """Those labels of one queue whose item everybody asked has answered (one person, where `asked` names no number),
    so that nobody learns what others said before their own label is in."""
    labels = list(given)
    people: dict[str, set[str]] = {}
    for label in labels:
        people.setdefault(label.example, set()).add(label.person)
    return [label for label in labels if len(people[label.example]) >= asked.get(label.example, 1)]


def firsts(given: Iterable[Label]) -> dict[str, list[Label]]:
    """For each item each person's first label of its text: what agreement is told from. Pass all that was ever said.

    A change counts while nobody else had labelled the item; after that the person could have seen what others said.
    The text is the one labelled last, since a text that came of the labels themselves has none. A person in two queues
    is one person.
    """
    by_item: dict[str, list[Label]] = {}
    for label in sorted(given, key=lambda label: label.act):
        by_item.setdefault(label.example, []).append(label)
    return {item: _firsts([label for label in said if label.text == said[-1].text]) for item, said in by_item.items()}


def _firsts(said: Sequence[Label]) -> list[Label]:
    first: dict[str, Label] = {}
    for label in said:
        if label.person not in first or set(first) == {label.person}:
            first[label.person] = label
    return list(first.values())


def opinions(labels: Iterable[Label]) -> list[str]:
    """What the labels of one item say, equal where they agree; a skip says nothing. Two who rewrote a text in different
    ways do not agree, and are told apart without a category for each text ever written."""
    told = [label for label in labels if label.decision is not Answer.skip]
    texts = list(dict.fromkeys(label.ideal.strip() for label in told if label.decision is Answer.edit))
    return [
        f"{label.decision.value} {texts.index(label.ideal.strip())}" if label.decision is Answer.edit
        else label.decision.value for label in told
    ]  # fmt: skip


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
