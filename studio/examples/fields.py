"""One value of a record as what it stands for: a sound text, a list of words, a date, a status. Pure."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import json
import re
from typing import TypeVar

from studio.examples.turns import Unreadable

E = TypeVar("E", bound=enum.StrEnum)

_DAMAGED = (
    (re.compile("\x00"), "holds a NUL byte"),
    (re.compile("[\ud800-\udfff]"), "holds bytes that are not valid text"),
    (re.compile("�"), "holds the sign for a lost character (�), so it was damaged before"),
    (re.compile("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"), "holds control characters that are not text"),
)
_ANY_DAMAGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff�]")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|\+00:00)?$")


def sound(text: str, where: str, longest: int) -> str:
    """The text, when it is undamaged and has at most `longest` characters. Raises Unreadable."""
    if len(text) > longest:
        raise Unreadable(f'"{where}" is longer than {longest:,} characters')
    if _ANY_DAMAGE.search(text):
        reason = next(reason for pattern, reason in _DAMAGED if pattern.search(text))
        raise Unreadable(f'"{where}" {reason}')
    return text


def plain(value: object, where: str) -> str:
    """A value that is not text as text. Raises Unreadable for bytes and other things without one plain form."""
    if value is None or value != value:  # a missing cell, or NaN, its form in Parquet files written by pandas
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as wrong:
            raise Unreadable(f'"{where}" holds something that has no form as text') from wrong
    raise Unreadable(f'"{where}" holds something that is not text ({type(value).__name__})')


def words(value: object, what: str) -> tuple[str, ...]:
    """A list of words: a list, a JSON list as text, or words parted by |. Raises Unreadable."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as wrong:
            raise Unreadable(f"the {what} are not a valid list") from wrong
    elif isinstance(value, str):
        value = [word.strip() for word in value.split("|") if word.strip()]
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Unreadable(f"the {what} are not a list of texts")
    return tuple(value)


def one_of(kind: type[E], text: str, what: str) -> E | None:
    """The member `text` names, None when it is empty. Raises Unreadable for any other word."""
    text = text.strip()
    if not text:
        return None
    found = _members(kind).get(text.casefold())
    if found is None:
        named = list(_members(kind))
        raise Unreadable(f'the {what} "{text[:40]}" is none of {", ".join(named[:-1])} and {named[-1]}')
    return found


@functools.cache
def _members(kind: type[E]) -> dict[str, E]:
    return {member.value: member for member in kind}


def day(text: str, what: str) -> str:
    """A date as YYYY-MM-DD, "" when there is none. Raises Unreadable for anything else, a time of day included."""
    text = _MIDNIGHT.sub("", text.strip())
    if not text:
        return ""
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError as wrong:
        raise Unreadable(f'the date "{text[:40]}" in "{what}" is not written like 2026-12-31') from wrong
    if found.isoformat() != text:
        raise Unreadable(f'the date "{text[:40]}" in "{what}" is not written like 2026-12-31')
    return text
