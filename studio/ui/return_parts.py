"""The Decision page's card "Return on it": what tuning cost, what it saves, when it has paid back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import payback, returns
from studio.payback import Return, Served
from studio.records import Round
from studio.returns import Account
from studio.review.assessment import Assessment
from studio.ui import blocks, price_parts, rows_parts
from studio.ui.access import Visit
from studio.wording import amount


def show(
    visit: Visit, found: Round, assessed: Assessment, marks: Sequence[str], *, set_prices: bool = True
) -> None:  # fmt: skip
    """The sentence, both sides of it, and with `set_prices` the fields in which its prices are set. Closed rounds
    only."""
    told = returns.of_round(visit.store, found, assessed)
    if told is None:
        return
    blocks.section(
        "Return on it",
        f"What tuning cost once, and what each answer of {told.candidate} costs beside {told.against}. Price only; how "
        "good the answers are stands above.",
    )
    if not told.tuned:
        blocks.plain(f"{told.candidate} was not tuned, so there is no training that would have to pay back.")
        return
    if told.found is not None:
        _card(visit, told.found, marks)
    else:
        blocks.plain("It cannot be told yet. What is missing:")
        blocks.bullets([each.what[:1].upper() + each.what[1:] for each in told.lacking])
    _left_out(told)
    if set_prices:
        _fields(visit, told)


def _card(visit: Visit, found: Return, marks: Sequence[str]) -> None:
    blocks.lead(found.sentence)
    if found.in_months:
        blocks.plain(found.in_months)
    blocks.facts({f"1,000 answers of {each.name}": _served(each, found) for each in (found.tuned, found.prompt)})
    links = [rows_parts.link(visit, f"of {each.name}", "price", arm).html
             for arm, each in (("tuned", found.tuned), ("prompt", found.prompt))]  # fmt: skip
    saved = rows_parts.link(visit, "what each saves", "price", "saving").html
    st.html(f'<p class="ys-note ys-measure">See the answers with their prices, {", ".join(links)}, and {saved}</p>')
    rows = [
        [stage.what[:1].upper() + stage.what[1:], amount(stage.once, found.currency), payback.after(stage.even)]
        for stage in found.stages
    ]
    caption = "Tuning, from the least to all that is known of its cost" + (
        f" ({', '.join(marks).lower()})" * bool(marks)
    )
    blocks.table(["What is counted", "together", "paid back after (95 % interval)"], rows, caption)


def _served(each: Served, found: Return) -> str:
    (told, between), pieces = payback.priced(each.thousand, found.currency), ""
    if each.read is not None and each.written is not None:
        pieces = (
            f"; {each.read.value:,.0f} word pieces (tokens) read and {each.written.value:,.0f} written each "
            f"({each.written.low:,.0f} to {each.written.high:,.0f})"
        )
    return f"{told} ({between}, n = {each.thousand.n:,}), {each.how}{pieces}"


def _left_out(told: Account) -> None:
    out = [*told.left_out, *returns.NOT_COUNTED]
    blocks.note(f"Not counted: {'; '.join(out)}.")


def _fields(visit: Visit, told: Account) -> None:
    if not visit.may_edit:
        return
    offered = {(each.kind, each.about): each for each in told.offered}
    with st.container(horizontal=True, key="return-prices"):
        for each in offered.values():
            if each.kind == "tokens":
                price_parts.tokens(visit, each.about, each.title, "return-tokens")
            else:
                price_parts.hour(visit, each.about, "return-hour", f"Price of an hour, {each.title}")
        price_parts.expected(visit, "return-expected")
