"""Who has done how much of an open round, and a reminder of it, to copy or to send. Counts only: no word of a vote."""

from __future__ import annotations

import datetime
import http.client
import math
import statistics
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from studio.generation.endpoint import NoRedirect
from studio.records import Pair, Person, Refusal, Role, Round, Vote, canonical
from studio.review import dealing, independence, pace, planning, rounds
from studio.store import Store, reminders
from studio.store import rounds as rows
from studio.store.people import everyone
from studio.train.elsewhere import is_link_local
from studio.wording import several

_TIMEOUT = 5.0  # seconds
_LONGEST = 500  # characters of an address
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Standing:
    """One voter of an open round. `done`: pairs they judged or skipped; `share`: an equal part of all that is to be
    done; `last`: when they voted last, "" for never; `behind`: fewer than is due by now (see `standings`)."""

    person: Person
    done: int
    share: int
    last: str
    behind: bool


def standings(store: Store, found: Round, now: datetime.datetime) -> list[Standing]:
    """Everybody whose votes count and who is asked to vote, the furthest behind first.

    With a deadline, due is the share times the part of the time that is over; without one, half of an equal part of
    the votes that are in. Who never votes is found by both; who simply has other hours is not told apart.
    """
    pairs, cast = rows.pairs(store, found.id), rows.votes(store, found.id)
    people = _asked(store, found, cast)
    if not people:
        return []
    share = math.ceil(_seats(found, pairs) / len(people)) + sum(p.kind in dealing.FOR_EVERYBODY for p in pairs)
    over = _part_over(found, now)
    due = share * over if over is not None else len(cast) / len(people) / 2
    told = []
    for person in people:
        mine = [vote for vote in cast if vote.reviewer == person.id]
        done = len(mine)
        told.append(Standing(person, done, share, mine[-1].at if mine else "", done < min(due, share)))
    return sorted(told, key=lambda each: (each.done, each.person.name))


def left(store: Store, found: Round) -> str:
    """How much reading an open round still asks for at most, in a sentence. Votes that leave the count are not known
    here and make it a little more."""
    pairs, cast = rows.pairs(store, found.id), rows.votes(store, found.id)
    by_everybody = sum(p.kind in dealing.FOR_EVERYBODY for p in pairs) * len(_asked(store, found, cast))
    votes = max(0, _seats(found, pairs) + by_everybody - len(cast))
    by_person = [[vote for vote in cast if vote.reviewer == name] for name in {vote.reviewer for vote in cast}]
    paces = [seconds for mine in by_person if (seconds := pace.seconds_each(mine)) is not None]
    if not paces:
        return f"Still to come: at most about {several(votes, 'vote')}."
    seconds = statistics.median(paces)
    told = f"{several(votes, 'vote')}, {planning.reviewing_time(votes, seconds)}"
    return f"Still to come: at most about {told} at the pace so far ({seconds:.0f} seconds a pair)."


def is_stuck(store: Store, found: Round, told: Sequence[Standing]) -> bool:
    """Whether an open round has no pair left for anybody of `told`, so that it cannot close by their votes: experts are
    missing, prompts wait for one more reader, or votes left the count by the rule on gold. Says not which."""
    return found.state == "open" and not any(rounds.left_for(store, found, each.person.id) for each in told)


def _asked(store: Store, found: Round, cast: Sequence[Vote]) -> list[Person]:
    """Reviewers who count, and others who count and have voted."""
    voted = {vote.reviewer for vote in cast}
    practice = bool(found.registration["practice"])
    people = everyone(store) if practice else independence.independent_people(store, found.project)
    return [
        person for person in people
        if person.active and not person.scripted and (person.role is Role.reviewer or person.id in voted)
    ]  # fmt: skip


def _seats(found: Round, pairs: Sequence[Pair]) -> int:
    """All votes that the round is to get, those on pairs that everybody is to read left out."""
    under_cap = {p["id"] for p in found.registration["prompts"][: found.registration["cap"]]}
    asked = [pair for pair in pairs if pair.kind not in dealing.FOR_EVERYBODY and pair.example in under_cap]
    return sum(dealing.wanted(found, pair) or 0 for pair in asked)


def deadline(found: Round) -> datetime.date | None:
    """The last day of the round, as it was registered."""
    day = found.registration.get("deadline")
    return datetime.date.fromisoformat(day) if day else None


def last_day(found: Round, now: datetime.datetime) -> str:
    """A sentence about the deadline, "" without one. A round whose last day is over still takes votes."""
    last = deadline(found)
    if last is None:
        return ""
    day = f"{last:%A}, {last.day} {last:%B %Y}"
    if now.date() > last:
        return f"The last day of the round was {day}; votes still count until it closes."
    return f"The round is open until {day}."


def _part_over(found: Round, now: datetime.datetime) -> float | None:
    """Which part of the time from the opening to the end of the last day is over, 0 to 1."""
    last = deadline(found)
    if last is None:
        return None
    start = datetime.datetime.fromisoformat(found.at)
    end = datetime.datetime.combine(last, datetime.time.max, datetime.UTC)
    return min(1.0, max(0.0, (now - start) / (end - start))) if end > start else 1.0


# -- reminders -------------------------------------------------------------------------------------


def reminder(found: Round, project: str, told: Sequence[Standing], link: str, now: datetime.datetime) -> str:
    """A few lines to copy into a message: who is asked for how many pairs, the last day, and the link."""
    lines = [f"The blind round of “{project}” waits for your judgement. {last_day(found, now)}".rstrip(), link, ""]
    lines += [
        f"{each.person.name}: {each.done} of about {each.share} pairs{' (behind)' if each.behind else ''}"
        for each in told
    ]
    return "\n".join(lines)


def set_webhook(store: Store, person: Person, project: str, address: str) -> None:
    """Says where this project's reminders go; "" for nowhere. Raises Refusal for anybody but an admin, and for an
    address that is none, is not encrypted on its way, or belongs to the machine's own network."""
    if person.role is not Role.admin:
        raise Refusal("Only an admin says where messages may be sent. Nothing was changed. Ask one.")
    store.act("webhook.set", person.id, {"address": _checked(address.strip())}, project)


def _checked(address: str) -> str:
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise Refusal("This is no address. Nothing was changed. It looks like https://host/path.") from error
    if not host or any(c.isspace() for c in address) or len(address) > _LONGEST or parts.username or parts.password:
        raise Refusal("This is no address. Nothing was changed. It looks like https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise Refusal(
            "Reminders name people, so they only go to an address that begins with https://, or to this very machine. "
            "Nothing was changed."
        )
    if is_link_local(host):
        raise Refusal("This address belongs to the machine's own network (its metadata). Nothing was changed.")
    return address


def send(store: Store, person: Person, found: Round, text: str) -> None:
    """Sends a reminder as JSON {"text": ...} to the project's address, without following redirects, and notes that it
    went out. Raises Refusal, with nothing noted, when no address is set or it does not take the message."""
    hook = reminders.webhook(store, found.project)
    if hook is None:
        raise Refusal("No address for reminders is set. Nothing was sent. Copy the text instead.")
    if found.state != "open":
        raise Refusal("The round is closed, so nobody needs a reminder. Nothing was sent.")
    host = urlsplit(hook.address).hostname
    request = urllib.request.Request(
        hook.address, canonical({"text": text}), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=_TIMEOUT) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        raise Refusal(f"{host} did not take the reminder (it said {error.code}). Copy the text instead.") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Refusal(f"{host} could not be reached, so the reminder was not sent. Copy the text instead.") from error
    store.act("reminder.sent", person.id, {"round": found.id}, found.project)
