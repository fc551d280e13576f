"""The conversation about a round's verdict: comments that answer one another, name people, and are settled."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.records import Person, Refusal, Role, Round
from studio.store import Store, comments, people
from studio.store import projects as project_rows
from studio.store.comments import Remark

LONGEST = 2_000
"""Characters of a comment."""
MAY_COMMENT = (Role.designer, Role.pm, Role.admin)
"""Who reads and writes them: those who read the verdict. Reviewers do neither, so that their votes stay their own."""
_TOKEN = re.compile(r"@\[([^\]\s]+)\]")
_MEANT = re.compile(r"(?<![\w@])@(\w[\w.-]*\w|\w)")


@dataclass(frozen=True)
class Thread:
    """A comment and what was answered to it, in the order of writing."""

    first: Remark
    answers: tuple[Remark, ...]

    @property
    def settled(self) -> bool:
        return bool(self.first.settled_by)


@dataclass(frozen=True)
class Mention:
    """A remark that waits for somebody it names. `by`: who wrote it; `text`: its words, with the names of people."""

    remark: Remark
    project: str
    project_name: str
    by: str
    text: str


@dataclass(frozen=True)
class Read:
    """A typed text as it is kept (`body`), whom it names (ids), and words after an @ that are nobody's name here."""

    body: str
    mentions: tuple[str, ...]
    unknown: tuple[str, ...]


def threads(store: Store, found: Round) -> tuple[Thread, ...]:
    """What was said of a round's verdict, the oldest thread first; what its author took back is in it, marked so."""
    return _threads(comments.of_round(store, found.id))


def earlier(store: Store, found: Round) -> tuple[Thread, ...]:
    """What was said of the verdicts of the project's other rounds, the oldest thread first."""
    return _threads([each for each in comments.on_verdicts(store, found.project) if each.round != found.id])


def _threads(told: Sequence[Remark]) -> tuple[Thread, ...]:
    answers: dict[str, list[Remark]] = {}
    for each in told:
        answers.setdefault(each.answers, []).append(each)
    return tuple(Thread(first, tuple(answers.get(first.id, ()))) for first in answers.get("", ()))


def waiting(store: Store, person: Person) -> tuple[Mention, ...]:
    """What waits for this person because somebody named them ("@Ann") on a verdict, in any project; the oldest first.

    For the first page: each leads to the Decision page of `project`. It waits until the person has written in that
    thread, or anybody calls the thread settled; not once it is taken back or its project archived. Empty for a role
    that may not read the verdict (`MAY_COMMENT`).
    """
    if person.role not in MAY_COMMENT:
        return ()
    names, projects = people.names(store), {each.id: each.name for each in project_rows.every(store)}
    return tuple(
        Mention(each, each.project, projects[each.project], names.get(each.person, "Somebody"), said(each, names))
        for each in comments.naming(store, person.id)
        if each.project in projects
    )


def add(store: Store, person: Person, found: Round, text: str) -> Read:
    """Begins a thread on a closed round's verdict. What was read in the text.

    Raises Refusal for a role that does not read the verdict, an empty or too long text, a name that several people
    bear, an open round; nothing is saved then.
    """
    return _add(store, person, text, found.project, found.id, "")


def answer(store: Store, person: Person, thread: Thread, text: str) -> Read:
    """Says something in a thread. Raises Refusal as `add` does."""
    return _add(store, person, text, thread.first.project, thread.first.round, thread.first.id)


def _add(store: Store, person: Person, text: str, project: str, about: str, answers: str) -> Read:
    read = _checked(store, person, text)
    payload = {"id": uuid.uuid4().hex, "round": about, "answers": answers, "body": read.body,
               "mentions": list(read.mentions)}  # fmt: skip
    store.act("comment.added", person.id, payload, project)
    return read


def edit(store: Store, person: Person, remark: Remark, text: str) -> Read:
    """Rewords one's own comment; the wording before stays in the journal. Raises Refusal as `add` does, for somebody
    else's and after `comments.EDIT_MINUTES`."""
    read = _checked(store, person, text)
    payload = {"id": remark.id, "body": read.body, "mentions": list(read.mentions)}
    store.act("comment.edited", person.id, payload, remark.project)
    return read


def take_back(store: Store, person: Person, remark: Remark) -> None:
    """Takes one's own comment back. That there was one stays visible, and its words stay in the journal."""
    store.act("comment.removed", person.id, {"id": remark.id}, remark.project)


def settle(store: Store, person: Person, thread: Thread, settled: bool) -> None:
    """Says that nothing is left to answer in a thread, or that there is again."""
    _refuse_reviewer(person)
    store.act("comment.settled", person.id, {"id": thread.first.id, "settled": settled}, thread.first.project)


# -- names in a text -------------------------------------------------------------------------------


def mentionable(store: Store) -> dict[str, str]:
    """Person -> how they are named after an @: by name, with the start of their id where several share it."""
    here = [p for p in people.everyone(store) if p.active and not p.scripted and p.role in MAY_COMMENT]
    shared = Counter(p.name.casefold() for p in here)
    return {p.id: p.name if shared[p.name.casefold()] == 1 else f"{p.name}#{p.id[:4]}" for p in here}


def read(text: str, named: Mapping[str, str]) -> Read:
    """Finds the people of `named` (as of `mentionable`) in a text. Raises Refusal for a name that several bear."""
    ids = {label.casefold(): person for person, label in named.items()}
    several = {label[:-5].casefold(): label for person, label in named.items() if label.endswith(f"#{person[:4]}")}
    found: dict[str, None] = {}

    def replaced(match: re.Match[str]) -> str:
        name = match[1].casefold()
        if name not in ids:
            raise Refusal(
                f"Several people here are called {match[1]}, so nobody was told and nothing was saved. It is still in "
                f"the field: pick the one you mean below it, such as @{several[name]}."
            )
        found[ids[name]] = None
        return f"@[{ids[name]}]"

    known = sorted([*ids, *several], key=len, reverse=True)
    body = text.strip()
    if known:
        pattern = rf"(?<![\w@])@({'|'.join(map(re.escape, known))})(?!\w)"
        body = re.sub(pattern, replaced, body, flags=re.IGNORECASE)
    return Read(body, tuple(found), tuple(dict.fromkeys(_MEANT.findall(_TOKEN.sub("", body)))))


def pieces(remark: Remark) -> list[tuple[str, str]]:
    """A remark's words in order, each with the person that it names or "": (" and ", ""), ("@", person id)."""
    told: list[tuple[str, str]] = []
    end = 0
    for match in _TOKEN.finditer(remark.body):
        if match[1] in remark.mentions:
            told += [(remark.body[end : match.start()], ""), ("@", match[1])]
            end = match.end()
    return [each for each in [*told, (remark.body[end:], "")] if each[0]]


def said(remark: Remark, names: Mapping[str, str]) -> str:
    """A remark as plain text, with the names that people bear now."""
    return "".join(text + (names.get(person, "somebody") if person else "") for text, person in pieces(remark))


def _checked(store: Store, person: Person, text: str) -> Read:
    _refuse_reviewer(person)
    if not text.strip():
        raise Refusal("The comment is empty. Nothing was saved.")
    if len(text.strip()) > LONGEST:
        raise Refusal(
            f"A comment has at most {LONGEST:,} characters, this one {len(text.strip()):,}. It is still in the field."
        )
    return read(text, mentionable(store))


def _refuse_reviewer(person: Person) -> None:
    if person.role not in MAY_COMMENT:
        raise Refusal("Designers, PMs and admins comment on a verdict. Nothing was saved.")
