"""The return on tuning: what 1,000 answers cost, what they save, what tuning cost and when that has come back."""

from __future__ import annotations

from collections.abc import Iterator

from studio import payback
from studio.beside_votes import Answer
from studio.evaluate.costs import Estimate
from studio.figures.figure import Basis, Behind, Figure
from studio.payback import Return, Served
from studio.wording import amount

_SECTION = "Return on it"


def figures(found: Return | None) -> tuple[Figure, ...]:
    """None where nothing was tuned or a price is missing."""
    return tuple(_figures(found)) if found else ()


def _figures(found: Return) -> Iterator[Figure]:
    for arm, served in (("tuned", found.tuned), ("prompt", found.prompt)):
        yield _priced(f"return/served/{arm}", f"1,000 answers of {served.name}", served.thousand, found, arm)
    yield _priced(
        "return/saving", f"1,000 answers cost less than with {found.prompt.name}", found.saving, found, "saving"
    )
    for place, stage in enumerate(found.stages):
        once = amount(stage.once, found.currency)
        yield Figure(f"return/cost/{place}", _SECTION, f"Tuning, {stage.what}", stage.once, None, None, 0,
                     found.currency, f"Tuning cost {once} in all: {stage.what}.")  # fmt: skip
        even = stage.even
        told = f"Tuning, {stage.what}: paid back after {payback.after(even)}."
        yield Figure(f"return/even/{place}", _SECTION, f"Paid back, {stage.what}", even.requests, even.low, even.high,
                     found.saving.n, "answers", told, "answer", behind=_behind("saving"))  # fmt: skip


def _priced(name: str, title: str, told: Estimate, found: Return, arm: str) -> Figure:
    value, between = payback.priced(told, found.currency)
    sentence = f"{title}: {value} ({between}, n = {told.n})."
    return Figure(name, _SECTION, title, told.value, told.low, told.high, told.n, found.currency, sentence, "answer",
                  behind=_behind(arm))  # fmt: skip


def _behind(arm: str) -> Behind:
    return Behind(Basis.priced, arm=arm)


def answers(found: Return, behind: Behind) -> Iterator[Answer]:
    """The price of each answer of one arm; for the saving, what each answer saves or, where the two did not answer the
    same prompts, those of the arm with fewer."""
    if behind.arm == "saving" and found.paired:
        for prompt, ours, other in zip(found.tuned.prompts, found.tuned.each, found.prompt.each, strict=True):
            less = other - ours
            yield Answer(prompt, f"{amount(ours, found.currency)}, not {amount(other, found.currency)}", less < 0, less)
        return
    fewer = min((found.tuned, found.prompt), key=lambda served: len(served.each))
    served: Served = {"tuned": found.tuned, "prompt": found.prompt}.get(behind.arm, fewer)
    for prompt, price in zip(served.prompts, served.each, strict=True):
        yield Answer(prompt, amount(price, found.currency), False, price)
