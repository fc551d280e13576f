"""The rows behind a figure: from any figure of the Decision page one click leads here. `link` is what a section puts
where it shows an n; the rows are made only once somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape

import streamlit as st

from studio import decided, figures, signing
from studio.cells import csv_table
from studio.decision import GateState
from studio.figures import Figure, Material, Row, table
from studio.figures.figure import figure_id
from studio.records import Pair, PairKind, Round, Verdict
from studio.review import gold
from studio.review.votes_table import vote_row, write_votes
from studio.store import Store
from studio.store import people as people_rows
from studio.ui import answers, blocks, earlier_parts, frame, pairs_parts
from studio.ui.access import Visit

_PAGE = 50
_ROWS, _PAIR, _ALL = "rows", "pair", "all"  # in the address; no figure is called "all"


def link(visit: Visit, text: str, *parts: str) -> blocks.Link:
    """`text` as a link to the rows behind a figure; `parts` make its id: "preference", candidate, baseline, "theta"."""
    return named(visit, text, figure_id(*parts))


def count(visit: Visit, n: int, *parts: str) -> blocks.Cell:
    """A count as such a link; nothing stands behind 0."""
    return link(visit, f"{n:,}", *parts) if n else "0"


def named(visit: Visit, text: str, name: str) -> blocks.Link:
    """The same for a figure whose id is known."""
    return blocks.Link(text, _address(visit, name), "the rows behind it")


def _address(visit: Visit, name: str = "", pair: str = "") -> str:
    return earlier_parts.address(visit, {_ROWS: name, _PAIR: pair})


def _back(visit: Visit, label: str, name: str = "") -> None:
    """A plain link: Streamlit's own, from a page to itself, would leave the old address in the browser."""
    st.html(f'<p><a class="ys-way" href="{escape(_address(visit, name))}">← {label}</a></p>')


def instead(visit: Visit, found: Round | None) -> None:
    """Where the address asks for the rows behind a figure, shows them in the page's place, and ends the page."""
    name = st.query_params.get(_ROWS)
    if not name or found is None or found.state != "closed":
        return
    labels = _labels(visit.store, found)
    if marks := [*earlier_parts.marks(visit, found), *labels]:
        st.html(f'<div class="yr-labels">{"".join(f"<span>{label}</span>" for label in marks)}</div>')
    if name == _ALL:
        _every(visit, found)
        st.stop()
    shown = visit.store.once(("rows", found.id, name), lambda: _behind(visit.store, found, name))
    pair = st.query_params.get(_PAIR)
    if shown is None:
        frame.empty("There is no such figure", "It is not among those of this round. Go back and choose again.")
        _back(visit, "Back to the decision")
    elif pair:
        _one(visit, found, name, pair)
    else:
        _show(visit, shown, _file_name("rows", found, labels))
    st.stop()


def _labels(store: Store, found: Round) -> list[str]:
    """What must be said of such votes."""
    told = table.about(figures.material(store, found), store.head).labels
    return told.split(", ") if told else []


def _file_name(what: str, found: Round, labels: Sequence[str]) -> str:
    return "-".join([what, *(label.split()[0].lower() for label in labels), found.id])


@dataclass(frozen=True)
class _Shown:
    """A figure with its rows as they are shown under `heads`, each with its pair's id, and as a file. `between`: whom
    its rows compare, where that is the same in all; `evidence`: what a gate found, in words."""

    figure: Figure
    summed_up: str
    between: str
    heads: tuple[str, ...]
    pairs: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    csv: bytes
    evidence: tuple[str, ...] = ()


def _behind(store: Store, found: Round, name: str) -> _Shown | None:
    made = figures.material(store, found)
    figure = figures.named(figures.listed(made), name)
    if figure is None:
        return None
    told = _answers(made, figure) if answers_behind(figure) else _votes(made, figure, people_rows.names_apart(store))
    found_by = {figure_id("gates", gate.name): gate.evidence for gate in made.told.ruling.gates}
    return replace(told, evidence=found_by.get(name, ()))


