"""The rows behind a figure: from any figure of the Decision page one click leads here. `link` is what a section puts
where it shows an n; the rows are made only once somebody asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from studio import figures, signing
from studio.figures import Figure, Material, Row
from studio.figures.figure import figure_id
from studio.records import PairKind, Round
from studio.review import gold
from studio.review.votes_table import vote_row, write_votes
from studio.store import Store
from studio.store import people as people_rows
from studio.ui import blocks, frame, pairs_parts
from studio.ui.access import Visit

_PAGE = 50
_ROWS, _PAIR = "rows", "pair"  # in the address


def link(visit: Visit, text: str, *parts: str) -> blocks.Link:
    """`text` as a link to the rows behind a figure; `parts` make its id: "preference", candidate, baseline, "theta"."""
    return named(visit, text, figure_id(*parts))


def count(visit: Visit, n: int, *parts: str) -> blocks.Cell:
    """A count as such a link; nothing stands behind 0."""
    return link(visit, f"{n:,}", *parts) if n else "0"


def named(visit: Visit, text: str, name: str) -> blocks.Link:
    """The same for a figure whose id is known."""
    return blocks.Link(text, _address(visit, name), "the rows behind it")


def _address(visit: Visit, name: str, pair: str = "") -> str:
    return "?" + urlencode({"project": visit.project_id, _ROWS: name, **({_PAIR: pair} if pair else {})})


def instead(visit: Visit, found: Round | None) -> None:
    """Where the address asks for the rows behind a figure, shows them in the page's place, and ends the page."""
    name = st.query_params.get(_ROWS)
    if not name or found is None or found.state != "closed":
        return
    shown = visit.store.once(("rows", found.id, name), lambda: _behind(visit.store, found, name))
    pair = st.query_params.get(_PAIR)
    if shown is None:
        frame.empty("There is no such figure", "It is not among those of the newest round. Go back and choose again.")
        blocks.way_back(visit, "decision", "Back to the decision", "rows-back")
    elif pair:
        _one(visit, found, name, pair)
    else:
        _show(visit, found, shown)
    st.stop()


@dataclass(frozen=True)
class _Shown:
    """A figure with its rows as they are shown, each with its pair's id, and as a file. `arms`: those that its rows
    compare."""

    figure: Figure
    summed_up: str
    arms: tuple[str, ...]
    pairs: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    csv: bytes


def _behind(store: Store, found: Round, name: str) -> _Shown | None:
    made = figures.material(store, found)
    figure = figures.named(figures.listed(made), name)
    if figure is None:
        return None
    rows, who = figures.rows_of(made, figure), people_rows.names_apart(store)
    pairs = tuple(row.pair.id for row in rows)
    names = {**gold.NAMES, **signing.names(found)}
    arms = tuple(dict.fromkeys(f"{names[row.pair.candidate]} and {names[row.pair.baseline]}" for row in rows))
    told = tuple(_told(row, names, who, len(arms) > 1) for row in rows)
    return _Shown(figure, figures.summed_up(figure, rows), arms, pairs, told, _csv(made, rows, who))


def _told(row: Row, names: dict[str, str], who: dict[str, str], several: bool) -> tuple[str, ...]:
    """`several`: whether the rows are of more than two arms, so that each must say its own."""
    arms = {"candidate": names[row.pair.candidate], "baseline": names[row.pair.baseline]}
    said = f"took the {row.guess} for the tuned one’s" if row.guess else pairs_parts.said(row.vote.choice, **arms)
    return (
        _called(row), said, arms.get(row.counts_as, row.counts_as), who.get(row.vote.reviewer, row.vote.reviewer),
        row.pair.slice.replace("_", " ") or "none", *([" and ".join(arms.values())] if several else []),
    )  # fmt: skip


def _called(row: Row) -> str:
    kind = "" if row.pair.kind is PairKind.real else f", {row.pair.kind.value}"
    return f"Pair {row.pair.position + 1}{kind}"


def _csv(made: Material, rows: tuple[Row, ...], who: dict[str, str]) -> bytes:
    names = {**gold.NAMES, **signing.names(made.found)}
    table = [
        vote_row(row.pair, row.vote, names, who.get(row.vote.reviewer, row.vote.reviewer), row.guess)
        | {"pair": row.pair.id, "counts_as": row.counts_as}
        for row in rows
    ]
    return write_votes(table, beside=("pair", "counts_as")).encode("utf-8-sig")


def _show(visit: Visit, found: Round, shown: _Shown) -> None:
    figure = shown.figure
    blocks.way_back(visit, "decision", "Back to the decision", "rows-back")
    blocks.section("The rows behind it", f"{figure.section}. {figure.name}.")
    blocks.lead(figure.sentence)
    compared = {"Between": shown.arms[0]} if len(shown.arms) == 1 else {}
    blocks.facts({"The figure": in_words(figure), "Made from": shown.summed_up, **compared})
    if not shown.rows:
        blocks.note("No vote went into it." if figure.behind else "It rests on no vote of the round: its sentence says "
                    "on what it rests.")  # fmt: skip
        return
    pages = -(-len(shown.rows) // _PAGE)
    page = st.pagination(pages, key="rows-page") if pages > 1 else 1
    part = slice((page - 1) * _PAGE, page * _PAGE)
    blocks.table(
        ["Pair", "Said", "Counts as", "Reviewer", "Kind of input", *(["Between"] if len(shown.arms) > 1 else [])],
        [
            [blocks.Link(cells[0], _address(visit, figure.id, pair), f"read it, with the votes, {cells[3]}’s too"),
             *cells[1:]]
            for pair, cells in zip(shown.pairs[part], shown.rows[part], strict=True)
        ],
        f"{shown.summed_up}, in the registered order",
    )  # fmt: skip
    st.download_button(
        f"Download these {blocks.several(len(shown.rows), 'row')} (CSV)", shown.csv, f"rows-{found.id}.csv", "text/csv",
        key="rows-csv", icon=":material/download:", on_click="ignore",
        help="The votes table, with each row's pair and what it counts as.",
    )  # fmt: skip


def _one(visit: Visit, found: Round, name: str, pair: str) -> None:
    blocks.way_back(visit, "decision", "Back to the rows", "rows-back", rows=name)
    blocks.section("One pair with its votes")
    pairs_parts.one(visit, found, pair)


def in_words(figure: Figure) -> str:
    """A figure's value with its interval, as it is said: "67 % (95 % interval 35 to 88 %)"."""
    if figure.value is None:
        return figure.word or "unknown"
    value = {
        "share": blocks.percent(figure.value), "to 1": f"{figure.value:,.1f} to 1", "p": f"p = {figure.value:.4f}",
        "coefficient": f"{figure.value:.2f}",
    }.get(figure.unit, f"{figure.value:,.0f}")  # fmt: skip
    if figure.low is None or figure.high is None:
        return value
    return f"{value} (95 % interval {blocks.between((figure.low, figure.high))})"
