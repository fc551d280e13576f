"""Records said in plain words, and two texts set against each other. Pure."""

from __future__ import annotations

import difflib
import html
import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from studio.records import Check, CheckKind, Status, Task

STATUS_WORDS = {
    Status.draft: "Draft",
    Status.in_review: "In review",
    Status.approved: "Approved",
    Status.rejected: "Rejected",
}
TASK_WORDS = {Task.labels: "one label out of a few", Task.fields: "JSON with set fields", Task.text: "free text"}
_EVEN = 1e-9
"""As much as sums of fractions miss a whole number by."""
_PERCENT = re.compile(r"(?<=\d) %")
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")


def several(count: int, one: str, more: str = "") -> str:
    """A count with its noun: "1 prompt", "12 prompts". `more`: of a noun that does not just take an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def percent(share: float, beside: float | None = None) -> str:
    """A share as it is written everywhere, on a page and in a paper: 0.62 is "62 %". What is neither none nor all is
    never told as "0 %" or "100 %": 0.996 is "99.6 %". `beside`: what it is held against and told apart from: 0.977
    beside 0.98 is "97.7 %"."""
    told = _of_100(share)
    if beside is not None and abs(share - beside) > _EVEN and told == _of_100(beside):
        told = next((text for text in (f"{100 * share:.{n}f}" for n in (1, 2)) if float(text) != 100 * beside), told)
    return f"{told} %"


def between(interval: tuple[float, float]) -> str:
    """An interval of a share: "62 to 84 %"."""
    return f"{_of_100(interval[0])} to {percent(interval[1])}"


def points(difference: float) -> str:
    """A difference between two shares: 0.45 is "+45 points", and what rounds to nothing is "0 points"."""
    whole = round(100 * difference)
    return f"{whole:+d} point{'s' if abs(whole) != 1 else ''}".replace("-", "\N{MINUS SIGN}") if whole else "0 points"


def _of_100(share: float) -> str:
    points = 100 * share
    whole, near = f"{points:.0f}", f"{points:.1f}"
    if near == "-0.0":
        return "0"
    if whole not in ("-100", "-0", "0", "100") or abs(points - float(whole)) <= _EVEN:
        return whole
    if float(near) == float(whole):
        return f"over {float(near) - 0.1:.1f}" if points < float(near) else f"under {float(near) + 0.1:.1f}"
    return near


def unbroken(text: str) -> str:
    """The text with no end of a line between a number and its "%"."""
    return _PERCENT.sub("\N{NO-BREAK SPACE}%", text)


def in_html(text: str) -> str:
    """Words of the studio for a page or a printed one: escaped, and `unbroken`."""
    return unbroken(html.escape(text))


def duration(seconds: float) -> str:
    """Seconds in words: "40 seconds", "3 minutes", "1 h 20 min"."""
    if seconds < 60:
        whole = max(1, round(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{minutes // 60} h {minutes % 60} min"


def amount(value: float, currency: str) -> str:
    """A price with two figures behind the point, or as many as it takes to tell it from nothing."""
    digits = 2 if abs(value) >= 0.1 or value == 0 else min(9, 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f} {currency}"


def gigabytes(mebibytes: float) -> str:
    """MB of 2^20 bytes, as memory is counted, in GB of 10^9 bytes, as machines are sold: "3.1 GB"."""
    return f"{mebibytes * 2**20 / 1e9:.1f} GB"


def check_in_words(check: Check) -> str:
    """What a machine check asks of an output, as one sentence without its full stop."""
    phrases = [f"“{p}”" for p in check.phrases]
    pattern = f"the pattern “{check.pattern}”"
    words = {
        CheckKind.required: lambda: f"contains {any_of(phrases)}",
        CheckKind.forbidden: lambda: f"does not contain {any_of(phrases)}",
        CheckKind.pattern: lambda: f"matches {pattern}",
        CheckKind.max_words: lambda: f"has at most {check.limit:,} word{'s' * (check.limit != 1)}",
        CheckKind.repeats: lambda: (
            f"repeats whatever in the input matches {pattern}, and no other"
            + (f"; when there is none, contains “{check.otherwise}”" if check.otherwise else "")
        ),
        CheckKind.by_slice: lambda: (
            "contains the phrase of its slice and of no other: "
            + "; ".join(
                f"{name.replace('_', ' ')} {any_of([f'“{p}”' for p in accepted])}"
                for name, accepted in check.by_slice.items()
            )
        ),
        CheckKind.json_fields: lambda: (
            "is a JSON object with exactly "
            + "; ".join(f"{name} ({_allowed(values)})" for name, values in check.fields.items())
        ),
        CheckKind.equals_ideal: lambda: (
            f"has the same {all_of(list(check.phrases))} as the ideal output"
            if check.phrases
            else "is the ideal output, word for word"
        ),
        CheckKind.min_words: lambda: f"has at least {check.limit:,} word{'s' * (check.limit != 1)}",
        CheckKind.one_of: lambda: f"is nothing but {any_of(phrases)}",
        CheckKind.json_schema: lambda: f"is JSON that keeps the schema {' '.join(check.schema.split())}",
        CheckKind.max_grade: lambda: f"reads at school grade {check.limit} or below (Flesch-Kincaid, for English)",
    }
    return words[check.kind]()


def _allowed(values: Iterable[Any]) -> str:
    listed = [v if isinstance(v, str) else json.dumps(v) for v in values]
    return any_of(listed) if listed else "anything"


def any_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else "nothing"


def all_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def finding_name(key: str) -> str:
    """The key of a finding or waiver in words: "rule_broken:Short" is "rule broken (Short)"."""
    check, _, subject = key.partition(":")
    return check.replace("_", " ") + (f" ({subject.strip()})" if subject else "")


def when(at: str) -> str:
    """An ISO time in words: "3 May 2026, 14:05 UTC"."""
    return f"{day(at)}, {datetime.fromisoformat(at):%H:%M} UTC"


def day(at: str) -> str:
    """The day of an ISO time in words: "3 May 2026"."""
    moment = datetime.fromisoformat(at)
    return f"{moment.day} {moment:%b %Y}"


def compare(before: str, after: str) -> list[tuple[str, str]]:
    """The way from one text to the other by words: ("same" | "gone" | "new", text), in reading order."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    parts: list[tuple[str, str]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", "".join(old[i:j])))
            continue
        if i < j:
            parts.append(("gone", "".join(old[i:j])))
        if k < m:
            parts.append(("new", "".join(new[k:m])))
    return parts
