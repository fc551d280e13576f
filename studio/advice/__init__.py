"""Should we fine-tune at all? Plain questions, answered by the studio where it knows, with one answer of four."""

from studio.advice.evidence import answer, best_prompt, gather
from studio.advice.rules import ENOUGH_JUDGED, QUESTIONS, RULES, SOURCES, Advice, Answer, Change, Evidence, advise

__all__ = [
    "ENOUGH_JUDGED", "QUESTIONS", "RULES", "SOURCES", "Advice", "Answer", "Change", "Evidence", "advise",
    "answer", "best_prompt", "gather",
]  # fmt: skip
