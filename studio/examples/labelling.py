"""Labelling: deal examples to people, take one decision at a time, settle what they split on.

What others said of an item is shown to nobody before their own label is in. When the last label of an item arrives and
all agree, the example is decided in the same act; the rest waits for a designer.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from studio.examples import outcome, step
from studio.examples.outcome import Outcome, Standing
from studio.records import Example, Refusal, canonical, to_json
from studio.review import desk
from studio.store import Store, briefs, examples, finding, labels, people
from studio.store.finding import Filter
from studio.store.labels import Answer, Label, Queue, Raced

MIN_SECONDS_ON_SCREEN = 0.35
"""An item shown for less was not read: a held key or a double press, not a label."""

_TRIES = 8


@dataclass(frozen=True)
class Seat:
    """All that one person sees of a queue: the item before them and how far they are. `example` is None when nothing is
    left. `said`: their own label of it, then those of others; empty until one's own is in."""

    example: Example | None
    position: int
    said: tuple[Label, ...]
    done: int
    total: int


def deal(
    items: Sequence[str], persons: Sequence[str], overlap: int, share: float, seed: str
) -> list[tuple[str, list[str]]]:
    """Who is asked about what: each item goes to one person, and `share` of them to `overlap`, nobody twice.

    Deterministic in `seed`; everybody gets as many as the others, give or take one.
    """
    drawn = random.Random(seed)
    order = list(persons)
    drawn.shuffle(order)
    shared = set(drawn.sample(range(len(items)), round(share * len(items)))) if overlap > 1 else set()
    loads = dict.fromkeys(order, 0)
    dealt = []
    for at, item in enumerate(items):
        chosen = sorted(loads, key=lambda p: (loads[p], drawn.random()))[: overlap if at in shared else 1]
        for person in chosen:
            loads[person] += 1
        dealt.append((item, sorted(chosen)))
    return dealt


def open_queue(
    store: Store, actor: str, project: str, name: str, items: Sequence[str], persons: Sequence[str], *,
    overlap: int = 1, share: float = 0.0, seed: str = "",
) -> Queue:  # fmt: skip
    """Deals `items` (example ids) to `persons`. Raises Refusal when there is nothing, nobody, or too few to share."""
    items, persons = list(dict.fromkeys(items)), list(dict.fromkeys(persons))
    if not items:
        raise Refusal("No example is chosen, so no queue was opened. Choose another status or slice.")
    if not persons:
        raise Refusal("Nobody is chosen to label, so no queue was opened. Choose at least one person.")
    active = {p.id for p in people.everyone(store) if p.active and not p.scripted}
    if not active.issuperset(persons):
        raise Refusal("One of these people is not here any more. No queue was opened. Choose again.")
    if not 1 <= overlap <= len(persons) or not 0 <= share <= 1:
        raise Refusal(
            f"{overlap} people cannot share an item among {len(persons)}. No queue was opened. "
            "Choose more people or a smaller overlap."
        )
    if not set(finding.ids(store, project, Filter())).issuperset(items):
        raise Refusal("Some of these examples are in the trash or not in this project. No queue was opened.")
    seed = seed or uuid.uuid4().hex
    dealt = deal(items, persons, overlap, share, seed)
    payload = {
        "id": uuid.uuid4().hex, "name": name.strip() or f"{len(items):,} examples",
        "overlap": overlap, "shared": sum(len(p) > 1 for _, p in dealt), "seed": seed,
        "deal_blob": store.put_blob(canonical(to_json(dealt))),
    }  # fmt: skip
    store.act("queue.opened", actor, payload, project)
    found = labels.queue(store, str(payload["id"]))
    assert found is not None
    return found


def close_queue(store: Store, actor: str, found: Queue) -> None:
    """Ends a queue; what was labelled stays. Raises Refusal when it is closed."""
    store.act("queue.closed", actor, {"id": found.id}, found.project)


