"""How an open round stands, kept in memory: its votes, read once and then only what is new, and what they say.

A vote and the pair that follows it ask for the same figures several times, and fifty reviewers ask at once. Nothing
here is a record; it is made again from the store after a restart.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from studio.records import Pair, Round, Vote
from studio.review import dealing
from studio.review.assessment import Assessment
from studio.store import Store, rounds

_ROUNDS_KEPT = 4


@dataclass(frozen=True)
class Standing:
    """A round at one moment: its votes in the order they were cast, and what they say for each candidate.

    `seq`: an act up to which no vote is missing. While the round is open, `told` is as of the last vote that completed
    a prompt which the rule reads next: prompts, evidence and verdict are those of now, and what is told beside them
    (the side of the winners, votes that wait or are too many) may lag. Once it closed, all of it is of now.
    """

    found: Round
    seq: int
    cast: tuple[Vote, ...]
    told: tuple[Assessment, ...]


class Tally:
    """One per open store, shared by all sessions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Standing] = OrderedDict()

    def standing(self, store: Store, found: Round, pairs: Sequence[Pair]) -> Standing:
        """How the round stands by every act that was committed before this was asked."""
        with self._lock:
            kept = self._kept.get(found.id)
            if kept is not None and kept.seq == store.version and kept.found == found:
                return kept
            return self._keep(found, pairs, kept, _read(store, found.id, kept))

    def add(self, found: Round, pairs: Sequence[Pair], news: rounds.News) -> None:
        """The one vote of act `news.seq`, from who cast it: it need not be read, unless something was done before it
        that was not read yet."""
        with self._lock:
            kept = self._kept.get(found.id)
            if kept is not None and kept.seq == news.seq - 1 and (after := _after(kept.cast, news)) is not None:
                self._keep(found, pairs, kept, after)

    def _keep(self, found: Round, pairs: Sequence[Pair], kept: Standing | None, news: rounds.News) -> Standing:
        if kept is not None and kept.found == found and _says_the_same(kept, pairs, news.votes):
            kept = replace(kept, seq=news.seq, cast=news.votes)
        else:
            kept = Standing(found, news.seq, news.votes, dealing.assessed(found, pairs, news.votes))
        self._kept[found.id] = kept
        self._kept.move_to_end(found.id)
        while len(self._kept) > _ROUNDS_KEPT:
            self._kept.popitem(last=False)
        return kept


def _says_the_same(kept: Standing, pairs: Sequence[Pair], cast: tuple[Vote, ...]) -> bool:
    """Whether the rule need not be applied anew to `cast`."""
    if cast is kept.cast:
        return True
    before = len(kept.cast)
    if kept.found.state != "open" or cast[:before] != kept.cast:
        return False
    return dealing.completes_nothing(kept.found, pairs, kept.told, kept.cast, cast[before:])


def _read(store: Store, found: str, kept: Standing | None) -> rounds.News:
    """The votes as they are now; the very same object when nothing changed."""
    if kept is not None:
        news = rounds.votes_since(store, found, kept.seq)
        if news is not None and (after := _after(kept.cast, news)) is not None:
            return after
    return rounds.votes_now(store, found)


def _after(cast: tuple[Vote, ...], news: rounds.News) -> rounds.News | None:
    """All votes, the new ones last; None when a clock that was set back puts a new vote among older ones."""
    if not news.votes:
        return rounds.News(news.seq, cast)
    if cast and _order(cast[-1]) >= _order(news.votes[0]):
        return None
    return rounds.News(news.seq, (*cast, *news.votes))


def _order(vote: Vote) -> tuple[str, str, str]:
    return vote.at, vote.pair, vote.reviewer


_TALLIES: WeakKeyDictionary[Store, Tally] = WeakKeyDictionary()
_MAKING = threading.Lock()


def of(store: Store) -> Tally:
    """The tally of an open store."""
    with _MAKING:
        return _TALLIES.setdefault(store, Tally())
