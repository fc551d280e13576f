"""What the ready starts share."""

from __future__ import annotations

from studio.records import Check, CheckKind


def phrases(kind: CheckKind, *said: str) -> Check:
    return Check(kind, phrases=said)


def words(limit: int) -> Check:
    """At most so many words."""
    return Check(CheckKind.max_words, limit=limit)
