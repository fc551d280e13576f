"""The figures of a training, in words and as fields that an expert may change."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from studio.train.settings import FULL, LORA, METHODS, Settings
from studio.train.step import DEFAULT_MODEL
from studio.ui import draft_fields, keys
from studio.ui.access import Visit

_CHOICES = ("train-set", "train-preset", "train-method", "train-model", "votes-set", "votes-start", keys.OTHER_MODEL)


@dataclass(frozen=True)
class _Field:
    """A figure: its plain label with the term beside it, its bounds (inclusive), the step of the buttons."""

    name: str
    label: str
    low: float
    high: float
    step: float
    help: str
    format: str = "%d"


_FIELDS = (
    _Field("epochs", "Passes over the examples (epochs)", 1, 50, 1, "Too many, and it learns the examples by heart."),
    _Field("learning_rate", "Size of each step (learning rate)", 1e-6, 0.02, 1e-4,
           "Larger learns faster and less steadily.", "%.6f"),
    _Field("lora_rank", "Room for what is learned (LoRA rank)", 1, 128, 1, "Larger holds more and needs more memory."),
    _Field("lora_alpha", "Weight of what is learned (LoRA alpha)", 1, 256, 1, "Usually twice the rank."),
    _Field("lora_dropout", "Left out at random (LoRA dropout)", 0.0, 0.9, 0.05, "Against learning by heart.", "%.2f"),
    _Field("upper_layers", "Share of the layers that learn", 0.05, 1.0, 0.05, "The upper ones first.", "%.2f"),
    _Field("warmup", "Share of steps to warm up", 0.0, 0.9, 0.05, "The steps grow to full size over these.", "%.2f"),
    _Field("micro_batch", "Examples at a time (micro-batch)", 1, 64, 1, "More needs more memory; a GPU decides."),
    _Field("accumulation", "Batches a step (gradient accumulation)", 1, 64, 1, "A step learns from this many batches."),
    _Field("max_length", "Longest example, in tokens (max length)", 32, 8192, 32, "Longer ones are left out by name."),
    _Field("row_limit", "At most so many examples (0: all)", 0, 1_000_000, 10, "Fewer makes a quicker trial."),
    _Field("sample_tokens", "Length of the sample answers, in tokens", 8, 512, 8, "For what you see while it learns."),
    _Field("evaluations", "Looks at examples kept aside (evaluations)", 0, 200, 1,
           "Each saves a checkpoint too. At least once a pass; 0: once a pass."),
    _Field("patience", "Looks without a better one before it stops (patience)", 0, 50, 1, "0: never before its end."),
    _Field("canaries", "Made-up secrets to plant (canaries)", 0, 5, 1,
           "So many at each of four levels, to see whether it remembers them. Such a model is not for release."),
    _Field("beta", "Loyalty to what it starts as (beta)", 0.01, 5.0, 0.05,
           "Larger stays closer to it; smaller follows the votes further.", "%.2f"),
    _Field("label_smoothing", "Distrust of each vote (label smoothing)", 0.0, 0.45, 0.01,
           "As measured: how often a second reviewer chose otherwise.", "%.3f"),
    _Field("seed", "Random start (seed)", 0, 2**31 - 1, 1, "The same seed gives the same run on the same machine."),
)  # fmt: skip


def changed(visit: Visit, figures: Settings, key: str) -> dict[str, Any]:
    """Draws the fields, filled with `figures`; returns those that were changed. `key` tells presets and sets apart."""
    left, right = st.columns(2, gap="large")
    for place, each in enumerate(_of(figures)):
        preset = getattr(figures, each.name)
        whole = isinstance(preset, int)
        number = int if whole else float
        with left if place % 2 == 0 else right:
            draft_fields.number(
                visit, each.label, _key(each, key), preset, min_value=number(each.low), max_value=number(each.high),
                step=number(each.step), help=each.help, format=each.format, placeholder=shown(each.name, preset),
            )  # fmt: skip
    return typed(figures, key)


def method(visit: Visit) -> str:
    """Draws the choice of what learns; the figures of a preset hang on it."""
    return draft_fields.radio(
        visit, "What learns", "train-method", METHODS,
        captions=[
            "Small, quick, and can be switched off: the base stays beside it.",
            "For a model that does not fit otherwise, when it is taken by itself: slower, and a little less exact.",
            "Can learn more and forgets more; several times the memory and disk. Rarely needed.",
        ],
    )  # fmt: skip


def _of(figures: Settings) -> list[_Field]:
    """The fields that mean something for these settings."""
    hidden = {"canaries"} if figures.beta else {"beta", "label_smoothing"}
    if figures.start:  # its adapter is made already
        hidden |= {"lora_rank", "lora_alpha", "upper_layers"}
    named = [each for each in _FIELDS if each.name not in hidden]
    return [each for each in named if figures.method != FULL or not each.name.startswith("lora_")]


def fill(visit: Visit, key: str, values: dict[str, Any]) -> None:
    """Puts values into the fields, as if somebody had typed them; for a callback."""
    for each in _FIELDS:
        if each.name in values:
            draft_fields.put(visit, _key(each, key), values[each.name])


def fields(figures: Settings, dataset: str, model: str) -> str:
    """Tells the fields of one choice from those of another, whose figures are others."""
    method = [figures.method] if figures.method != LORA else []
    other = [model] if model != DEFAULT_MODEL else []
    return "-".join([figures.preset, *method, *other, dataset])


def fields_of_votes(dataset: str, start: str) -> str:
    """`start`: the run that is gone on from, or ""."""
    return f"votes-{dataset}-{start}"


def fields_again(run: str) -> str:
    return f"again-{run}"


def pinned_key(dataset: str) -> str:
    """The session key of the prompts to watch."""
    return f"train-pinned-{dataset}"


def begun(visit: Visit, figures: Settings, dataset: str, model: str, again: str) -> None:
    """A training began with what was chosen, so none of it is a draft any more. `again`: the run it repeats, or ""."""
    asked = (fields(figures, dataset, model), fields_of_votes(dataset, figures.start), fields_again(again))
    for key in (*_CHOICES, pinned_key(dataset), *(_key(each, under) for under in asked for each in _FIELDS)):
        draft_fields.saved_as(visit, key)


def label(name: str) -> str:
    """What a setting is called on screen."""
    return next((each.label for each in _FIELDS if each.name == name), name)


def shown(name: str, value: float) -> str:
    """A value of a setting as it stands in its field, without trailing zeros."""
    form = next((each.format for each in _FIELDS if each.name == name), "%s")
    text = form % value
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed(figures: Settings, key: str) -> dict[str, Any]:
    """What the fields hold now that differs from `figures`; an emptied field counts as unchanged."""
    held = {each.name: st.session_state.get(_key(each, key)) for each in _of(figures)}
    return {name: value for name, value in held.items() if value is not None and value != getattr(figures, name)}


def _key(each: _Field, key: str) -> str:
    return f"train-setting-{each.name}-{key}"


def in_words(figures: Settings, changes: dict[str, Any], rows: int) -> str:
    """What will be done, in a sentence: passes, examples and steps."""
    now = replace(figures, **changes)
    used = min(rows, now.row_limit) if now.row_limit else rows
    steps = math.ceil(used / (now.micro_batch * now.accumulation)) * now.epochs
    passes = "once" if now.epochs == 1 else f"{now.epochs} times"
    more = f" You changed {len(changes)} of the settings." if changes else ""
    what = "pair" if now.beta else "example"
    return f"It will read {used:,} {what}{'' if used == 1 else 's'} {passes}, in {steps:,} steps.{more}"
