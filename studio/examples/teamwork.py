"""Several people on one example: their comments, and who has it open right now."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from weakref import WeakKeyDictionary

from studio.records import Refusal
from studio.store import Store, comments

LONGEST = 4_000
"""Characters of a comment."""

OPEN_SECONDS = 30.0
"""How long somebody counts as having a record open after their page last said so."""


def comment(store: Store, actor: str, project: str, example: str, body: str) -> None:
    """Adds a comment. Raises Refusal when it is empty or too long; nothing is lost then."""
    text = body.strip()
    if not text:
        raise Refusal("The comment is empty. Nothing was saved.")
    if len(text) > LONGEST:
        raise Refusal(
            f"A comment has at most {LONGEST:,} characters, this one {len(text):,}. It is still in the field."
        )
    store.act("comment.added", actor, {"id": uuid.uuid4().hex, "example": example, "body": text}, project)


def remove_comment(store: Store, actor: str, project: str, found: comments.Comment) -> None:
    """Takes one's own comment away. Raises Refusal for somebody else's."""
    store.act("comment.removed", actor, {"id": found.id}, project)


class Readers:
    """Who has which example open. In memory only: no record, and gone with a restart. `clock`: seconds that grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._seen: dict[str, dict[str, float]] = {}

    def others(self, example: str, person: str) -> list[str]:
        """Notes that `person` has `example` open, and nothing else any more; who else has it, in a steady order."""
        now = self._clock()
        with self._lock:
            for held in self._seen.values():
                held.pop(person, None)
            self._seen.setdefault(example, {})[person] = now
            self._seen = {
                name: fresh for name, held in self._seen.items()
                if (fresh := {who: at for who, at in held.items() if now - at < OPEN_SECONDS})
            }  # fmt: skip
            return sorted(who for who in self._seen[example] if who != person)


_READERS: WeakKeyDictionary[Store, Readers] = WeakKeyDictionary()
_MAKING = threading.Lock()


def readers(store: Store) -> Readers:
    """The readers of an open store."""
    with _MAKING:
        return _READERS.setdefault(store, Readers())
