"""Should we fine-tune at all? From what is known of a project to one of four answers. Pure.

The rules are asked in order and the first that holds decides; the last one always does. docs/should-we-tune.md says
where each comes from and which figures are ours.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from studio.wording import percent

PROMPT_KEEPS = 0.9
"""A prompt is good enough when the lower end of the interval of the rules it keeps reaches this share (ours)."""
ENOUGH = 100
"""Approved examples in all: Google's “100+ examples”, OpenAI's “50-100”."""
ENOUGH_A_SLICE = 10
"""Approved examples of each kind of input (ours): fewer leave none for the validation and test splits."""
AGREE = 0.667
"""Krippendorff's lowest alpha on which tentative conclusions may rest."""
ENOUGH_JUDGED = 20
"""Items that two people judged; below, agreement counts as unknown (ours)."""


@dataclass(frozen=True)
class Source:
    """Public guidance that a rule leans on: whose, where, and what it says in our words."""

    name: str
    url: str
    says: str


SOURCES = (
    Source(
        "Google Cloud, Vertex AI: About supervised fine-tuning for Gemini models",
        "https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning",
        "A prompt that says the task clearly and gets it consistently is enough; tuning is for what prompts do not "
        "get across, such as a form, a voice, an edge case.",
    ),
    Source(
        "Google Cloud, Vertex AI: Introduction to tuning",
        "https://cloud.google.com/vertex-ai/docs/generative-ai/models/tune-models",
        "Tuning suits a sizable set of examples, 100 or more, and allows shorter prompts at lower cost.",
    ),
    Source(
        "OpenAI: Supervised fine-tuning",
        "https://developers.openai.com/docs/guides/distillation",
        "Set up the evaluation first; improvements show from 50 to 100 well-made examples.",
    ),
    Source(
        "OpenAI: Model optimization",
        "https://developers.openai.com/api/docs/guides/model-optimization",
        "Evaluate, then prompt, then tune if it is still worth it, and go round again.",
    ),
    Source(
        "Microsoft Learn: Compare and combine optimization strategies",
        "https://learn.microsoft.com/en-gb/training/modules/optimize-generative-ai-model-performance/"
        "5-compare-combine-strategies",
        "What the model lacks in knowledge is a matter of retrieval; form, style and tone are a matter of tuning; the "
        "prompt is the ground under both.",
    ),
    Source(
        "OpenAI: Fine-tuning best practices",
        "https://developers.openai.com/api/docs/guides/fine-tuning-best-practices",
        "Look at the agreement in the examples: a model does not do better than the people who wrote them agree.",
    ),
    Source(
        "Hugging Face, LLM Course: Supervised fine-tuning",
        "https://huggingface.co/learn/nlp-course/chapter11/3",
        "First ask whether a well-prompted model would do; tune where that falls short or where the cost of a large "
        "model outweighs that of tuning a smaller one.",
    ),
    Source(
        "Anthropic: Guide to prompt engineering resources",
        "https://docs.anthropic.com/claude/docs/guide-to-anthropics-prompt-engineering-resources",
        "A prompt is far faster to change than a tuned model, and stays usable when the model below is replaced.",
    ),
    Source(
        "K. Krippendorff: Content Analysis (2004), chapter 11",
        "https://en.wikipedia.org/wiki/Krippendorff%27s_alpha",
        "Below an alpha of 0.667 not even tentative conclusions should rest on judgements.",
    ),
)


class Answer(enum.StrEnum):
    prompt = "prompt"
    retrieve = "retrieve"
    collect = "collect"
    tune = "tune"


QUESTIONS: dict[str, dict[str, str]] = {
    "facts": {
        "no": "No, all it needs is in the input or does not change",
        "yes": "Yes, facts that change, or sources that it must name",
    },
    "changes": {
        "rarely": "A few times a year, or less",
        "monthly": "About every month",
        "weekly": "Every week, or more often",
    },
    "traffic": {
        "few": "Fewer than 1,000",
        "some": "1,000 to 100,000",
        "many": "More than 100,000",
    },
    "cheaper": {
        "no": "No, we want better answers",
        "yes": "Yes, the prompt is long, slow or dear, or a smaller model should do",
    },
}
"""What only people can answer: question -> value -> the words of that answer."""


