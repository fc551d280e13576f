"""The one table of votes, in and out. Pure: the command and the pages read and write the files.

Columns: prompt, reviewer, arm_a (the candidate), arm_b, shown_left (`a`, `b` or an arm's name) and choice, seen
from arm_a. Optional: slice, shippable_a, shippable_b, gold, length_a, length_b, scripted, reason, at, kind; reasons
(why this arm, joined by |) and guess (the side taken for the tuned model's, asked afterwards), which no verdict reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.cells import guard_formula, joined, unguard_formula
from studio.records import Choice, Pair, PairKind, Refusal, Vote
from studio.review.scoring import Ballot

REQUIRED = ("prompt", "reviewer", "arm_a", "arm_b", "shown_left", "choice")
OPTIONAL = (
    "slice", "shippable_a", "shippable_b", "gold", "length_a", "length_b", "scripted", "reason", "at", "kind",
    "reasons", "guess", "seconds",
)  # fmt: skip
COLUMNS = REQUIRED + OPTIONAL


@dataclass(frozen=True)
class TableVote:
    """One row of the table, read. `gold` is the arm that must win, empty for any but a gold pair; `row` counts from 1.
    Only rows of the real kind are evidence."""

    row: int
    candidate: str
    slice: str
    gold: str
    kind: PairKind
    ballot: Ballot

    @property
    def pair(self) -> tuple[str, str]:
        return self.candidate, self.ballot.baseline


def parse_votes(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text, read with `newline=""`, as dicts for `read_votes`. Raises Refusal when it is no CSV."""
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        names = list(reader.fieldnames or ())
        rows = [dict(row) for row in reader]
    except csv.Error as problem:
        raise Refusal(f"This is not a table the studio can read as CSV ({problem}); nothing was counted.") from problem
    if repeated := [name for name, n in Counter(names).items() if n > 1]:
        raise Refusal(f"The column {repeated[0]!r} stands twice in the header; nothing was counted.")
    return rows


def read_votes(table: Sequence[Mapping[Any, Any]]) -> tuple[TableVote, ...]:
    """Every row as a vote, or a Refusal that names the row and the column: nothing unknown is guessed."""
    if not table:
        raise Refusal("The votes table is empty: it needs a header and at least one vote.")
    for missing in (name for name in REQUIRED if name not in table[0]):
        raise Refusal(f"The votes table has no column {missing!r}; it needs {', '.join(REQUIRED)}.")
    votes = tuple(_read_row(n, row) for n, row in enumerate(table, 1))
    _check_together(votes)
    return votes


def write_votes(rows: Iterable[Mapping[str, object]], beside: Sequence[str] = ()) -> str:
    """CSV text with every column, in order, to be saved with `newline=""`; what is missing becomes an empty cell.

    A cell that a spreadsheet could run as a formula gets a leading apostrophe, which `read_votes` takes off
    again. `beside`: further columns, for people; a table with them is not read again. Raises Refusal for an unknown
    column.
    """
    columns, out = (*COLUMNS, *beside), io.StringIO(newline="")
    writer = csv.writer(out)  # its line ends, CR LF, are what makes it quote a lone CR
    writer.writerow(columns)
    for n, row in enumerate(rows, 1):
        for name in row:
            if name not in columns:
                raise _refusal(n, name, "the votes table has no such column")
        writer.writerow([_guarded(row.get(name)) for name in columns])
    return out.getvalue()


def vote_row(pair: Pair, vote: Vote, names: Mapping[str, str], reviewer: str, guess: str = "") -> dict[str, object]:
    """One vote as a row. `names`: what stands on either side -> its name; `guess`: the side that this reviewer took for
    the tuned model's."""
    left, right = len(pair.left), len(pair.right)
    ours, other = (left, right) if pair.candidate_left else (right, left)
    return {
        "prompt": pair.example, "reviewer": reviewer, "arm_a": names[pair.candidate], "arm_b": names[pair.baseline],
        "shown_left": "a" if pair.candidate_left else "b", "choice": vote.choice.value, "slice": pair.slice,
        "shippable_a": vote.shippable_a, "shippable_b": vote.shippable_b,
        "gold": names[pair.candidate] if pair.kind is PairKind.gold else "", "length_a": ours, "length_b": other,
        "scripted": vote.scripted, "reason": vote.reason, "at": vote.at, "kind": pair.kind.value,
        "reasons": joined(vote.reasons), "guess": guess, "seconds": vote.seconds,
    }  # fmt: skip