def waiting_for(store: Store, project: str, person: str) -> list[tuple[Queue, int]]:
    """The open queues in which examples wait for this person's label, and how many."""
    mine = [queue for queue in labels.queues(store, project) if not queue.closed and person in queue.people]
    found = [(queue, labels.total(store, queue.id, person) - labels.done(store, queue.id, person)) for queue in mine]
    return [(queue, left) for queue, left in found if left > 0]


# -- one item at a time ----------------------------------------------------------------------------


def seat(store: Store, found: Queue, person: str, example: str = "", after: int = -1) -> Seat:
    """Puts an item before a person: `example` if it is in their part, else the first after `after` that waits for them
    (then from the start again), and starts its time on screen."""
    done, total = labels.done(store, found.id, person), labels.total(store, found.id, person)
    position, asked = labels.asked(store, found.id, example) if example else (-1, [])
    gone_to = person in asked
    if not gone_to:
        waits = labels.upcoming(store, found.id, person, after) if done < total else None
        if waits is None and after >= 0 and done < total:
            waits = labels.upcoming(store, found.id, person)
        example, position = waits or ("", -1)
    shown = examples.get(store, example) if example else None
    if shown is None:
        return Seat(None, -1, (), done, total)
    saw(store, found, person)
    desk.of(store).show(found.id, person, shown.id)
    said = said_of(store, found, person, shown.id) if gone_to else []  # what is upcoming has no label of theirs
    return Seat(shown, position, tuple(said), done, total)


def saw(store: Store, found: Queue, person: str) -> None:
    """Notes, once, that a person was shown examples of a queue: their votes in blind rounds do not count from then on,
    whether or not they label, and whatever they undo."""
    if not labels.seen(store, found, person):
        store.act("queue.seen", person, {"queue": found.id}, found.project)


def said_of(store: Store, found: Queue, person: str, example: str) -> list[Label]:
    """This person's label of an item and those of others after it; nothing at all before their own is in."""
    mine = labels.of_person(store, found.id, example, person)
    if mine is None:
        return []
    _, asked = labels.asked(store, found.id, example)
    return [mine, *labels.of_item(store, found.id, example, [other for other in asked if other != person])]


def give(
    store: Store, found: Queue, person: str, example: str, decision: Answer, *, shown: str, criterion: str = "",
    ideal: str = "", note: str = "", seconds: float | None = None, change: bool = False,
) -> Outcome:  # fmt: skip
    """One label; what the item's labels amount to now. `shown`: fingerprint of the text on screen. `change`: in place
    of the label that this person gave before. `seconds` on screen as the server knows them, unless given.

    Raises Refusal for a second label, a hasty one, one of a text that changed meanwhile, an edit without a text and an
    approval of nothing. Nothing is written then.
    """
    on_screen = desk.of(store).seconds(found.id, person, example) if seconds is None else seconds
    if on_screen < MIN_SECONDS_ON_SCREEN:
        desk.of(store).pressed_too_soon(found.id, person)
        if not change and labels.of_person(store, found.id, example, person):
            raise Refusal(labels.TWICE)
        raise Refusal("That was quicker than reading: the example had just come up. Nothing was counted; press again.")
    said = Label(found.id, example, person, Answer(decision), criterion.strip(), ideal.strip(), note.strip(),
                 round(on_screen, 3), shown)  # fmt: skip
    for _ in range(_TRIES):
        try:
            return _give(store, found, said, change)
        except Raced:
            continue  # somebody labelled the same item in between: what follows from both is worked out again
    raise Refusal("Many people label this item at once. Nothing was counted; press again.")


def _give(store: Store, found: Queue, said: Label, change: bool) -> Outcome:
    current = _sayable(store, said)
    brief, (_, asked) = briefs.latest(store, found.project), labels.asked(store, found.id, said.example)
    before = labels.of_item(store, found.id, said.example, asked)
    others = [label for label in before if label.person != said.person]
    result = outcome.of([*others, said], asked)
    after = outcome.becomes(current, result, brief)
    if change and result.standing is not Standing.agreed and outcome.of(before, asked).standing is Standing.agreed:
        after = outcome.reopened(current)
    payload = {
        "queue": said.queue, "example": said.example, "decision": said.decision.value, "criterion": said.criterion,
        "ideal": said.ideal, "note": said.note, "seconds": said.seconds, "text": said.text, "change": change,
        "others": sorted(label.person for label in others), "becomes": to_json(after) if after else None,
    }  # fmt: skip
    store.act("label.given", said.person, payload, found.project)
    return result