@dataclass(frozen=True)
class Evidence:
    """What is known. None or "" is unknown and decides nothing.

    `prompts`: prompts that people wrote. `kept`: (share, lower end, upper end) of the rules that the best of them keeps
    on validation inputs, 95 % interval, over `scored` inputs. `approved`: examples by kind of input, of those that the
    brief names; `approved_in_all`. `agreement`: of people who judged the same items, at most 1, 0 for luck, over
    `judged` items. The rest: answers of people to the `QUESTIONS`.
    """

    prompts: int = 0
    kept: tuple[float, float, float] | None = None
    scored: int = 0
    approved: Mapping[str, int] = dataclasses.field(default_factory=dict)
    approved_in_all: int = 0
    agreement: float | None = None
    judged: int = 0
    facts: str = ""
    changes: str = ""
    traffic: str = ""
    cheaper: str = ""

    @property
    def thin(self) -> dict[str, int]:
        """The kinds of input with too few approved examples, with how many they have."""
        return {name: n for name, n in self.approved.items() if n < ENOUGH_A_SLICE}


@dataclass(frozen=True)
class Change:
    """Something that would lead to another answer: the field of `Evidence` that it is about, what would have to be so,
    and where it would lead."""

    about: str
    if_so: str
    then: Answer


@dataclass(frozen=True)
class Advice:
    """`reasons`: in the order they counted, the first one decided. `unknown`: names of what is not known.
    `would_change`: each single thing that is known and would lead elsewhere if it were different; `open_changes`: the
    same of things that are not known."""

    answer: Answer
    rule: str
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]
    would_change: tuple[Change, ...]
    open_changes: tuple[Change, ...]


Rule = Callable[[Evidence], str | None]


def _fresh_facts(known: Evidence) -> str | None:
    if known.facts != "yes":
        return None
    return (
        "It needs facts that change, or sources to name. Training teaches how to answer, not what is true today: look "
        "the facts up for each answer (retrieval) and put them into the prompt."
    )


def _moving_task(known: Evidence) -> str | None:
    if known.changes != "weekly":
        return None
    return "The task changes every week. A prompt is changed in a minute; a tuned model must be taught again each time."


def _no_prompt(known: Evidence) -> str | None:
    if known.prompts:
        return None
    return "Nobody has written a prompt for it yet. That is the cheapest thing to try, and what tuning must beat."


def _not_scored(known: Evidence) -> str | None:
    if known.kept is not None:
        return None
    return (
        "No prompt has been scored on validation inputs. Without that figure nobody can tell whether tuning would help."
    )


def _good_enough(known: Evidence) -> str | None:
    if known.kept is None or known.kept[1] < PROMPT_KEEPS or _saves(known):
        return None
    said = (
        f"The best prompt keeps {percent(known.kept[0])} of the rules on {known.scored:,} validation inputs (at least "
        f"{percent(known.kept[1])}, with 95 % confidence). There is little left to win in quality"
    )
    if known.cheaper == "yes" and known.traffic == "few":
        return f"{said}, and with so little traffic a cheaper model would not pay for its upkeep."
    if known.cheaper == "yes":
        return f"{said}; whether a cheaper model pays depends on the traffic, which nobody has said."
    return f"{said}."


def _saves(known: Evidence) -> bool:
    """Whether a shorter prompt or a smaller model is wanted where the traffic makes it pay."""
    return known.cheaper == "yes" and known.traffic in ("some", "many")


def _no_agreement(known: Evidence) -> str | None:
    if known.agreement is None or known.judged < ENOUGH_JUDGED or known.agreement >= AGREE:
        return None
    return (
        f"People who judged the same {known.judged:,} items agree little beyond luck ({known.agreement:.2f}, where "
        f"{AGREE} is the least one may build on). A model learns what they agree on: sharpen the criteria on the items "
        "they split on, then judge again."
    )


def _too_few(known: Evidence) -> str | None:
    if known.approved_in_all >= ENOUGH:
        return None
    return f"{known.approved_in_all:,} examples are approved; tuning begins to help at about {ENOUGH}."


def _thin_slices(known: Evidence) -> str | None:
    if not known.thin:
        return None
    named = ", ".join(f"{name} ({n})" for name, n in known.thin.items())
    return f"Too few approved examples of: {named}. At least {ENOUGH_A_SLICE} of each kind, so that each can be tested."


def _tune(known: Evidence) -> str | None:
    if known.kept is None:
        return None
    left = f"The best prompt keeps {percent(known.kept[0])} of the rules; {known.approved_in_all:,} approved examples"
    if known.kept[1] >= PROMPT_KEEPS:
        return f"{left} can teach a smaller model, or one with a shorter prompt, to do as well for less."
    return f"{left} can teach what the prompt does not get across."


RULES: tuple[tuple[str, Answer, Rule], ...] = (
    ("fresh facts", Answer.retrieve, _fresh_facts),
    ("the task moves", Answer.prompt, _moving_task),
    ("no prompt yet", Answer.prompt, _no_prompt),
    ("no prompt scored", Answer.prompt, _not_scored),
    ("the prompt is good enough", Answer.prompt, _good_enough),
    ("people do not agree", Answer.collect, _no_agreement),
    ("too few examples", Answer.collect, _too_few),
    ("a kind of input is thin", Answer.collect, _thin_slices),
    ("tune", Answer.tune, _tune),
)
"""In the order they are asked: the name, where it leads, and what it says of the evidence (None: it does not hold)."""