def _read_row(n: int, row: Mapping[Any, Any]) -> TableVote:
    _check_shape(n, row)
    cells = {name: _text(row.get(name)) for name in COLUMNS}
    for name in REQUIRED:
        if not cells[name]:
            raise _refusal(n, name, "the cell is empty")
    kind = _kind(n, cells)
    if cells["arm_a"] == cells["arm_b"] and kind is not PairKind.sentinel:
        raise _refusal(n, "arm_b", f"{cells['arm_b']!r} is compared with itself")
    if cells["choice"] not in set(Choice):
        raise _refusal(n, "choice", f"{cells['choice']!r} is not one of {', '.join(Choice)}")
    if cells["gold"] not in ("", cells["arm_a"], cells["arm_b"]):
        raise _refusal(n, "gold", f"{cells['gold']!r} is neither of the row's arms")
    if cells["guess"] not in ("", "left", "right", "none"):
        raise _refusal(n, "guess", f"{cells['guess']!r} is not left, right or none")
    for name in ("length_a", "length_b"):
        if cells[name] and not re.fullmatch("[0-9]{1,9}", cells[name]):
            raise _refusal(n, name, f"{cells[name]!r} is not a whole number")
    if cells["seconds"] and not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", cells["seconds"]):
        raise _refusal(n, "seconds", f"{cells['seconds']!r} is not a number of seconds")
    ballot = Ballot(
        prompt=cells["prompt"],
        baseline=cells["arm_b"],
        reviewer=cells["reviewer"],
        choice=Choice(cells["choice"]),
        candidate_left=_candidate_left(n, cells),
        shippable_a=_yes_no(n, "shippable_a", cells),
        shippable_b=_yes_no(n, "shippable_b", cells),
        scripted=bool(_yes_no(n, "scripted", cells)),
        length_a=int(cells["length_a"]) if cells["length_a"] else None,
        length_b=int(cells["length_b"]) if cells["length_b"] else None,
    )
    return TableVote(n, cells["arm_a"], cells["slice"], cells["gold"], kind, ballot)


def _check_shape(n: int, row: Mapping[Any, Any]) -> None:
    for name, value in row.items():
        if name not in COLUMNS:
            told = "the row has more cells than the header" if name is None else "the votes table has no such column"
            raise _refusal(n, "(none)" if name is None else str(name), told)
        if value is None and name in REQUIRED:
            raise _refusal(n, name, "the row has fewer cells than the header")


def _kind(n: int, cells: Mapping[str, str]) -> PairKind:
    told = cells["kind"] or (PairKind.gold if cells["gold"] else PairKind.real)
    if told not in set(PairKind):
        raise _refusal(n, "kind", f"{told!r} is not one of {', '.join(PairKind)}")
    if (told == PairKind.gold) != bool(cells["gold"]):
        raise _refusal(n, "gold", "a gold pair, and no other, names the arm that must win")
    return PairKind(told)


def _candidate_left(n: int, cells: Mapping[str, str]) -> bool:
    side = cells["shown_left"]
    readings = set()
    if side in (cells["arm_a"], cells["arm_b"]) and cells["arm_a"] != cells["arm_b"]:
        readings.add(side == cells["arm_a"])
    if side in ("a", "b"):
        readings.add(side == "a")
    if len(readings) != 1:
        why = "could mean either side" if readings else f"is not a, b, {cells['arm_a']!r} or {cells['arm_b']!r}"
        raise _refusal(n, "shown_left", f"{side!r} {why}")
    return readings.pop()


def _yes_no(n: int, name: str, cells: Mapping[str, str]) -> bool | None:
    if cells[name] not in ("", "yes", "no"):
        raise _refusal(n, name, f"{cells[name]!r} is not yes or no")
    return None if not cells[name] else cells[name] == "yes"


def _check_together(votes: Sequence[TableVote]) -> None:
    """What only shows across rows: a second vote, a pair told both ways round, a prompt in two slices."""
    cast: dict[tuple[str, frozenset[str], str, PairKind], int] = {}
    pairs: dict[tuple[str, str], int] = {}
    slices: dict[str, TableVote] = {}
    for vote in votes:
        prompt, reviewer = vote.ballot.prompt, vote.ballot.reviewer
        key = (prompt, frozenset(vote.pair), reviewer, vote.kind)
        if key in cast:
            told = f"{reviewer!r} already voted on prompt {prompt!r} and these arms in row {cast[key]}"
            raise _refusal(vote.row, "reviewer", told)
        cast[key] = vote.row
        if vote.kind is not PairKind.real:
            continue
        pairs.setdefault(vote.pair, vote.row)
        if (other := pairs.get(vote.pair[::-1])) is not None:
            told = f"{vote.candidate!r} is the candidate here and the baseline in row {other}; keep one way round"
            raise _refusal(vote.row, "arm_a", told)
        first = slices.setdefault(prompt, vote)
        if first.slice != vote.slice:
            told = f"prompt {prompt!r} is in slice {first.slice!r} in row {first.row} and in {vote.slice!r} here"
            raise _refusal(vote.row, "slice", told)


def _refusal(row: int, column: str, what: str) -> Refusal:
    return Refusal(f"Row {row} below the header, column {column}: {what}. No vote was counted.")


def _text(value: object) -> str:
    """A cell as text: no surrounding blanks, no guard against formulas; True and False as yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return unguard_formula(str(value)).strip()


def _guarded(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return guard_formula(value) if isinstance(value, str) else str(value)
