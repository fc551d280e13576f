"""Train, validation and test: drawn once, by group, the same every time, and never from test back to train."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from studio.health.checks import MINIMUM
from studio.health.labels import labels
from studio.health.near import compare, linked, normalise
from studio.records import Example, Refusal, Split, Status, sha256

SHARES = (0.8, 0.1, 0.1)
_AT_LEAST = {Split.test: 5, Split.validation: 3, Split.train: 1}
_HELD_OUT_FIRST = (Split.test, Split.validation, Split.train)
K = TypeVar("K", bound=Hashable)
_Kind = tuple[str, str]
"""What the splits are balanced by: a slice and, in a set that teaches labels, a label."""


@dataclass(frozen=True)
class _Unit:
    """Examples that must not be separated: one group, or inputs that are the same or nearly so."""

    members: tuple[Example, ...]
    kind: _Kind
    draw: str  # sorts the units at random, the same way every time
    before: frozenset[Split]  # where rows that are not here any more stood, which belong together with these


def assign(
    examples: Sequence[Example],
    *,
    seed: str,
    shares: tuple[float, float, float] = SHARES,
    previous: Mapping[str, Split] | None = None,
    gone: Sequence[Example] = (),
) -> dict[str, Split]:
    """A split for each approved example, by id. `shares` of train, validation and test, summing to 1.

    Examples of one group, and inputs that are the same or nearly the same, stay together; slices, and within them the
    labels of a set that teaches labels, get their share of each split as far as whole groups allow. The draw depends
    on `seed` and the texts, not on ids or order. A split an example carries is honoured, and a test or validation set
    marked by hand (of at least 5 and 3) is not added to. When everything is marked train or test, validation is
    drawn from the training examples. Examples in `previous` keep their split; new ones join the split of
    the examples they resemble, held-out first, so a test example never moves to train. `gone`: rows of earlier
    datasets, with their split, that were taken out or rewritten since; a new example that says the same, or is of
    the same group, is taken for them.

    Raises Refusal for fewer than 20 approved examples, when groups are too large for at least 5 test,
    3 validation and 1 training example, and when an earlier test example is now marked for another split.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be positive and sum to 1, got {shares}")
    pool = [e for e in examples if e.status is Status.approved]
    if len(pool) < MINIMUM:
        raise Refusal(
            f"{len(pool)} examples are approved and at least {MINIMUM} are needed to set some aside for testing. "
            "Nothing was frozen: approve or write more."
        )
    kinds = _kinds(pool)
    units = _units(pool, gone, kinds, seed)
    given, free = _settled(units, _fixed(pool, previous or {}, gone))
    marked = Counter(e.split for e in pool)
    for split, share in ((Split.test, shares[2]), (Split.validation, shares[1])):
        if marked[split] < _AT_LEAST[split]:
            free = _draw(split, max(_AT_LEAST[split], round(share * len(pool))), kinds, free, given)
    given.update({e.id: Split.train for unit in free for e in unit.members})
    if not marked[Split.validation] and Counter(given.values())[Split.validation] < _AT_LEAST[Split.validation]:
        unlearned = [u for u in units if not any(e.id in (previous or {}) for e in u.members)]
        _carve_validation(round(shares[1] * len(pool)), kinds, unlearned, given)
    _enough(given)
    return {e.id: given[e.id] for e in pool}


def _kinds(pool: Sequence[Example]) -> dict[str, _Kind]:
    found = labels(pool)
    return {e.id: (e.slice, found.of.get(e.id, "") if found else "") for e in pool}


def _settled(units: list[_Unit], fixed: Mapping[str, Split]) -> tuple[dict[str, Split], list[_Unit]]:
    """The splits that need no draw, and the units that do: a unit joins a split one of its members has."""
    given: dict[str, Split] = {}
    free: list[_Unit] = []
    for unit in units:
        known = unit.before | {fixed[e.id] for e in unit.members if e.id in fixed}
        if known:
            joins = next(s for s in _HELD_OUT_FIRST if s in known)
            given.update({e.id: fixed.get(e.id, joins) for e in unit.members})
        else:
            free.append(unit)
    return given, free


def _fixed(pool: list[Example], previous: Mapping[str, Split], gone: Sequence[Example]) -> dict[str, Split]:
    """Splits that are settled: marked by hand, or by an earlier dataset."""
    tested = {normalise(e.prompt.asked) for e in gone if e.split is Split.test}
    moved = [e for e in pool if e.split not in (None, Split.test) and _was_test(e, previous, tested)]
    if moved:
        raise Refusal(
            f"{len(moved)} examples were test examples of an earlier dataset and are now marked for another split, "
            "which would make its results untrue. Nothing was frozen: mark them as test again, or reject them."
        )
    fixed: dict[str, Split] = {}
    for example in pool:
        before = previous.get(example.id)
        # Validation may have been drawn from examples marked train; it stays where it is.
        split = before if before is Split.validation and example.split is Split.train else example.split or before
        if split:
            fixed[example.id] = split
    return fixed


def _was_test(example: Example, previous: Mapping[str, Split], tested: set[str]) -> bool:
    """Whether it was for testing, itself or, for one that no dataset held yet, as another record of the same words."""
    if example.id in previous:
        return previous[example.id] is Split.test
    return bool(tested) and normalise(example.prompt.asked) in tested


