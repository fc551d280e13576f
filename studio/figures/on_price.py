"""What tuning cost and what it saves, once every price is set. It rests on answers and prices, on no vote."""

from __future__ import annotations

from collections.abc import Iterator

from studio import payback
from studio.evaluate.costs import Estimate
from studio.figures.figure import Figure, Material
from studio.wording import amount, several

_SECTION = "Return on it"


def figures(made: Material) -> tuple[Figure, ...]:
    """None where a price is missing, or where nothing was tuned."""
    return tuple(_of(made.card.found)) if made.card and made.card.found else ()


def _of(found: payback.Return) -> Iterator[Figure]:
    money = found.currency
    for key, side in (("tuned", found.tuned), ("prompt", found.prompt)):
        told, between = payback.priced(side.thousand, money)
        yield _figure(f"price/{key}", f"1,000 answers of {side.name}", side.thousand, money, told,
                      f"1,000 answers of {side.name} cost {told} ({between}), {side.how}.")  # fmt: skip
    yield _figure("price/saving", "Saved with each 1,000 answers", found.saving, money,
                  payback.priced(found.saving, money)[0], found.sentence)  # fmt: skip
    for place, stage in enumerate(found.stages):
        even, n = stage.even, found.saving.n
        said = f"Tuning, {stage.what} counted, cost {amount(stage.once, money)}."
        yield Figure(f"price/once/{place}", _SECTION, f"Cost of tuning: {stage.what}", stage.once, None, None, 0, money,
                     said, word=amount(stage.once, money))  # fmt: skip
        yield Figure(
            f"price/answers/{place}", _SECTION, f"Paid back after: {stage.what}", even.requests, even.low, even.high, n,
            "answers", f"{said} It has paid back after: {payback.after(even)}.", word=payback.after(even),
        )  # fmt: skip


def _figure(name: str, title: str, found: Estimate, money: str, word: str, sentence: str) -> Figure:
    between = payback.priced(found, money)[1]
    told = f"{word} ({between}, n = {several(found.n, 'answer')})"
    return Figure(name, _SECTION, title, found.value, found.low, found.high, found.n, money, sentence, word=told)