def answers_behind(figure: Figure) -> bool:
    """Whether a figure is made from answers, not from votes."""
    return figure.behind is not None and figure.behind.basis in figures.OF_ANSWERS


def _votes(made: Material, figure: Figure, who: dict[str, str]) -> _Shown:
    rows, names = figures.rows_of(made, figure), {**gold.NAMES, **signing.names(made.found)}
    arms = tuple(dict.fromkeys(f"{names[row.pair.candidate]} and {names[row.pair.baseline]}" for row in rows))
    return _Shown(
        figure, figures.summed_up(figure, rows), arms[0] if len(arms) == 1 else "",
        ("Pair", "Said", "Counts as", "Reviewer", "Kind of input", *(("Between",) if len(arms) > 1 else ())),
        tuple(row.pair.id for row in rows), tuple(_told(row, names, who, len(arms) > 1) for row in rows),
        _csv(made, rows, who),
    )  # fmt: skip


def _answers(made: Material, figure: Figure) -> _Shown:
    """What a gate found in each answer; each leads to the first pair that the answer stands in."""
    answers, arm = figures.answers_of(made, figure), figure.behind.candidate if figure.behind else ""
    pair_of: dict[str, Pair] = {}
    for pair in made.pairs:
        if pair.kind is PairKind.real and arm in ("", pair.candidate, pair.baseline):
            pair_of.setdefault(pair.example, pair)
    told = [(pair_of.get(each.prompt), each) for each in answers]
    told.sort(key=lambda both: (not both[1].against, both[0].position if both[0] else 0))
    rows = tuple(
        (f"Pair {p.position + 1}" if p else "in no pair", e.told, p.slice.replace("_", " ") if p else "")
        for p, e in told
    )
    lines = [(e.prompt, p.id if p else "", e.told, "yes" if e.against else "no", e.value) for p, e in told]
    return _Shown(
        figure, blocks.several(len(answers), "answer"), signing.names(made.found).get(arm, ""),
        ("Pair with the answer", "Found", "Kind of input"), tuple(p.id if p else "" for p, _ in told), rows,
        csv_table([("prompt", "pair", "found", "against", "value"), *lines]),
    )  # fmt: skip


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
        # Without the lengths: by them whoever votes on these prompts later could tell whose an answer is.
        | {"pair": row.pair.id, "counts_as": row.counts_as, "length_a": None, "length_b": None}
        for row in rows
    ]
    return write_votes(table, beside=("pair", "counts_as")).encode("utf-8-sig")