def _sayable(store: Store, said: Label) -> Example:
    """The example that a label is about, if the label can be said of it as it is now."""
    current = examples.get(store, said.example)
    if current is None:
        raise Refusal("This example is not here any more. Nothing was counted; go on to the next one.")
    if outcome.fingerprint(current) != said.text:
        raise Refusal("Somebody changed this example while it was before you. Nothing was counted; read it again.")
    if said.decision is Answer.approve and not current.ideal.strip():
        raise Refusal("There is no ideal output yet to approve. Nothing was counted. Write one with E.")
    if said.decision is Answer.edit and (not said.ideal or said.ideal == current.ideal.strip()):
        raise Refusal("Your version is empty or the same as before. Nothing was counted. Change it, or approve it.")
    return current


def take_back(store: Store, found: Queue, person: str) -> str:
    """Undoes this person's last label in a queue, with all that followed from it; the example it was about."""
    last = labels.last(store, found.id, person)
    if last is None:
        raise Refusal("You have no label in this queue to undo. Nothing was changed.")
    store.undo(last.act, person)
    return last.example


def toggle_kind(store: Store, actor: str, project: str, example: str, kind: str) -> Example:
    """Marks an example with a hard kind or a word of the team's own, or takes that mark away."""
    current = examples.get(store, example)
    if current is None or not kind.strip():
        raise Refusal("There is nothing to mark. Nothing was changed.")
    kinds = tuple(k for k in current.kinds if k != kind) if kind in current.kinds else (*current.kinds, kind.strip())
    return step.edit(store, actor, project, current, kinds=kinds)


def tag(store: Store, actor: str, project: str, example: str, tags: Sequence[str]) -> Example:
    """Gives an example exactly these tags, each once and without blanks around it. Raises Refusal when it is gone."""
    current = examples.get(store, example)
    if current is None:
        raise Refusal("This example is not here any more. Nothing was changed; go on to the next one.")
    told = tuple(dict.fromkeys(word for each in tags if (word := each.strip())))
    return current if told == current.tags else step.edit(store, actor, project, current, tags=told)


# -- what they split on ----------------------------------------------------------------------------


def settle(
    store: Store, actor: str, found: Queue, example: str, decision: Answer, *, ideal: str = "", note: str = ""
) -> Example:
    """A designer's word on an item that people split on: the example gets its status, and its text with an edit.

    Those who had said the same count as approvers, too. Raises Refusal for an item that is not split.
    """
    _, asked = labels.asked(store, found.id, example)
    given = labels.of_item(store, found.id, example, asked)
    if outcome.of(given, asked).standing is not Standing.divided:
        raise Refusal("This item is not one that people split on. Nothing was changed. Reload the page.")
    current = examples.get(store, example)
    text = outcome.fingerprint(current) if current else ""
    said = Label(found.id, example, actor, Answer(decision), "", ideal.strip(), note.strip(), 0.0, text)
    current = _sayable(store, said)
    agreeing = [label.person for label in given if _same(label, said)]
    word = Outcome(Standing.agreed, said.decision, said.ideal, tuple(dict.fromkeys((*agreeing, actor))))
    after = outcome.becomes(current, word, briefs.latest(store, found.project))
    payload = {
        "queue": found.id, "example": example, "decision": said.decision.value, "note": said.note,
        "becomes": to_json(after) if after else None,
    }  # fmt: skip
    store.act("label.settled", actor, payload, found.project)
    return after or current


def _same(one: Label, other: Label) -> bool:
    """Whether two labels say the same of the same text."""
    return (one.decision, one.ideal, one.text) == (other.decision, other.ideal, other.text)
