"""What did tuning break? A tuned model beside its base on what has nothing to do with the task. Pure.

Three looks, all on material of the studio's own (`sets/`): how surprised a model is by neutral prose (loss); whether it
still prefers the right end of a sentence in six general skills, as lm-evaluation-harness asks such questions (the
likelihood of each end a letter); and what its answers to everyday questions are like. The base's own share says what a
skill can show: where it is not clearly above guessing, there is nothing to lose that could be seen, and that is said.

It sees broad damage. It does not see what was lost beside these few hundred items, and says nothing of safety.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from studio.evaluate import averages
from studio.evaluate.averages import Average
from studio.evaluate.checks import interval
from studio.evaluate.texts import refuses, words
from studio.health.languages import told
from studio.records import canonical, sha256
from studio.review.evidence import holm
from studio.wording import percent, several

SKILLS = {
    "grammar": "Grammar: the right of two sentences",
    "words": "What words mean",
    "facts": "Common knowledge",
    "sense": "Everyday sense",
    "reading": "Reading: an answer that stands in the text",
    "numbers": "Small numbers",
}
"""Skill -> what it is called."""
_LEVEL = 0.05
_LOSS_MATTERS = 0.05  # nats a token: about 5 % more surprised


@dataclass(frozen=True)
class Question:
    """One item of a skill: how it starts ("" for whole sentences), the right end and the wrong ones."""

    id: str
    skill: str
    start: str
    right: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """All that is asked. `neutral`: id -> prose; `outside`: id -> an everyday question."""

    skills: tuple[Question, ...]
    neutral: Mapping[str, str]
    outside: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Tells results of these items from those of others."""
        asked = [[q.id, q.start, q.right, list(q.wrong)] for q in self.skills]
        return sha256(canonical([asked, dict(self.neutral), dict(self.outside)]))


@dataclass(frozen=True)
class Seen:
    """What was measured of one model. `neutral`: id -> mean loss, nats a token; `right`: question -> whether it
    preferred the right end; `answers`: id -> what it wrote."""

    neutral: dict[str, float] = field(default_factory=dict)
    right: dict[str, bool] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Skill:
    """One skill: shares right of `n` questions, each with its 95 % interval, the share by guessing, and the paired
    `difference` (tuned minus base). `p`: McNemar's exact, Holm's over the measurable skills; 1 where nothing can be
    said. `word`: lost, gained, held or unmeasurable."""

    name: str
    n: int
    base: Average
    tuned: Average
    chance: float
    difference: Average
    p: float
    word: str
    sentence: str


@dataclass(frozen=True)
class Drift:
    """How the answers to everyday questions changed: a figure of the base and of the tuned model, and the paired
    `difference` with its 95 % interval. `p`, of shares: McNemar's exact, Holm's over them; 1 for the others. `harms`:
    there is more of what nobody wants, beyond chance."""

    name: str
    base: float
    tuned: float
    difference: Average
    p: float
    harms: bool
    sentence: str


@dataclass(frozen=True)
class Report:
    """`loss`: the tuned model's loss on neutral prose minus the base's, nats a token. `broken`: what was lost beyond
    chance, in words; nothing there does not mean that nothing was lost. `headline`: the one sentence."""

    loss: Average
    base_loss: float
    loss_sentence: str
    skills: tuple[Skill, ...]
    drifts: tuple[Drift, ...]
    broken: tuple[str, ...]
    headline: str


@functools.cache
def items() -> Items:
    """What the studio ships with."""
    skills = tuple(
        Question(row["id"], row["skill"], row["start"], row["right"], tuple(row["wrong"]))
        for row in _rows("skills.jsonl")
    )
    return Items(
        skills,
        {row["id"]: row["text"] for row in _rows("neutral.jsonl")},
        {row["id"]: row["input"] for row in _rows("outside.jsonl")},
    )


