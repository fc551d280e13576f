"""A language model as judge, held against people before anybody reads what it says. Pure.

It is shown each pair in both orders, since such judges favour a side (L. Zheng et al., arXiv:2306.05685): it decides a
pair only when it prefers the same answer both times. How far it can be trusted is how often it agrees with what people
preferred, with its interval; where that is no better than a coin, nothing else it says is shown. It is never counted as
a person, and no gate reads it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from studio.evaluate.checks import interval
from studio.records import Brief, Prompt, Speaker
from studio.wording import between, percent

SYSTEM = (
    "You compare two answers to the same message by the rules you are given. Reply with one letter and nothing else: "
    "A if answer A is better, B if answer B is better, T if neither is."
)
_COIN = 0.5
# The letter comes first and stands alone: "a" is a word, too, as in "As a whole, B" or "A better one is B".
_SAID = re.compile(
    r"\W*(?:(?:the\s+)?(?:better\s+)?answer\s+(?:is\s+)?)?([ABT])(?=\s*(?:[^\w\s]|$)|\s*\n|\s+is\b)", re.IGNORECASE
)
_WHO = {Speaker.user: "Customer", Speaker.assistant: "Answer before"}


@dataclass(frozen=True)
class Couple:
    """Two answers to one prompt. `id` is the pair's; `first` and `second` are in an order that means nothing."""

    id: str
    prompt: Prompt
    first: str
    second: str


@dataclass(frozen=True)
class Verdicts:
    """`of`: couple -> "first", "second" or "" (none: it saw no difference, changed with the order, or answered
    neither). `asked`: couple -> the prompt it is about, as text."""

    of: Mapping[str, str]
    asked: Mapping[str, str]
    turned: int
    unread: int

    @property
    def decided(self) -> dict[str, str]:
        return {name: side for name, side in self.of.items() if side}


@dataclass(frozen=True)
class Calibration:
    """Over `n` pairs that people decided: on how many the judge `decided` too, and on how many of those it `agreed`.
    `share`: how often it agrees, the mean over the `prompts` of those pairs, since pairs of one prompt hang together;
    with its 95 % interval, exact where each prompt has one pair, else wider than it need be. `turned`: pairs
    where another order changed its mind; `people`: how often two people agree on such pairs, None where that was not
    measured."""

    n: int
    decided: int
    agreed: int
    prompts: int
    share: float
    low: float
    high: float
    turned: int
    unread: int
    people: float | None
    usable: bool
    sentence: str


@dataclass(frozen=True)
class Leaning:
    """What a judge says of one arm against another: of `n` couples it decided `decided`, and preferred the first arm in
    the share `value`, with its exact 95 % interval."""

    n: int
    decided: int
    value: float
    low: float
    high: float
    sentence: str


def questions(brief: Brief, couples: Sequence[Couple]) -> dict[str, str]:
    """Question id -> what the judge is asked: each couple in both orders."""
    rules = "\n".join(f"- {c.name}: {c.how_to_tell or c.why}".rstrip(": ") for c in brief.criteria)
    asked = {}
    for couple in couples:
        for order, (a, b) in (("1", (couple.first, couple.second)), ("2", (couple.second, couple.first))):
            talk = [f"{_WHO[turn.speaker]}: {turn.text}" for turn in couple.prompt.earlier]
            talk.append(f"Customer: {couple.prompt.input}")
            asked[f"{couple.id}/{order}"] = (
                f"The rules:\n{rules}\n\n"
                + "\n".join(talk)
                + f"\n\nAnswer A:\n{a}\n\nAnswer B:\n{b}\n\nWhich is better?"
            )
    return asked


def read(text: str) -> str:
    """What a judge replied: "a", "b", "t", or "" when it is none of these."""
    found = _SAID.match(text)
    return found[1].lower() if found else ""


def verdicts(couples: Sequence[Couple], replies: Mapping[str, str]) -> Verdicts:
    """From the replies to `questions`, in both orders."""
    sides = ({"a": "first", "b": "second"}, {"a": "second", "b": "first"})
    found, turned, unread = {}, 0, 0
    for couple in couples:
        said = [read(replies.get(f"{couple.id}/{order}", "")) for order in ("1", "2")]
        unread += not all(said)
        one, other = (side.get(letter, "") for side, letter in zip(sides, said, strict=True))
        turned += bool(one and other and one != other)
        found[couple.id] = one if one == other else ""
    return Verdicts(found, {couple.id: couple.prompt.asked for couple in couples}, turned, unread)


def calibrated(found: Verdicts, preferred: Mapping[str, str], people: float | None) -> Calibration:
    """`preferred`: couple -> the side that people preferred ("first" or "second"); `people`: how often two of them
    agree, in [0, 1]."""
    decided = {name: side for name, side in found.decided.items() if name in preferred}
    by_prompt: dict[str, list[bool]] = defaultdict(list)
    for name, side in decided.items():
        by_prompt[found.asked[name]].append(preferred[name] == side)
    agreed, prompts = sum(map(sum, by_prompt.values())), len(by_prompt)
    share = sum(sum(each) / len(each) for each in by_prompt.values()) / prompts if prompts else 0.0
    low, high = interval(share * prompts, prompts)
    usable = low > _COIN
    told = Calibration(len(preferred), len(decided), agreed, prompts, share, low, high, found.turned, found.unread,
                       people, usable, "")  # fmt: skip
    return replace(told, sentence=_calibrated_sentence(told))


def _calibrated_sentence(told: Calibration) -> str:
    if not told.decided:
        return f"It decided none of the {told.n} pairs that people decided, so it cannot be used here."
    said = (
        f"On {told.decided} of {told.n} pairs it preferred the same answer in both orders, and then agreed with people "
        f"on {percent(told.share)} ({between((told.low, told.high))}, n = {told.prompts} prompts)."
    )
    if told.people is not None:
        said += f" Two people agree on {percent(told.people)}."
    if told.turned:
        said += f" On {told.turned} it changed its mind with the order."
    if not told.usable:
        return f"{said} That may be no better than a coin, so nothing else it says is shown."
    return said


def leaning(found: Verdicts, first: str, second: str, judged: Calibration) -> Leaning:
    """What the verdicts say of the arm that wrote every `first` answer, by its name, against the other."""
    decided = found.decided
    wins, n = sum(side == "first" for side in decided.values()), len(decided)
    low, high = interval(wins, n)
    value = wins / n if n else 0.0
    said = (
        f"The judge prefers {first} to {second} on {percent(value)} ({between((low, high))}) of the "
        f"{n} of {len(found.of)} prompts it decided. It agrees with people on {percent(judged.share)} "
        f"({between((judged.low, judged.high))}); it is a model's opinion, not a vote."
    )
    return Leaning(len(found.of), n, value, low, high, said)