def _show(visit: Visit, shown: _Shown, file: str) -> None:
    figure = shown.figure
    _back(visit, "Back to the decision")
    blocks.section("The rows behind it", f"{figure.section} · {figure.name}")
    blocks.lead(figure.sentence)
    compared = {"Of" if answers_behind(figure) else "Between": shown.between} if shown.between else {}
    made = {"Made from": shown.summed_up} if shown.rows else {}
    blocks.facts({"The figure": in_words(figure), **made, **compared})
    if not shown.rows:
        blocks.bullets(shown.evidence)
        blocks.note("No vote went into it." if figure.behind else "It rests on no single votes or answers, but on what "
                    "it says.")  # fmt: skip
        return
    pages = -(-len(shown.rows) // _PAGE)
    page = st.pagination(pages, key="rows-page") if pages > 1 else 1
    part = slice((page - 1) * _PAGE, page * _PAGE)
    blocks.table(
        shown.heads,
        [
            [blocks.Link(cells[0], _address(visit, figure.id, pair), "read it, with its votes") if pair else cells[0],
             *cells[1:]]
            for pair, cells in zip(shown.pairs[part], shown.rows[part], strict=True)
        ],
        f"{shown.summed_up}, {'what speaks against it first' if answers_behind(figure) else 'in the registered order'}",
    )  # fmt: skip
    st.download_button(
        f"Download these {blocks.several(len(shown.rows), 'row')} (CSV)", shown.csv, f"{file}.csv", "text/csv",
        key="rows-csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _one(visit: Visit, found: Round, name: str, pair: str) -> None:
    _back(visit, "Back to the rows", name)
    blocks.section("One pair with its votes")
    pairs_parts.one(visit, found, pair)


# -- all of them -----------------------------------------------------------------------------------


def take_away(visit: Visit, found: Round, marks: Sequence[str]) -> None:
    """Every figure of the page: to look through, and as a file. `marks`: what must be said of such votes."""
    blocks.section(
        "Every figure",
        "What this page says in numbers, of every candidate: with intervals, n, the hash of the registration and "
        "the head of the record.",
    )
    st.html(f'<p class="ys-plain">{named(visit, "Look through them", _ALL).html}</p>')
    name = _file_name("figures", found, marks)
    with st.container(horizontal=True, gap="small"):
        for form, label in (("csv", "CSV"), ("parquet", "Parquet")):
            st.download_button(
                f"Download every figure ({label})", answers.unless_held_back(visit, _file(visit.store, found, form)),
                f"{name}.{form}",
                key=f"decision-figures-{form}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def _file(store: Store, found: Round, form: str) -> Callable[[], bytes]:
    """Its bytes, made when somebody asks for them."""

    def made() -> bytes:
        behind = figures.material(store, found)
        return table.FORMATS[form](figures.listed(behind), table.about(behind, store.head))

    return made


def _every(visit: Visit, found: Round) -> None:
    listed = figures.of_round(visit.store, found)
    _back(visit, "Back to the decision")
    blocks.section("Every figure", f"{blocks.several(len(listed), 'figure')}, in the order of the page.")
    sections = list(dict.fromkeys(each.section for each in listed))
    wanted = st.selectbox("Part", ["", *sections], key="rows-section", format_func=lambda name: name or "All")
    listed = tuple(each for each in listed if wanted in ("", each.section))
    pages = -(-len(listed) // _PAGE)
    page = st.pagination(pages, key="rows-every-page") if pages > 1 else 1
    blocks.table(
        ["Figure", "Value", "Rests on", "Part"],
        [
            [each.name, in_words(each), _rests(visit, each), each.section]
            for each in listed[(page - 1) * _PAGE : page * _PAGE]
        ],
        "Every figure, with what it rests on",
    )


def _rests(visit: Visit, figure: Figure) -> blocks.Cell:
    told = blocks.several(figure.n, figure.counts, "guesses" if figure.counts == "guess" else "")
    if figure.behind is None:
        return told if figure.n else named(visit, "what was found", figure.id)
    return named(visit, told, figure.id) if figure.n else told


_COUNTS = ("votes", "prompts", "gates", "readings", "answers")
"""Units in which a value is a whole number."""


_UNITS = ("share", "to 1", "p", "coefficient", "s", *_COUNTS)


def in_words(figure: Figure) -> str:
    """A figure's value with its interval, as it is said: "67 % (95 % interval 35 to 88 %)"; a gate's state and the
    verdict in the words of the page."""
    if figure.unit == "state":
        return decided.in_words(GateState(figure.word))
    if figure.unit == "verdict":
        return decided.said(Verdict(figure.word), ())
    if figure.value is None or (figure.word and figure.unit not in _UNITS):
        return figure.word or "unknown"  # money has its own words
    low, high = figure.low, figure.high
    if figure.unit == "share":
        between = "" if low is None or high is None else blocks.between((low, high))
        value = blocks.percent(figure.value)
    else:
        between = "" if low is None or high is None else f"{_number(low, figure)} to {_number(high, figure)}"
        value = _number(figure.value, figure)
        value = {"p": f"p = {value}", "coefficient": value}.get(figure.unit, f"{value} {figure.unit}")
    return f"{value} (95 % interval {between})" if between else value


def _number(value: float, figure: Figure) -> str:
    digits = {"p": ".4f", "coefficient": ".2f", "to 1": ",.1f", "s": ".3g"}
    return f"{value:{digits.get(figure.unit, ',.0f' if figure.unit in _COUNTS else ',.4g')}}"
