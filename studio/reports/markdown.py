"""Pieces of Markdown that the papers are made of, safe for any text that people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NOT_WRITTEN = "Not written yet."
_MARKED = re.compile(r"([\\`*_\[\]<>|#~])")
_MOST_LISTED = 40


def plain(text: str) -> str:
    """A text that people wrote, on one line and with nothing in it that Markdown or HTML acts on."""
    return _MARKED.sub(r"\\\1", " ".join(text.split()))


def written(text: str) -> str:
    """A text that people wrote, line by line; where there is none, that it is not written yet."""
    lines = [plain(line) for line in text.splitlines() if line.strip()]
    return "  \n".join(lines) or NOT_WRITTEN


def bullets(sentences: Iterable[str]) -> list[str]:
    """One part of a section: a list; no part for no sentence."""
    return ["\n".join(f"- {each}" for each in listed)] if (listed := list(sentences)) else []


def code(text: str) -> str:
    """A part that is to be copied as it is: a command, a system text. No text in it can end it early."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def counts(head: str, count: str, counted: Sequence[tuple[str, int]]) -> list[str]:
    """A table of what was counted, the rest of a long one in a row of its own; no part for nothing."""
    lines = [(name, f"{n:,}") for name, n in counted[:_MOST_LISTED]]
    rest = counted[_MOST_LISTED:]
    lines += [(f"and {len(rest):,} more", f"{sum(n for _, n in rest):,}")] if rest else []
    return table([head, count], lines)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], figures: int | None = None) -> list[str]:
    """A table, every cell made safe; no part for no row. `figures`: how many columns from the right hold figures (all
    but the first)."""
    if not rows:
        return []
    right = len(heads) - 1 if figures is None else figures
    rule = ["---"] * (len(heads) - right) + ["---:"] * right
    lines = [_row(heads), f"|{'|'.join(rule)}|", *(_row([plain(cell) for cell in row]) for row in rows)]
    return ["\n".join(lines)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def document(sections: Iterable[Sequence[str]]) -> str:
    """Sections of parts, an empty line between any two parts; a section without any is left out."""
    return "\n\n".join(part for section in sections for part in section) + "\n"
