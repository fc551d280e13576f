"""Rows as the model reads them: token ids, what of them is learned, and how much each token counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.generation import chat
from studio.records import Prompt
from studio.train.batches import IGNORED, Encoded
from studio.train.loss import weights
from studio.train.pairs import joined
from studio.train.settings import Settings


@dataclass(frozen=True)
class Row:
    """One example to learn from. `worse`: the answer that people found worse, where it is a pair to choose from."""

    id: str
    prompt: Prompt
    ideal: str
    worse: str = ""


@dataclass(frozen=True)
class Dropped:
    """A row that was left out before training, and why."""

    id: str
    reason: str


@dataclass
class EncodedRows:
    """The rows that are learned from (their `ids` in the same order), and those that are not."""

    rows: list[Encoded] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def encode(tokenizer: Any, rows: Sequence[Row], settings: Settings, phrases: Sequence[str] = ()) -> EncodedRows:
    """Token ids and labels; the prompt is read but not learned. `phrases` weigh more (see `loss`). To learn from
    preferences, each row is a pair (see `pairs`), in which every token counts alike."""
    encoded, exact = EncodedRows(), _phrase_tokens(tokenizer, () if settings.beta else phrases)
    for row in rows:
        answers = (row.ideal, row.worse) if settings.beta else (row.ideal,)
        if not row.prompt.input.strip() or not all(answer.strip() for answer in answers):
            what = "one of its answers" if settings.beta else "its ideal output"
            encoded.dropped.append(Dropped(row.id, f"its input or {what} is empty"))
            continue
        read = [_encoded(*tokens_of(tokenizer, replace(row, ideal=answer)), exact) for answer in answers]
        length = max(len(each["input_ids"]) for each in read)
        if length > settings.max_length:
            reason = f"it is {length} tokens long and this preset reads at most {settings.max_length}"
            encoded.dropped.append(Dropped(row.id, reason))
            continue
        encoded.ids.append(row.id)
        encoded.rows.append(joined(*read) if settings.beta else read[0])
    return encoded


def _encoded(prompt: list[int], answer: list[int], exact: Sequence[Sequence[int]]) -> Encoded:
    labels = [IGNORED] * len(prompt) + answer
    return {"input_ids": prompt + answer, "labels": labels, "weights": weights(labels, exact)}


def tokens_of(tokenizer: Any, row: Row) -> tuple[list[int], list[int]]:
    """The ids of a row's prompt and of its answer, as the model reads them."""
    prompt = tokenizer(chat.render(tokenizer, row.prompt), add_special_tokens=False).input_ids
    return prompt, tokenizer(chat.answer(tokenizer, row.ideal), add_special_tokens=False).input_ids


def _phrase_tokens(tokenizer: Any, phrases: Sequence[str]) -> list[list[int]]:
    """Each phrase as it is read inside a text and at its start."""
    texts = [text for phrase in phrases for text in (f" {phrase}", phrase)]
    return [tokenizer(text, add_special_tokens=False).input_ids for text in texts]
