"""What a pre-flight found out about a fine-tune before it starts. Pure: what was measured, and what follows from it.

The best peers work memory out by a formula and time not at all until the run is on its way. Here a few real steps are
taken on the real rows, and what they took is multiplied by what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Free disk beside the checkpoints: the next is written before the last is removed.
_CHECKPOINTS_AT_ONCE = 3


@dataclass(frozen=True)
class Measured:
    """Figures of a pre-flight.

    `rows` that would be learned from and `validation_rows`; `tokens` read a pass, `learned_tokens` of them, `longest`
    row in tokens. `steps` of the whole run, of which `timed_steps` were taken; `step_seconds` each on average;
    `evaluations` of the whole run, `evaluation_seconds` each with its sample answers and its checkpoint;
    `fixed_seconds` for loading, warming up and ending. `peak_memory_mb` (2^20 bytes) of the process, `card_memory_mb`
    of the graphics card (0 without one), `checkpoint_mb` on disk; `device`: its name. `busy`: how many programs a core
    were at work before it began (the load average of the last minute), where that is known.
    """

    rows: int
    validation_rows: int
    tokens: int
    learned_tokens: int
    longest: int
    steps: int
    timed_steps: int
    step_seconds: float
    evaluations: int
    evaluation_seconds: float
    fixed_seconds: float
    peak_memory_mb: float
    card_memory_mb: float
    checkpoint_mb: float
    device: str
    busy: float = 0.0

    @property
    def seconds(self) -> float:
        """The whole run, from its start to its result."""
        return self.fixed_seconds + self.steps * self.step_seconds + self.evaluations * self.evaluation_seconds

    @property
    def disk_mb(self) -> float:
        """Free disk that the run needs for its checkpoints, in MB (2^20 bytes)."""
        return _CHECKPOINTS_AT_ONCE * self.checkpoint_mb


@dataclass(frozen=True)
class LeftOut:
    """A row that would not be learned from: why, its length in tokens, and the text past what would be read ("" when
    that is not why)."""

    id: str
    reason: str
    tokens: int
    beyond: str = ""


@dataclass(frozen=True)
class Span:
    """A piece of what the model reads. `kind`: read, learned, stressed (learned, weighted as an exact phrase), or worse
    (of a pair, the answer that people preferred less, which it moves away from)."""

    text: str
    kind: str


@dataclass(frozen=True)
class BatchRow:
    """A row of the first batch, in the order it is read."""

    id: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Shown:
    """What people look at before they accept; it holds their texts, so it stays in the job's folder."""

    left_out: tuple[LeftOut, ...]
    first_batch: tuple[BatchRow, ...]


@dataclass(frozen=True)
class Compared:
    """An estimate beside what came of it: seconds, and MB (2^20 bytes) of the process."""

    estimated_seconds: float
    seconds: float
    estimated_mb: float
    mb: float

    @property
    def time_off(self) -> float:
        """How much longer it took than estimated, as a share of what it took: .1 is 10 % longer."""
        return (self.seconds - self.estimated_seconds) / self.seconds

    @property
    def memory_off(self) -> float:
        """How much more memory it held than estimated, as a share of what it held."""
        return (self.mb - self.estimated_mb) / self.mb


def strata(sizes: Sequence[int], count: int) -> list[int]:
    """Which steps to time: the median of each of `count` groups of like size, as places in `sizes` (tokens a step).

    In such an order that stopping early leaves small and large ones: the middle first, then the quarters. Their mean
    is that of all steps, as far as steps of like size take as long.
    """
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    count = min(count, len(order))
    medians = [order[(2 * group + 1) * len(order) // (2 * count)] for group in range(count)]
    return [medians[group] for group in _spread(count)]


def _spread(count: int) -> list[int]:
    """0 to count - 1, each next one far from those before (bit reversal)."""
    bits = max(1, (count - 1).bit_length())
    reversed_bits = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(2**bits))
    return [number for number in reversed_bits if number < count][::-1]
