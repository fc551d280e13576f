"""Train, validation and test: drawn once, by group, the same every time, and never from test back to train."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.health.checks import MINIMUM
from studio.health.near import compare, linked, normalise
from studio.records import Example, Refusal, Split, Status, sha256

SHARES = (0.8, 0.1, 0.1)
_AT_LEAST = {Split.test: 5, Split.validation: 3, Split.train: 1}
_HELD_OUT_FIRST = (Split.test, Split.validation, Split.train)


@dataclass(frozen=True)
class _Unit:
    """Examples that must not be separated: one group, or inputs that are the same or nearly so."""

    members: tuple[Example, ...]
    slice: str
    draw: str  # sorts the units at random, the same way every time


def assign(
    examples: Sequence[Example],
    *,
    seed: str,
    shares: tuple[float, float, float] = SHARES,
    previous: Mapping[str, Split] | None = None,
) -> dict[str, Split]:
    """A split for each approved example, by id. `shares` of train, validation and test, summing to 1.

    Examples of one group, and inputs that are the same or nearly the same, stay together; slices get
    their share of each split as far as whole groups allow. The draw depends on `seed` and the texts,
    not on ids or order. A split an example carries is honoured, and a test or validation set marked by
    hand (of at least 5 and 3) is not added to. When everything is marked train or test, validation is
    drawn from the training examples. Examples in `previous` keep their split; new ones join the split of
    the examples they resemble, held-out first, so a test example never moves to train.

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
    units = _units(pool, seed)
    given, free = _settled(units, _fixed(pool, previous or {}))
    marked = Counter(e.split for e in pool)
    for split, share in ((Split.test, shares[2]), (Split.validation, shares[1])):
        if marked[split] < _AT_LEAST[split]:
            free = _draw(split, max(_AT_LEAST[split], round(share * len(pool))), pool, free, given)
    given.update({e.id: Split.train for unit in free for e in unit.members})
    if not marked[Split.validation] and Counter(given.values())[Split.validation] < _AT_LEAST[Split.validation]:
        _carve_validation(round(shares[1] * len(pool)), pool, units, given)
    _enough(given)
    return {e.id: given[e.id] for e in pool}


def _settled(units: list[_Unit], fixed: Mapping[str, Split]) -> tuple[dict[str, Split], list[_Unit]]:
    """The splits that need no draw, and the units that do: a unit joins a split one of its members has."""
    given: dict[str, Split] = {}
    free: list[_Unit] = []
    for unit in units:
        known = {fixed[e.id] for e in unit.members if e.id in fixed}
        if known:
            joins = next(s for s in _HELD_OUT_FIRST if s in known)
            given.update({e.id: fixed.get(e.id, joins) for e in unit.members})
        else:
            free.append(unit)
    return given, free


def _fixed(pool: list[Example], previous: Mapping[str, Split]) -> dict[str, Split]:
    """Splits that are settled: marked by hand, or by an earlier dataset."""
    moved = [e for e in pool if previous.get(e.id) is Split.test and e.split not in (None, Split.test)]
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


def _units(pool: list[Example], seed: str) -> list[_Unit]:
    """The pool in inseparable units, in the order of the draw."""
    first_of_group: dict[str, int] = {}
    pairs = [(i, first_of_group.setdefault(e.group, i)) for i, e in enumerate(pool) if e.group]
    for cluster in compare([e.prompt.asked for e in pool]).clusters():
        pairs += [(cluster[0], i) for i in cluster[1:]]
    units = []
    for together in linked(len(pool), pairs):
        members = tuple(pool[i] for i in together)
        groups = sorted(e.group for e in members if e.group)
        name = f"group {groups[0]}" if groups else f"text {min(normalise(e.prompt.asked) for e in members)}"
        slices = Counter(e.slice for e in members)
        units.append(_Unit(members, min(slices, key=lambda s: (-slices[s], s)), sha256(f"{seed}\n{name}")))
    return sorted(units, key=lambda u: u.draw)


def _draw(split: Split, target: int, pool: list[Example], free: list[_Unit], given: dict[str, Split]) -> list[_Unit]:
    """Puts free units into `split` until it has `target` examples, slice by slice; returns what is left."""
    left = list(free)
    have = sum(s is split for s in given.values())
    for slice, quota in _quotas(split, target, pool, given).items():
        here = [u for u in left if u.slice == slice]
        left = _take(split, min(quota, target - have), here, left, given)
        have = sum(s is split for s in given.values())
    left = _take(split, target - have, left, left, given)
    # Whole groups may all be too large for what is missing: go over rather than under the least allowed.
    for unit in sorted(left, key=lambda u: len(u.members)):
        if sum(s is split for s in given.values()) >= _AT_LEAST[split]:
            break
        left = _take(split, len(unit.members), [unit], left, given)
    return left


def _take(split: Split, room: int, among: list[_Unit], left: list[_Unit], given: dict[str, Split]) -> list[_Unit]:
    taken = set()
    for unit in among:
        if len(unit.members) <= room:
            room -= len(unit.members)
            taken.add(unit.draw)
            given.update({e.id: split for e in unit.members})
    return [u for u in left if u.draw not in taken]


def _quotas(split: Split, target: int, pool: list[Example], given: dict[str, Split]) -> dict[str, int]:
    """How many examples of each slice are still missing in `split`; rounded so that they sum to what is missing."""
    sizes = Counter(e.slice for e in pool)
    have = Counter(e.slice for e in pool if given.get(e.id) is split)
    wanted = {s: max(0.0, target * sizes[s] / len(pool) - have[s]) for s in sorted(sizes)}
    missing = max(0, target - have.total())
    scale = missing / total if (total := sum(wanted.values())) else 0.0
    exact = {s: w * scale for s, w in wanted.items()}
    quotas = {s: int(x) for s, x in exact.items()}
    for slice in sorted(exact, key=lambda s: (quotas[s] - exact[s], s))[: missing - sum(quotas.values())]:
        quotas[slice] += 1
    return quotas


def _carve_validation(target: int, pool: list[Example], units: list[_Unit], given: dict[str, Split]) -> None:
    """Draws validation from units that are wholly train, for files that only know train and test."""
    training = [u for u in units if all(given[e.id] is Split.train for e in u.members)]
    _draw(Split.validation, max(_AT_LEAST[Split.validation], target), pool, training, given)


def _enough(given: dict[str, Split]) -> None:
    counts: dict[Split, int] = defaultdict(int, Counter(given.values()))
    short = [f"{split.value} {counts[split]} of {least}" for split, least in _AT_LEAST.items() if counts[split] < least]
    if short:
        raise Refusal(
            f"The splits would be too small ({', '.join(short)}), because examples that belong together stay together "
            "or are marked by hand. Nothing was frozen: add examples, or clear some of the marks."
        )
