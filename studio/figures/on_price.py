"""What tuning cost and what it saves, once every price is set. It rests on answers and prices, on no vote."""

from __future__ import annotations

from collections.abc import Iterator

from studio import payback
from studio.beside_votes import Answer
from studio.evaluate.costs import Estimate
from studio.figures.figure import Basis, Behind, Figure, Material
from studio.payback import Return, Served
from studio.wording import amount, several

_SECTION = "Return on it"


def figures(made: Material) -> tuple[Figure, ...]:
    """None where a price is missing, or where nothing was tuned."""
    return listed(made.card.found) if made.card and made.card.found else ()


def listed(found: Return) -> tuple[Figure, ...]:
    """Those of one card."""
    return tuple(_of(found))


def _of(found: Return) -> Iterator[Figure]:
    money = found.currency
    for key, side in (("tuned", found.tuned), ("prompt", found.prompt)):
        told, between = payback.priced(side.thousand, money)
        yield _figure(key, f"1,000 answers of {side.name}", side.thousand, money, told,
                      f"1,000 answers of {side.name} cost {told} ({between}), {side.how}.")  # fmt: skip
    yield _figure("saving", "Saved with each 1,000 answers", found.saving, money,
                  payback.priced(found.saving, money)[0], found.sentence)  # fmt: skip
    for place, stage in enumerate(found.stages):
        even, n = stage.even, found.saving.n
        said = f"Tuning, {stage.what} counted, cost {amount(stage.once, money)}."
        yield Figure(f"price/once/{place}", _SECTION, f"Cost of tuning: {stage.what}", stage.once, None, None, 0, money,
                     said, word=amount(stage.once, money))  # fmt: skip
        yield Figure(
            f"price/answers/{place}", _SECTION, f"Paid back after: {stage.what}", even.requests, even.low, even.high, n,
            "answers", f"{said} It has paid back after: {payback.after(even)}.", "answer", payback.after(even),
            _behind("saving"),
        )  # fmt: skip


def _figure(arm: str, title: str, found: Estimate, money: str, word: str, sentence: str) -> Figure:
    between = payback.priced(found, money)[1]
    told = f"{word} ({between}, n = {several(found.n, 'answer')})"
    return Figure(f"price/{arm}", _SECTION, title, found.value, found.low, found.high, found.n, money, sentence,
                  "answer", told, _behind(arm))  # fmt: skip


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
