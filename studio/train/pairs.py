"""A pair of answers as one row for the model: the prompt with the preferred answer, then with the other one.

Such a row is as long as both, so whatever cuts rows by their length cuts pairs well, and never in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.train.batches import Encoded

SECOND = "second"
"""The key of a pair: [where the second answer's part begins]."""


def joined(chosen: Encoded, rejected: Encoded) -> Encoded:
    """The pair of two rows with the same prompt."""
    whole = {key: [*chosen[key], *rejected[key]] for key in ("input_ids", "labels", "weights")}
    return whole | {SECOND: [len(chosen["input_ids"])]}


def apart(pairs: Iterable[Encoded]) -> list[Encoded]:
    """The rows of the pairs: the preferred answer and the other one of the first pair, then of the next."""
    return [part for pair in pairs for part in _parts(pair)]


def _parts(pair: Encoded) -> Sequence[Encoded]:
    place = pair[SECOND][0]
    keys = ("input_ids", "labels", "weights")
    return {key: pair[key][:place] for key in keys}, {key: pair[key][place:] for key in keys}
