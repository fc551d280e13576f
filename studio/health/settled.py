"""What the team has decided of texts: that two do not contradict each other, that the label of one is right. Pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence

from studio.records import Example, canonical, sha256


def pair_key(one: Example, other: Example) -> str:
    """What a decision on two examples is kept under: a hash of what both are asked and answer, in either order.

    It stands for the texts, not for the records: an edit of one of them is another pair, and so comes up again.
    """
    return sha256("".join(sorted((_text_key(one), _text_key(other)))).encode())


def own_key(example: Example) -> str:
    """What a decision on one example's label is kept under: as `pair_key`, so that an edit takes it away."""
    return pair_key(example, example)


def unsettled(
    examples: Sequence[Example], differ: Callable[[Example, Example], bool], settled: Collection[str]
) -> list[Example]:
    """Those of `examples` that are answered otherwise (`differ`) than another with which that was not settled."""
    return [
        e for e in examples
        if any(differ(e, other) and pair_key(e, other) not in settled for other in examples if other is not e)
    ]  # fmt: skip


def _text_key(example: Example) -> str:
    return _hashed(example.prompt.asked, example.ideal)


@functools.lru_cache(maxsize=10_000)
def _hashed(asked: str, ideal: str) -> str:
    return sha256(canonical([asked, ideal]))
