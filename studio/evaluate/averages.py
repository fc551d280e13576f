"""How many rules an arm keeps per prompt on average, and whether two arms differ. Pure.

The unit is the prompt: rules kept by one answer hang together, so the interval is over prompts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.evaluate.checks import interval


@dataclass(frozen=True)
class Average:
    """`value` of `rules` rules over `n` prompts, with its 95 % interval [`low`, `high`].

    Each prompt counts its share of the rules that apply to it; the value is the mean share times `rules`.
    """

    value: float
    low: float
    high: float
    n: int
    rules: int


@dataclass(frozen=True)
class Named:
    """An arm in a sentence: what to call it, its average, and each prompt's share of rules kept, in [0, 1]."""

    name: str
    average: Average
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Headline:
    """What a reader may repeat: who keeps how many rules, and whether training beat the best prompt."""

    sentence: str
    finding: str


def average(shares: Sequence[float], rules: int) -> Average:
    """The mean of `shares` (each in [0, 1]) in rules; a t interval over prompts, clipped to [0, rules].

    With a single prompt, or where all are equal, t says nothing: the exact interval of a share stands in.
    """
    n = len(shares)
    mean = sum(shares) / n if n else 0.0
    half = half_width(shares)
    low, high = interval(mean * n, n) if half is None else (max(0.0, mean - half), min(1.0, mean + half))
    return Average(mean * rules, low * rules, high * rules, n, rules)


def difference(a: Mapping[str, float], b: Mapping[str, float], rules: int) -> Average:
    """How many rules more `a` keeps than `b` per prompt, over the prompts both answered.

    Where all differ by the same amount t says nothing; `half_of_equal` stands in.
    """
    both = [a[name] - b[name] for name in a if name in b]
    n = len(both)
    mean = sum(both) / n if n else 0.0
    half = half_width(both)
    if half is None:
        half = half_of_equal(mean, n)
    return Average(mean * rules, (mean - half) * rules, (mean + half) * rules, n, rules)


def half_of_equal(value: float, n: int) -> float:
    """How far the mean difference of two shares may be from `value`, by which all of `n` prompts differ: what n prompts
    can have missed (at 95 %, exact) may differ by 1 the other way. Of prompts that all differ by 1 it takes six until
    this leaves out 0, as in a sign test."""
    return (1.0 + abs(value)) * (1.0 - interval(n, n)[0])


def half_width(values: Sequence[float]) -> float | None:
    """Half of the 95 % t interval of the mean of `values`; None with fewer than two, or when all are equal."""
    n = len(values)
    mean = sum(values) / n if n else 0.0
    spread = sum((v - mean) ** 2 for v in values)
    if n < 2 or spread < 1e-12:
        return None
    from scipy.special import stdtrit  # a quarter of a second that only this needs

    return float(stdtrit(n - 1, 0.975)) * math.sqrt(spread / (n - 1) / n)


def headline(tuned: Named | None, prompt: Named | None, base: Named | None) -> Headline | None:
    """The sentence over the present arms (the best prompt is given as `prompt`); None without any."""
    present = [each for each in (tuned, prompt, base) if each]
    if not present:
        return None
    first, *rest = present
    rules, n = first.average.rules, min(each.average.n for each in present)
    tail = [f"{_called(each, tuned, prompt)} {each.average.value:.1f}" for each in rest]
    called = _called(first, tuned, prompt)
    said = f"{called[0].upper()}{called[1:]} keeps {first.average.value:.1f} of {rules} house rules on average"
    joined = f", {', '.join(tail)}" if tail else ""
    return Headline(f"{said}{joined}; n = {n} prompts.", _finding(tuned, prompt, base))


def _called(each: Named, tuned: Named | None, prompt: Named | None) -> str:
    if each is tuned:
        return f"the tuned model ({each.name})"
    return f"the best prompt ({each.name})" if each is prompt else "the bare base"


def _finding(tuned: Named | None, prompt: Named | None, base: Named | None) -> str:
    other = prompt or base
    if tuned is None or other is None:
        return "Whether training helps shows once a tuned model and a prompt have both answered."
    gap = difference(tuned.shares, other.shares, tuned.average.rules)
    what = "the best prompt" if other is prompt else "the bare base"
    if gap.low > 0:
        return f"The tuned model keeps {_more(gap.value, gap.low, gap.high)} more than {what}."
    if gap.high < 0:
        more = _more(-gap.value, -gap.high, -gap.low)
        won = f"{what[0].upper()}{what[1:]} wins: it keeps {more} more than the tuned model."
        return f"{won} You may not need this training."
    return (
        f"The tuned model and {what} differ by no more than chance can explain "
        f"({gap.low:+.1f} to {gap.high:+.1f} rules), so training has not been shown to help."
    )


def _more(value: float, low: float, high: float) -> str:
    return f"{value:.1f} rules (95 % interval {low:.1f} to {high:.1f})"
