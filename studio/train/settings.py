"""Training presets in words, resolved to figures for so many rows and this device. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from studio.records import Refusal

LORA, QLORA, FULL = "lora", "qlora", "full"
METHODS = {
    LORA: "An adapter beside the weights (LoRA)",
    QLORA: "An adapter beside weights rounded to four bits (QLoRA)",
    FULL: "A copy of the weights themselves (full fine-tuning)",
}
"""Method -> what it is called."""


@dataclass(frozen=True)
class Preset:
    """A choice a designer can make: a title and one sentence."""

    name: str
    title: str
    sentence: str


@dataclass(frozen=True)
class Settings:
    """Every figure of a fine-tune.

    `method`: `LORA`, an adapter of rank `lora_rank` on all linear layers of the upper `upper_layers` share (0 to 1] of
    the model, scaled by `lora_alpha`; `QLORA`, the same while the base's linear layers are held in four bits (NF4,
    Dettmers et al. 2023, arXiv:2305.14314), for a base that does not fit otherwise; or `FULL`, a copy of those layers
    themselves (full fine-tuning; norms and the vocabulary stay as they are), for which the `lora_` figures mean
    nothing. `learning_rate` peaks after `warmup` (share of steps) and falls along a cosine.
    A step learns from `micro_batch` x `accumulation` rows; on a GPU its memory decides how many are read at a time.
    `max_length` in tokens: longer rows are left out and named.
    `row_limit`: at most so many rows are
    used, and a quarter as many for validation (0: all).
    `evaluations`: how often in the run the examples kept aside are measured and a checkpoint is saved, at least once a
    pass (0: once a pass). `patience`: after so many measurements without a better one it stops (0: never).
    `canaries`: so many made-up secrets are planted at each level of repetition (see `canaries`; 0: none).
    `beta` above 0: it learns from pairs of answers that people chose between (preference tuning, DPO; see
    `preference_loss`), and the larger, the closer it stays to what it starts as; `label_smoothing`: how far each vote
    is distrusted. `start`: the run whose tuned model it goes on from, "" for the base.
    """

    preset: str
    epochs: int
    learning_rate: float
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    upper_layers: float = 2 / 3
    warmup: float = 0.1
    micro_batch: int = 4
    accumulation: int = 2
    max_length: int = 512
    row_limit: int = 0
    sample_tokens: int = 96
    seed: int = 0
    evaluations: int = 0
    patience: int = 0
    canaries: int = 0
    method: str = LORA
    beta: float = 0.0
    label_smoothing: float = 0.0
    start: str = ""


PRESETS = (
    Preset(
        "quick_trial", "Quick trial", "A minute or so on a few rows, to see that everything works. Not for judging."
    ),
    Preset(
        "match_our_tone", "Match our tone", "Learns your voice, your rules and your layout from all approved examples."
    ),
    Preset(
        "strict_format", "Strict format",
        "For labels, JSON and fixed layouts: reads each example more often, and lets all layers learn.",
    ),
    Preset(
        "most_careful", "Most careful",
        "Small steps, looked at often, and stopped once it gets no closer. Takes longest.",
    ),
)  # fmt: skip
FROM_VOTES = Preset("from_votes", "From votes", "Learns which of two answers your reviewers preferred.")
"""Not a choice beside the others: it goes with a set of votes."""

DEFAULT = "match_our_tone"
"""The preset for whoever chooses none."""

_QUICK_ROWS = 32
# Measured so often in a run, and stopped after so many measurements in a row that were no better. On a CPU to measure
# the demo's 66 rows kept aside takes as long as about four steps.
_MEASURED, _PATIENCE = 6, 3
# All weights move more with the same step than an adapter does: of the adapter's rate, this share.
_FULL_RATE = 1 / 20
_FEW_ROWS = 100  # below, a step learns from fewer rows, so that there are enough steps
# A preset reads rows of at least so many tokens, and longer ones up to the second figure: on a CPU the memory of plain
# attention grows with the square of the length, which sets how many rows of such a length are read at a time.
_LEAST_LENGTH, _ROUNDED = 512, 64
_CPU_LENGTH, _GPU_LENGTH, _CPU_SQUARES = 2048, 8192, 4 * 1024**2


@dataclass(frozen=True)
class _Recipe:
    """A preset for a whole set: about `steps` steps, so as many passes as that takes, from `least` to `most`; the rest
    are settings. Steps and rates of "match our tone" are those in which the demo's varied rows were learned on the
    bundled model (docs/decisions/0004); of the others see benchmarks/RESULTS.md."""

    steps: int
    least: int
    most: int
    more: dict[str, Any]


_RECIPES = {
    "match_our_tone": _Recipe(110, 2, 6, {"learning_rate": 2e-3}),
    "strict_format": _Recipe(160, 3, 10, {"learning_rate": 1e-3, "upper_layers": 1.0}),
    "most_careful": _Recipe(
        240, 3, 10, {"learning_rate": 5e-4, "lora_dropout": 0.05, "evaluations": 12, "patience": 4}
    ),
    FROM_VOTES.name: _Recipe(60, 2, 6, {"learning_rate": 2e-4, "beta": 0.1, "label_smoothing": 0.1}),
}


def most_length(device: str, context: int = 0) -> int:
    """The longest row, in tokens, that a preset reads on `device`. `context`: what the model can read, where known."""
    most = _CPU_LENGTH if device == "cpu" else _GPU_LENGTH
    return min(most, context) if context else most


def resolve(
    preset: str, rows: int, device: str = "cpu", seed: int = 0, method: str = LORA, longest: int = 0, context: int = 0
) -> Settings:  # fmt: skip
    """The settings of a preset for `rows` training rows on `device` ("cpu", or anything else for a GPU). `longest`: of
    the rows, in tokens (0: not known), for which room is made as far as the device and the model's `context` (tokens it
    can read, 0: not known) allow.

    Raises Refusal for an unknown preset or method, or an empty set.
    """
    if method not in METHODS:
        raise Refusal(f"There is no method called {method!r}. Nothing was started. Choose {' or '.join(METHODS)}.")
    found = _fitted(_resolved(preset, rows, device, seed), device, longest, context)
    if method == FULL:
        return replace(found, method=method, learning_rate=found.learning_rate * _FULL_RATE)
    return replace(found, method=method)


def _fitted(settings: Settings, device: str, longest: int, context: int) -> Settings:
    """Room for the longest row, and so many at a time that such rows fit; a step still learns from as many."""
    rounded = math.ceil(longest / _ROUNDED) * _ROUNDED
    length = min(most_length(device, context), max(_LEAST_LENGTH, rounded))
    read = min(length, rounded) or length
    together, at_once = settings.micro_batch * settings.accumulation, settings.micro_batch
    if settings.beta:  # a pair is two rows
        at_once = max(1, at_once // 2)
    while device == "cpu" and at_once > 1 and at_once * read**2 > _CPU_SQUARES:
        at_once //= 2
    return replace(settings, max_length=length, micro_batch=at_once, accumulation=together // at_once)


def _resolved(preset: str, rows: int, device: str, seed: int) -> Settings:
    if rows < 1:
        raise Refusal("There are no rows to learn from. Nothing was started. Approve some examples and freeze them.")
    micro_batch, accumulation = (4, 2) if device == "cpu" else (8, 1)
    if preset == "quick_trial":
        return Settings(
            preset, epochs=1, learning_rate=2e-3, lora_rank=8, lora_alpha=16, upper_layers=1 / 2,
            micro_batch=micro_batch, accumulation=1, row_limit=_QUICK_ROWS, sample_tokens=32, seed=seed,
            evaluations=2,
        )  # fmt: skip
    if recipe := _RECIPES.get(preset):
        accumulation = 1 if rows < _FEW_ROWS else accumulation
        a_pass = math.ceil(rows / (micro_batch * accumulation))
        epochs = min(recipe.most, max(recipe.least, math.ceil(recipe.steps / a_pass)))
        measured = {"evaluations": _MEASURED, "patience": _PATIENCE, **recipe.more}
        return Settings(preset, epochs, micro_batch=micro_batch, accumulation=accumulation, seed=seed, **measured)
    known = ", ".join(p.name for p in PRESETS)
    raise Refusal(f"There is no preset called {preset!r}. Nothing was started. Choose one of: {known}.")


def title(preset: str) -> str:
    """What a preset is called on screen; the name itself of one that is not known here."""
    return next((p.title for p in (*PRESETS, FROM_VOTES) if p.name == preset), preset)
