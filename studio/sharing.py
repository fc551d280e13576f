"""Read-only links to a decision, for people without an account: made, found by their token, counted, withdrawn."""

from __future__ import annotations

import dataclasses
import datetime
import hmac
import secrets
import threading
import uuid
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from studio import outputs, papers, people, signing
from studio.papers import About
from studio.records import Choice, PairKind, Person, Refusal, sha256
from studio.review import numbered, rounds
from studio.store import Store, now, prices, projects, shares
from studio.store import people as people_rows
from studio.store import rounds as round_rows
from studio.store.shares import Share

MAY_SHARE = signing.MAY_SIGN
"""Who makes and withdraws links: who may sign. The link of somebody who may not any more opens nothing."""
DAYS, MOST_DAYS = 30, 365
SAME_OPENING_SECONDS = 60
"""An opening that follows another within so many seconds is that one again, so that a reload is not counted."""
SHOWN_ANSWERS = 4
_CHANGE_NOTHING = (
    "share.made", "share.opened", "share.withdrawn", "comment.added", "comment.edited", "comment.removed",
    "comment.settled", "session.opened", "session.closed",
)  # fmt: skip
"""Kinds of acts that change nothing of what a link shows."""
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Answered:
    """One pair as it was judged: `input`, the candidate's answer (`ours`) and a baseline's, the arms that wrote them,
    and how many counted votes said what. Nobody who voted is in it."""

    input: str
    ours: str
    theirs: str
    candidate: str
    baseline: str
    votes: Mapping[Choice, int]


@dataclass(frozen=True)
class Shown:
    """What a link shows. `about`: None until a round has closed; `waiting`: votes are coming in on a newer round, of
    which nothing else is told; `void`: why decisions that were signed hold no more; `answers`: none unless ticked, and
    none while a round is open, whose voters could have the link: its arms may have written the same. `head`: the
    journal's."""

    share: Share
    project: str
    about: About | None
    waiting: bool
    void: tuple[str, ...]
    answers: tuple[Answered, ...]
    head: str


def make(
    store: Store, person: Person, project: str, name: str, *, round_id: str = "", days: int = DAYS,
    answers: bool = False,
) -> str:  # fmt: skip
    """The secret of a new link, which is kept nowhere. `round_id`: the round whose decision it shows, "" for the
    project's latest; `answers`: whether it may show answers, which hold what people wrote.

    Raises Refusal for a role that may not, without a name and for a time that is not within 1 to 365 days.
    """
    _refuse_role(person)
    if not name.strip():
        raise Refusal("A link needs the name of whom it is for, so that you know which one to withdraw. None was made.")
    if not 1 <= days <= MOST_DAYS:
        raise Refusal(f"A link works for 1 to {MOST_DAYS} days. None was made.")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    payload = {"id": uuid.uuid4().hex[:12], "sha": sha256(token), "round": round_id, "name": name.strip()[:80],
               "answers": answers, "expires": until.isoformat(timespec="milliseconds")}  # fmt: skip
    about = signing.latest_round(store, project)
    if answers and about is not None:
        # Whoever holds the link reads on it which arm wrote what, and its maker holds it.
        outputs.saw_tests(store, person.id, project, about.registration["dataset"])
    store.act("share.made", person.id, payload, project)
    return token


def withdraw(store: Store, person: Person, share: Share) -> None:
    """Makes a link open nothing from now on. Raises Refusal for a role that may not and for one that was withdrawn."""
    _refuse_role(person)
    store.act("share.withdrawn", person.id, {"id": share.id}, share.project)


def find(store: Store, token: str) -> Share | None:
    """The link that this token opens now. None for an unknown one as for one that is expired, withdrawn, of an archived
    project or of somebody who may not share any more: the caller cannot tell which.

    Tokens are looked up by their hash, of which nobody can steer a part, and hashes are compared in constant time. How
    long the look-up takes is not promised to be the same; the route answers no sooner than a fixed time.
    """
    wanted = sha256(token)
    found = shares.standing(store, wanted, now())
    return found if hmac.compare_digest(found.sha if found else "", wanted) else None


