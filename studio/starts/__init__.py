"""Ready starts for a brief: six common tasks, each with criteria for correctness, clarity, tone, safety and usefulness.

Plain data that this project wrote. A start is a draft to change, not a standard: it brings the questions that a team
would otherwise forget to ask, and a machine check wherever one can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.records import Brief
from studio.starts import fields, texts, voice

DIMENSIONS = ("correctness", "clarity", "tone", "safety", "usefulness")


@dataclass(frozen=True)
class Start:
    """One ready start. `covers`: the criterion names of each of the `DIMENSIONS`. `own`: what a team must make its own
    before it saves; where the examples come from is left open in all of them, because only the team knows."""

    name: str
    title: str
    about: str
    brief: Brief
    covers: dict[str, tuple[str, ...]]
    own: str


STARTS = (
    Start("tone", "Tone of voice", "Drafts become texts that sound like you.", voice.TONE, {
        "correctness": ("Keeps every fact",), "clarity": ("Reads at first sight",),
        "tone": ("Sounds like us", "No stock phrases"), "safety": ("Promises nothing new",),
        "usefulness": ("The reader knows what to do",),
    }, "the phrases that you never use, and the words that a lawyer wants to see first"),
    Start("support", "Support replies", "Customers learn what happens next.", voice.SUPPORT, {
        "correctness": ("Repeats the right reference",), "clarity": ("Short and plain",),
        "tone": ("Kind without grovelling",), "safety": ("Asks for nothing secret",),
        "usefulness": ("Says the next step and when",),
    }, "what your references look like (it looks for two letters and five digits), and your kinds of message"),
    Start("classification", "Classification", "Each message gets the one label that fits.", fields.CLASSIFY, {
        "correctness": ("The right label",), "clarity": ("One label and nothing else",),
        "tone": ("Neutral about the sender",), "safety": ("Not talked into a label",),
        "usefulness": ("“other” only when nothing fits",),
    }, "the labels"),
    Start("extraction", "Extraction to JSON", "Fields of a text, and nothing invented.", fields.EXTRACT, {
        "correctness": ("Every field is right",), "clarity": ("Keeps the schema",), "tone": ("No remarks",),
        "safety": ("Takes no more than it was asked for",), "usefulness": ("Null where the text is silent",),
    }, "the fields, in the schema and in the check of every field"),
    Start("summaries", "Summaries", "What it says and what follows, in a minute.", texts.SUMMARY, {
        "correctness": ("Only what the text says",), "clarity": ("Fits in a minute", "Plain words"),
        "tone": ("Even-handed",), "safety": ("Gives no contact details away",), "usefulness": ("Says what follows",),
    }, "the length, and what counts as sensitive"),
    Start("rewriting", "Rewriting", "The same in fewer, plainer words.", texts.REWRITE, {
        "correctness": ("Means the same",), "clarity": ("Easier to read",), "tone": ("Keeps the register",),
        "safety": ("Warnings stay whole",), "usefulness": ("Only the text",),
    }, "the reading grade, for your readers"),
)  # fmt: skip


def named(name: str) -> Start:
    """The start with this name. Raises KeyError for an unknown one."""
    return {start.name: start for start in STARTS}[name]
