"""Cells of a CSV file that no spreadsheet may run: one rule for examples and votes, out and in. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence

# A spreadsheet runs a cell that starts like this as a formula (OWASP, "CSV Injection", with the
# full-width forms). The guard puts one apostrophe before it, also before text that already has some,
# so that taking one off again is exact.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guard_formula(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs. Exactly undone by `unguard_formula`."""
    return "'" + text if _FORMULA.match(text) else text


def unguard_formula(text: str) -> str:
    """Takes one apostrophe off when apostrophes stand before = + - @ tab or a line break; else the text as it is."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def joined(words: Sequence[str]) -> str:
    """Joined by |; as a JSON list when a word's own text would make that ambiguous."""
    joined = "|".join(words)
    plain = all(w and w == w.strip() and "|" not in w for w in words) and not joined.startswith("[")
    return joined if plain else json.dumps(list(words), ensure_ascii=False)


def csv_table(rows: Iterable[Sequence[str | float | None]]) -> bytes:
    """A CSV file, its head the first of the rows: UTF-8 with its mark, so that spreadsheets show accents; texts
    guarded, numbers in full, None as an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([guard_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")