def _units(pool: list[Example], gone: Sequence[Example], kinds: Mapping[str, _Kind], seed: str) -> list[_Unit]:
    """The pool in inseparable units, in the order of the draw."""
    everyone = [*pool, *gone]
    first_of_group: dict[str, int] = {}
    pairs = [(i, first_of_group.setdefault(e.group, i)) for i, e in enumerate(everyone) if e.group]
    for cluster in compare([e.prompt.asked for e in everyone]).clusters():
        pairs += [(cluster[0], i) for i in cluster[1:]]
    units = []
    for together in linked(len(everyone), pairs):
        members = tuple(pool[i] for i in together if i < len(pool))
        if members:
            before = frozenset(e.split for i in together if i >= len(pool) and (e := everyone[i]).split)
            counts = Counter(kinds[e.id] for e in members)
            kind = min(counts, key=lambda k: (-counts[k], k))
            units.append(_Unit(members, kind, sha256(f"{seed}\n{_name(members)}"), before))
    return sorted(units, key=lambda u: u.draw)


def _name(members: Sequence[Example]) -> str:
    groups = sorted(e.group for e in members if e.group)
    return f"group {groups[0]}" if groups else f"text {min(normalise(e.prompt.asked) for e in members)}"


def _draw(
    split: Split, target: int, kinds: Mapping[str, _Kind], free: list[_Unit], given: dict[str, Split]
) -> list[_Unit]:
    """Puts free units into `split` until it has `target` examples, kind by kind; returns what is left."""
    quotas = _quotas(target, Counter(kinds.values()), Counter(kinds[i] for i, s in given.items() if s is split))
    left = _take(split, quotas, lambda unit: unit.kind, free, given)
    by_slice: Counter[str] = Counter()
    for (slice, _), quota in quotas.items():
        by_slice[slice] += quota
    left = _take(split, by_slice, lambda unit: unit.kind[0], left, given)
    have = sum(s is split for s in given.values())
    left = _take(split, Counter({"": target - have}), lambda unit: "", left, given)
    # Whole groups may all be too large for what is missing: go over rather than under the least allowed.
    have = sum(s is split for s in given.values())
    for unit in sorted(left, key=lambda u: len(u.members)):
        if have >= _AT_LEAST[split]:
            break
        have += len(unit.members)
        left = _take(split, Counter({unit.draw: len(unit.members)}), lambda u: u.draw, left, given)
    return left


def _take(
    split: Split, room: Counter[K], of: Callable[[_Unit], K], among: list[_Unit], given: dict[str, Split]
) -> list[_Unit]:
    """Puts units into `split` while there is `room` for theirs, and lowers it; returns those left out."""
    left = []
    for unit in among:
        if len(unit.members) <= room[of(unit)]:
            room[of(unit)] -= len(unit.members)
            given.update({e.id: split for e in unit.members})
        else:
            left.append(unit)
    return left


def _quotas(target: int, sizes: Counter[_Kind], have: Counter[_Kind]) -> Counter[_Kind]:
    """How many examples of each kind a split still misses: first the slices' shares, within them the labels'.

    Rounded so that they sum to what is missing; of labels that round alike, the one the split has least of goes first.
    """
    wanted = {k: target * sizes[k] / sizes.total() - have[k] for k in sorted(sizes)}
    slices: dict[str, float] = defaultdict(float)
    owed: dict[str, float] = defaultdict(float)
    for (slice, label), missing in wanted.items():
        slices[slice] += missing
        owed[label] += missing
    quotas: Counter[_Kind] = Counter()
    for slice, quota in _apportioned(slices, max(0, target - have.total()), lambda name: 0.0).items():
        here = {label: missing for (s, label), missing in wanted.items() if s == slice}
        for label, count in _apportioned(here, quota, lambda name: -owed[name]).items():
            quotas[slice, label] = count
            owed[label] -= count
    return quotas


def _apportioned(wanted: Mapping[str, float], total: int, then: Callable[[str], float]) -> dict[str, int]:
    """`total` in whole parts by the shares wanted (largest remainder); equal remainders in the order of `then`."""
    positive = {name: max(0.0, share) for name, share in wanted.items()}
    scale = total / asked if (asked := sum(positive.values())) else 0.0
    exact = {name: share * scale for name, share in positive.items()}
    parts = {name: int(share + 1e-9) for name, share in exact.items()}
    order = sorted(exact, key=lambda name: (round(parts[name] - exact[name], 9), then(name), name))
    for name in order[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def _carve_validation(target: int, kinds: Mapping[str, _Kind], units: list[_Unit], given: dict[str, Split]) -> None:
    """Draws validation from those of `units` that are wholly train, for files that only know train and test."""
    training = [u for u in units if all(given[e.id] is Split.train for e in u.members)]
    _draw(Split.validation, max(_AT_LEAST[Split.validation], target), kinds, training, given)


def _enough(given: Mapping[str, Split]) -> None:
    counts: dict[Split, int] = defaultdict(int, Counter(given.values()))
    short = [f"{split.value} {counts[split]} of {least}" for split, least in _AT_LEAST.items() if counts[split] < least]
    if short:
        raise Refusal(
            f"The splits would be too small ({', '.join(short)}), because examples that belong together stay "
            "together, stay where an earlier dataset put them, or are marked by hand. Nothing was frozen: add "
            "examples, or clear some of the marks."
        )