def count_opening(store: Store, share: Share, reader: Person | None = None) -> None:
    """Counts an opening, with its time and nothing of who it was; see `SAME_OPENING_SECONDS`. `reader`: somebody who is
    signed in here; a link that shows answers shows them which arm wrote what, which is noted as on every page."""
    about = signing.latest_round(store, share.project) if reader and share.answers else None
    if reader and about is not None:
        outputs.saw_tests(store, reader.id, share.project, about.registration["dataset"])
    if share.last_opened and _seconds_since(share.last_opened) < SAME_OPENING_SECONDS:
        return
    # Of no project: it changes nothing that a project's pages show, and they need not be read again.
    store.act("share.opened", people.SYSTEM, {"id": share.id})


class Decisions:
    """What links show, kept until something is written that may change it, so that opening one again is quick. One at a
    time is read from the record: many who open a link at once cost the server no more than one."""

    MOST = 8

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, bool], tuple[Hashable, Shown]] = {}

    def of(self, store: Store, share: Share) -> Shown:
        """What a link shows now. Raises Refusal when the arm that was decided about is not here any more."""
        key = (share.project, share.round, share.answers)
        with self._lock:
            version = (
                store.version_of(share.project, besides=_CHANGE_NOTHING), store.version_of("", besides=_CHANGE_NOTHING),
                prices.standing(store),
            )  # fmt: skip
            kept = self._kept.pop(key, None)
            shown = kept[1] if kept and kept[0] == version else _decision(store, share)
            self._kept[key] = (version, shown)
            if len(self._kept) > self.MOST:
                del self._kept[next(iter(self._kept))]
        head = store.head
        about = dataclasses.replace(shown.about, head=head) if shown.about else None
        return dataclasses.replace(shown, share=share, about=about, head=head)


def _decision(store: Store, share: Share) -> Shown:
    every = [each.round for each in numbered.every(store, share.project)]
    closed = next((each for each in every if each.state == "closed" and share.round in ("", each.id)), None)
    found = papers.about(store, share.project, on=closed) if closed else None
    home = projects.get(store, share.project)
    return Shown(
        share, home.name if home else "", found,
        waiting=bool(every) and every[0].state == "open" and not share.round, void=_void(found),
        answers=_answers(store, found) if share.answers and all(each.state != "open" for each in every) else (),
        head=store.head,
    )  # fmt: skip


def _void(found: About | None) -> tuple[str, ...]:
    return (found.trial.void,) if found and found.trial and found.trial.void else ()


def _answers(store: Store, found: About | None) -> tuple[Answered, ...]:
    """The first prompts in the order that was fixed before the first vote, whatever came out."""
    if found is None or found.trial is None:
        return ()
    trial = found.trial
    every = round_rows.pairs(store, trial.round.id)
    cast = rounds.counted(trial.round, every, round_rows.votes(store, trial.round.id))
    asked = [p for p in every if p.kind is PairKind.real and p.candidate == trial.ruling.subject]
    told = []
    for pair in sorted(asked, key=lambda p: (p.position, p.baseline))[:SHOWN_ANSWERS]:
        ours, theirs = (pair.left, pair.right) if pair.candidate_left else (pair.right, pair.left)
        said = Counter(vote.choice for vote in cast if vote.pair == pair.id)
        told.append(Answered(pair.input, ours, theirs, pair.candidate, pair.baseline, said))
    return tuple(told)


def state(store: Store, share: Share) -> str:
    """Why a link opens nothing: "withdrawn", "expired", or "its maker may not share any more"; "" while it works. An
    archived project, on whose pages nobody is, is not looked at."""
    if share.withdrawn:
        return "withdrawn"
    if share.expires <= now():
        return "expired"
    maker = people_rows.get(store, share.made_by)
    stands = maker is not None and maker.active and maker.role in MAY_SHARE
    return "" if stands else "its maker may not share any more"


def _seconds_since(at: str) -> float:
    return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(at)).total_seconds()


def _refuse_role(person: Person) -> None:
    if person.role not in MAY_SHARE:
        raise Refusal("Links to a decision are made and withdrawn by a PM or an admin. Nothing was changed.")
