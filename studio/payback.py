"""The return on tuning: what it cost once, what it saves with each answer, when it has paid back. Pure.

Both sides carry what is known of them: the saving an interval over prompts, the cost its parts. Quality is not in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from studio.evaluate import costs
from studio.evaluate.costs import BreakEven, Estimate
from studio.wording import amount, several


@dataclass(frozen=True)
class Served:
    """One arm's answers and the price of each, in the same order, in the card's currency. `how`: by what they were
    priced, in words. `read` and `written`: word pieces (tokens) of an answer, the prompt with it; None where the price
    does not hang on them. `prompts`: whose answers these are."""

    name: str
    each: tuple[float, ...]
    how: str
    prompts: tuple[str, ...]
    read: Estimate | None = None
    written: Estimate | None = None

    @property
    def thousand(self) -> Estimate:
        """The price of 1,000 such answers."""
        return costs.thousand(self.each)


@dataclass(frozen=True)
class Spent:
    """A part of what tuning cost once: `what`, the `hours` it took, its `price`."""

    what: str
    hours: float
    price: float


@dataclass(frozen=True)
class Stage:
    """When tuning has paid back, with `what` counted of its cost: `once`, in the card's currency."""

    what: str
    once: float
    even: BreakEven


@dataclass(frozen=True)
class Return:
    """A tuned arm beside a prompt. `stages`: from the least that tuning cost to all that is known of it; `told` is the
    place of the one that the sentence speaks of. `paired`: both arms answered the same prompts. `a_month`: answers that
    are expected, None where nobody has said.

    It does not promise that prices, prompts or the length of answers stay as they are, and says nothing of quality.
    """

    tuned: Served
    prompt: Served
    saving: Estimate
    paired: bool
    stages: tuple[Stage, ...]
    told: int
    currency: str
    a_month: float | None = None

    @property
    def even(self) -> BreakEven:
        return self.stages[self.told].even

    @property
    def sentence(self) -> str:
        """What a PM may repeat: the saving with its interval and n, then when tuning has paid back."""
        return f"{_saves(self)}; {_comes_back(self, self.stages[self.told])}."

    @property
    def in_months(self) -> str:
        """The same in months of the expected traffic; "" without it, and where it never pays back."""
        return months(self.even, self.a_month) if self.a_month else ""


def returned(
    tuned: Served, prompt: Served, spent: tuple[Spent, ...], others: tuple[Spent, ...], currency: str,
    a_month: float | None = None,
) -> Return:  # fmt: skip
    """`spent`: what is surely of this tuning, in the order it is added up; `others`: what led to it as well, but does
    not count in the sentence."""
    paired = tuned.prompts == prompt.prompts
    saving = costs.break_even(prompt.each, tuned.each, 0.0).saving if paired else costs.apart(prompt.each, tuned.each)
    stages, once = list[Stage](), 0.0
    for part in (*spent, *others):
        once += part.price
        stages.append(Stage(f"{'plus ' if stages else ''}{part.what}", once, costs.paid_back(saving, once)))
    return Return(tuned, prompt, saving, paired, tuple(stages), len(spent) - 1, currency, a_month)


def _saves(found: Return) -> str:
    saved, money = found.saving, found.currency
    low, high = saved.low or 0.0, saved.high or 0.0
    n = f"n = {several(saved.n, 'answer')}{'' if found.paired else ' at least of each'}"
    other = found.prompt.name
    if low == high == 0:
        return f"Each 1,000 answers cost the same as with {other} ({n})"
    if low < 0 < high or saved.value == 0:
        return (
            f"Whether each answer costs less than with {other} is not settled: 1,000 of them cost between "
            f"{amount(-low, money)} more and {amount(high, money)} less ({n})"
        )
    word, ends = ("less", (low, high)) if saved.value > 0 else ("more", (-high, -low))
    told, between = priced(Estimate(abs(saved.value), *ends, saved.n), money)
    return f"Each 1,000 answers cost about {told} {word} than with {other} ({between}, {n})"


def priced(found: Estimate, currency: str) -> tuple[str, str]:
    """A price and its interval: ("0.153 €", "0.148 to 0.158"), told so fine that the ends of the interval differ."""
    low, high = found.low or 0.0, found.high or 0.0
    if math.isclose(low, high, rel_tol=1e-6, abs_tol=1e-12):
        return amount(found.value, currency), "for each the same"
    digits = min(9, max(2, 1 - math.floor(math.log10(high - low))))
    return f"{found.value:,.{digits}f} {currency}", f"{low:,.{digits}f} to {high:,.{digits}f}"


def _comes_back(found: Return, stage: Stage) -> str:
    saved = stage.even.saving
    if stage.once == 0:
        return "tuning itself cost nothing at the prices that are set, so there is nothing to pay back"
    if saved.high is not None and saved.high <= 0:
        return f"by price alone tuning never pays back the {amount(stage.once, found.currency)} that it cost"
    if saved.low is not None and saved.low <= 0:
        soonest = f"{_about(stage.even.low)} answers" if stage.even.low is not None else "no number of answers known"
        return f"tuning may never pay back, and does so after {soonest} at the soonest"
    return f"tuning pays back after about {after(stage.even)}"


def after(even: BreakEven) -> str:
    """A break-even in answers, with its interval: "21,000 answers (18,000 to 26,000)"; "never" where it does not save;
    an open end where the saving may be none."""
    if even.requests is None:
        return "never" if even.low is None else f"never as measured, {_about(even.low)} answers at the soonest"
    high = _about(even.high) if even.high is not None else "never"
    return f"{_about(even.requests)} answers ({_about(even.low or 0.0)} to {high})"


def months(even: BreakEven, a_month: float) -> str:
    """A break-even in months of `a_month` answers each, above 0; "" where it never pays back."""
    if even.requests is None:
        return ""
    low, high = ((even.low or 0.0) / a_month, even.high / a_month if even.high is not None else None)
    upto = "never" if high is None else _months(high)
    at = f"At {several(round(a_month), 'answer')} a month"
    if high is not None and high < 1:
        return f"{at} that is within the first month."
    return f"{at} that is after about {_months(even.requests / a_month)} months ({_months(low)} to {upto})."


def _months(value: float) -> str:
    return f"{value:.1f}" if value < 10 else _about(value)


def _about(value: float) -> str:
    """A number of answers with two figures that say something; what is known no better is not told finer."""
    if value < 10:
        return f"{math.ceil(value)}"
    step = 10 ** (math.floor(math.log10(value)) - 1)
    return f"{round(value / step) * step:,.0f}"