def _first(known: Evidence) -> tuple[str, Answer]:
    name, answer, _ = next(rule for rule in RULES if rule[2](known))
    return name, answer


def advise(known: Evidence) -> Advice:
    """The answer for this evidence. There always is one: the rules that lead to `tune` end the list."""
    rule, answer = _first(known)
    said = [(to, sentence) for _, to, test in RULES if (sentence := test(known))]
    # A rule further down that leads elsewhere is no reason for this answer, but is still worth knowing.
    reasons = [said[0][1], *(s for to, s in said[1:] if to is answer), *(s for to, s in said[1:] if to is not answer)]
    if answer is not Answer.tune:
        reasons = [s for s in reasons if s != _tune(known)]
    others = [(change, was) for change, was in _others(known) if change.then is not answer]
    return Advice(
        answer, rule, tuple(reasons), unknown(known), tuple(change for change, was in others if was),
        tuple(change for change, was in others if not was),
    )  # fmt: skip


def unknown(known: Evidence) -> tuple[str, ...]:
    """The names of what is not known: fields of `Evidence`."""
    names = [name for name in QUESTIONS if not getattr(known, name)]
    names += ["kept"] * (known.kept is None)
    names += ["agreement"] * (known.agreement is None or known.judged < ENOUGH_JUDGED)
    return tuple(names)


def _others(known: Evidence) -> list[tuple[Change, bool]]:
    """Each single difference from this evidence, with the answer it leads to and whether it is known now."""
    found = []
    for name, words, values in _WHAT_IF:
        missing = name in unknown(known)
        other = dataclasses.replace(known, **values(known))  # type: ignore[arg-type]
        if other != known:
            found.append((Change(name, words, _first(other)[1]), not missing))
    return found


def _enough(known: Evidence) -> dict[str, object]:
    full = {name: max(n, ENOUGH_A_SLICE) for name, n in known.approved.items()}
    return {"approved": full, "approved_in_all": max(known.approved_in_all, ENOUGH)}


def _prompt_at(share: float) -> Callable[[Evidence], dict[str, object]]:
    return lambda known: {
        "kept": (share, share, share), "prompts": max(known.prompts, 1), "scored": max(known.scored, 1)
    }  # fmt: skip


def _prompt_falls_short(known: Evidence) -> dict[str, object]:
    return {} if known.kept and known.kept[1] < PROMPT_KEEPS else _prompt_at(PROMPT_KEEPS / 2)(known)


def _prompt_does_it(known: Evidence) -> dict[str, object]:
    return {} if known.kept and known.kept[1] >= PROMPT_KEEPS else _prompt_at(1.0)(known)


def _judged(value: float) -> Callable[[Evidence], dict[str, object]]:
    def change(known: Evidence) -> dict[str, object]:
        sure = known.agreement is not None and known.judged >= ENOUGH_JUDGED
        if sure and known.agreement is not None and (known.agreement >= AGREE) == (value >= AGREE):
            return {}
        return {"agreement": value, "judged": max(known.judged, ENOUGH_JUDGED)}

    return change


def _said(name: str, value: str) -> Callable[[Evidence], dict[str, object]]:
    return lambda known: {name: value}


def _cheaper_and_busy(known: Evidence) -> dict[str, object]:
    return {"cheaper": "yes", "traffic": known.traffic if known.traffic in ("some", "many") else "many"}


_WHAT_IF: tuple[tuple[str, str, Callable[[Evidence], dict[str, object]]], ...] = (
    ("facts", "it needed facts that change, or sources to name", _said("facts", "yes")),
    ("facts", "it needed no facts that change", _said("facts", "no")),
    ("changes", "the task changed every week", _said("changes", "weekly")),
    ("changes", "the task stayed the same for months", _said("changes", "rarely")),
    ("kept", "a prompt were scored and fell short of the rules", _prompt_falls_short),
    ("kept", "a prompt were scored and kept the rules", _prompt_does_it),
    ("cheaper", "a shorter prompt or a smaller model were the aim, with traffic that makes it pay", _cheaper_and_busy),
    ("cheaper", "better answers were the only aim", _said("cheaper", "no")),
    ("traffic", "there were fewer than 1,000 requests a month", _said("traffic", "few")),
    ("traffic", "there were more than 100,000 requests a month", _said("traffic", "many")),
    ("agreement", "people disagreed on what is good", _judged(0.0)),
    ("agreement", "people agreed on what is good", _judged(1.0)),
    ("approved", f"there were {ENOUGH} approved examples, {ENOUGH_A_SLICE} or more of each kind of input", _enough),
)