def _rows(name: str) -> list[dict[str, Any]]:
    text = resources.files("studio.evaluate").joinpath("sets", name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def prefers_right(question: Question, nats: Sequence[float]) -> bool:
    """Whether the right end is the likeliest a letter. `nats`: log likelihoods of the right end, then of the others."""
    scores = [score / len(end) for score, end in zip(nats, (question.right, *question.wrong), strict=True)]
    return scores[0] > max(scores[1:])


def report(asked: Items, base: Seen, tuned: Seen) -> Report:
    """`tuned` beside `base`, over what both were asked."""
    drifts = _drifts(base.answers, tuned.answers)
    gap = averages.difference(tuned.neutral, base.neutral, 1)
    both = [name for name in base.neutral if name in tuned.neutral]
    plain = sum(base.neutral[name] for name in both) / len(both) if both else math.nan
    skills = _skills(asked, base, tuned)
    broken = [
        f"{s.name.split(':')[0].lower()} ({s.sentence[0].lower()}{s.sentence[1:-1]})"
        for s in skills
        if s.word == "lost"
    ]
    if both and gap.low > _LOSS_MATTERS:
        broken.insert(0, f"plain prose surprises it {_more(gap.value)} more")
    broken += [drift.sentence[0].lower() + drift.sentence[1:-1] for drift in drifts if drift.harms]
    answered = sum(name in tuned.answers for name in base.answers)
    headline = _headline(broken, skills, len(both), answered)
    return Report(gap, plain, _loss_sentence(gap, plain), skills, drifts, tuple(broken), headline)


def _drifts(base: Mapping[str, str], tuned: Mapping[str, str]) -> tuple[Drift, ...]:
    """How the answers to everyday questions changed, each figure over the questions that both answered."""
    both = [name for name in base if name in tuned]
    told = [[{n: figure(texts[n]) for n in both} for texts in (base, tuned)] for _, figure, _ in _FIGURES]
    shares = [place for place, (_, _, share) in enumerate(_FIGURES) if share]
    adjusted = dict(zip(shares, holm([_mcnemar(*_changes(*told[place])) for place in shares]), strict=True))
    found = []
    for place, (name, _, share) in enumerate(_FIGURES):
        before, after = told[place]
        gap, p = averages.difference(after, before, 1), adjusted.get(place, 1.0)
        one, other = (sum(each.values()) / len(both) if both else math.nan for each in (before, after))
        figures = f"{percent(one)} before, {percent(other)} after" if share else f"{one:.0f} before, {other:.0f} after"
        low, high = (f"{100 * end:+.0f}" if share else f"{end:+.0f}" for end in (gap.low, gap.high))
        said = f"{name}: {figures} ({low} to {high}{' points' if share else ''}, n = {gap.n})."
        found.append(Drift(name, one, other, gap, p, p <= _LEVEL and gap.value > 0, said))
    return tuple(found)


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[int, int]:
    """Of how many it is so only before, and only after."""
    return sum(before[n] > after[n] for n in before), sum(after[n] > before[n] for n in before)


def _foreign(text: str) -> bool:
    found = told(text)
    return found is not None and found.language != "en"


# The everyday questions are in English and can all be answered. Whether a figure is a share of which none is wanted.
_FIGURES: tuple[tuple[str, Callable[[str], float], bool], ...] = (
    ("Words an answer", words, False),
    ("Answers that refuse", refuses, True),
    ("Answers in another language", _foreign, True),
    ("Empty answers", lambda text: not text.strip(), True),
)


def _more(nats: float) -> str:
    return percent(math.expm1(nats))


def _loss_sentence(gap: Average, plain: float) -> str:
    if not gap.n:
        return "Not measured yet."
    said = f"Loss {plain:.2f} nats a token before, {plain + gap.value:.2f} after"
    between = f"{gap.low:+.3f} to {gap.high:+.3f}, n = {gap.n} texts"
    if gap.low > _LOSS_MATTERS:
        return f"{said} ({between}): it reads plain prose {_more(gap.value)} worse than its base."
    if gap.high < _LOSS_MATTERS:
        return f"{said} ({between}): it reads plain prose as well as its base, to within 5 %."
    return f"{said} ({between}): whether it reads plain prose worse cannot be told from so few texts."


def _skills(asked: Items, base: Seen, tuned: Seen) -> tuple[Skill, ...]:
    found = []
    for name in SKILLS:
        questions = [q for q in asked.skills if q.skill == name and q.id in base.right and q.id in tuned.right]
        if questions:
            found.append(_counted(name, questions, base, tuned))
    measurable = [skill for skill in found if skill.word != "unmeasurable"]
    adjusted = iter(holm([skill.p for skill in measurable]))
    return tuple(skill if skill.word == "unmeasurable" else _judged(skill, next(adjusted)) for skill in found)


def _counted(name: str, questions: Sequence[Question], base: Seen, tuned: Seen) -> Skill:
    n, chance = len(questions), sum(1 / (1 + len(q.wrong)) for q in questions) / len(questions)
    one = {q.id: float(tuned.right[q.id]) for q in questions}
    other = {q.id: float(base.right[q.id]) for q in questions}
    before, after = _share(other), _share(one)
    gap = averages.difference(one, other, 1)
    if before.low <= chance:
        said = f"The base is at {percent(before.value)} of {n}, guessing gives {percent(chance)}: unmeasurable here."
        return Skill(SKILLS[name], n, before, after, chance, gap, 1.0, "unmeasurable", said)
    return Skill(SKILLS[name], n, before, after, chance, gap, _mcnemar(*_changes(other, one)), "", "")


def _share(right: Mapping[str, float]) -> Average:
    n, kept = len(right), sum(right.values())
    low, high = interval(kept, n)
    return Average(kept / n, low, high, n, 1)


def _judged(skill: Skill, p: float) -> Skill:
    word = "held" if p > _LEVEL else ("lost" if skill.difference.value < 0 else "gained")
    points = f"{100 * skill.difference.low:+.0f} to {100 * skill.difference.high:+.0f} points"
    said = f"From {percent(skill.base.value)} to {percent(skill.tuned.value)} right, n = {skill.n} ({points})"
    tail = {"held": "no change shown", "lost": "a loss", "gained": "a gain"}[word]
    return Skill(
        skill.name, skill.n, skill.base, skill.tuned, skill.chance, skill.difference, p, word, f"{said}: {tail}."
    )


def _mcnemar(one: int, other: int) -> float:
    """Two-sided exact p of so many changes one way and the other (Q. McNemar, Psychometrika 12, 1947)."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5))) if one + other else 1.0


def _headline(broken: Sequence[str], skills: Sequence[Skill], texts: int, answers: int) -> str:
    if broken:
        return f"Tuning broke something beside the task: {'; '.join(broken)}."
    blind = [s.name.split(":")[0].lower() for s in skills if s.word == "unmeasurable"]
    tail = f" Not measurable with this model: {', '.join(blind)}." if blind else ""
    questions = several(sum(s.n for s in skills), "question")
    asked = f"{several(texts, 'plain text')}, {questions} and {several(answers, 'answer')}"
    return f"No damage beside the task was shown; a small one could hide in so few items ({asked}).{tail}"
