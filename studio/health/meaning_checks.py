"""Checks by meaning, and of inputs that are nearly the same: what the letters alone do not show. Pure.

They look as far as inputs were read (`Checked.known`); how far that is, `unread` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studio.health.checks import Checked, finding, knows, leaks
from studio.health.findings import Finding, Severity
from studio.health.labels import labels
from studio.health.near import jaccard, linked, normalise
from studio.health.settled import pair_key
from studio.records import Example, Split

ANSWERED_ALIKE = 0.3
"""A 4-gram Jaccard of two ideal outputs below which they are taken for two different answers."""

_OF_ONE_TEXT = 20  # examples with one and the same input that are set against those of another


def unread(on: Checked) -> Finding:
    """Examples whose input no model has read yet, so that the checks by meaning pass them over."""
    missing = [e for e in on.examples if e.id not in on.known.meaning]
    if not missing:
        return Finding("unread", Severity.fine, 0, (), f"All {len(on.examples):,} inputs were compared by meaning.")
    sentence = (
        f"Inputs not read by meaning yet: {len(missing):,} of {len(on.examples):,}. What means the same in other words "
        "is not seen among them; nothing was found is not the same as nothing is there."
    )
    return Finding("unread", Severity.should_look, len(missing), (), sentence)


def _close(on: Checked) -> Iterator[tuple[Example, Example]]:
    """Pairs close in meaning that are not the same by their letters."""
    by_id = {e.id: e for e in on.examples}
    for pair in on.known.close:
        one, other = by_id.get(pair.one), by_id.get(pair.other)
        if one and other and normalise(one.prompt.asked) != normalise(other.prompt.asked):
            yield one, other


def alike_in_meaning(on: Checked) -> Finding:
    """Groups of inputs that say the same in other words (cosine >= .95), those of nearly the same letters aside.

    Does not promise that one of them is too many: a question asked in several ways can be just what the model needs.
    """
    place = {e.id: i for i, e in enumerate(on.examples)}
    by_letters = {i: number for number, cluster in enumerate(on.alike.clusters()) for i in cluster}
    pairs = [(place[a.id], place[b.id]) for a, b in _close(on)]
    new = [(a, b) for a, b in pairs if by_letters[a] != by_letters[b]]
    groups = [g for g in linked(len(on.examples), new) if len(g) > 1]
    return finding(
        "alike_in_meaning", Severity.should_look, [tuple(on.examples[i].id for i in g) for g in groups],
        "Groups of inputs that ask the same in other words: {n}. Fine if you mean to; otherwise vary or remove some.",
        "No two inputs that were read are close enough in meaning to be one question. Looser paraphrases are not "
        "told apart from a common topic.",
    )  # fmt: skip


def meaning_leakage(on: Checked) -> Finding:
    """Held-out inputs that ask what a training input asks, in other words (cosine >= .95).

    Only worth a look: customers ask the same twice, and a test without that would be too hard. Counted are those
    that neither `exact_leakage` nor `near_leakage` names.
    """
    met: dict[str, list[str]] = defaultdict(list)
    for one, other in _close(on):
        for held, seen in ((one, other), (other, one)):
            if knows(held.split, seen.split):
                met[held.id].append(seen.id)
    exact, near = leaks(on)
    named = {case[0] for case in (*exact, *near)}
    return finding(
        "meaning_leakage", Severity.should_look,
        [(held, *seen) for held, seen in met.items() if held not in named],
        "Held-out inputs that ask what a training example asks, in other words: {n}. If they are many, scores on them "
        "say less of what is new to the model.",
        "No held-out input that was read is close enough in meaning to a training example to be the same question. "
        "Looser paraphrases are not told apart from a common topic.",
    )  # fmt: skip


def group_leakage(on: Checked) -> Finding:
    """Groups (a customer, a document) with examples both held out and in training, where the splits were given.

    Drawn splits keep a group together. Does not know of groups that nobody named.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in on.examples:
        if example.group:
            groups[example.group].append(example)
    cases = []
    for members in groups.values():
        splits = {e.split for e in members}
        if (
            Split.train in splits
            and splits & {Split.test, Split.validation}
            or {Split.validation, Split.test} <= splits
        ):
            cases.append(tuple(e.id for e in sorted(members, key=lambda e: (e.split is Split.train, e.id))))
    return finding(
        "group_leakage", Severity.must_fix, cases,
        "Groups (a customer, a document) that stand on both sides of a split: {n}. What the model learns of them helps "
        "it in the test; put each group on one side.",
        "No group stands on both sides of a split.",
    )  # fmt: skip


def near_contradictions(on: Checked) -> Finding:
    """Inputs nearly the same, by letters or by meaning, with different labels or with answers that share little.

    For labels (see `studio.health.labels`) another label is a contradiction. For free texts two answers count as
    different when the 4-grams of their letters overlap by less than .3: two wordings of one answer can fall below
    that, and two answers that differ in one number do not. Each is to be looked at, none blocks.
    Pairs that the team settled are left out as long as their texts stand.
    """
    found = labels(on.examples)
    cases = []
    for one, other in sorted(set(_nearly_same(on))):
        a, b = on.examples[one], on.examples[other]
        if found is not None:
            differ = a.id in found.of and b.id in found.of and found.of[a.id] != found.of[b.id]
        else:
            differ = bool(a.ideal.strip() and b.ideal.strip()) and jaccard(a.ideal, b.ideal) < ANSWERED_ALIKE
        if differ and pair_key(a, b) not in on.settled:
            cases.append((a.id, b.id))
    return finding(
        "near_contradictions", Severity.should_look, cases,
        "Pairs of nearly the same input that are answered differently: {n}. Decide whether one of them is wrong.",
        "No two inputs that are nearly the same are answered differently.",
    )  # fmt: skip


def _nearly_same(on: Checked) -> Iterator[tuple[int, int]]:
    """Places of examples with nearly the same input, the lower first."""
    for pair in on.alike.pairs:
        for one in on.alike.members[pair.first][:_OF_ONE_TEXT]:
            for other in on.alike.members[pair.second][:_OF_ONE_TEXT]:
                yield min(one, other), max(one, other)
    place = {e.id: i for i, e in enumerate(on.examples)}
    for a, b in _close(on):
        yield min(place[a.id], place[b.id]), max(place[a.id], place[b.id])
