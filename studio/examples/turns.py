"""A chat as one example: the last user message is the input, what stands before it stays turn by turn.

Read are OpenAI messages (with content parts), ShareGPT, Alpaca's history, and pairs of answers to one chat. What an
example cannot hold (tools, images, a system text in the middle) is refused with its reason, never flattened.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Speaker, Turn

# (role field, text field) and the names the two conventions give to the speakers.
_FIELDS = (("role", "content"), ("from", "value"))
_SYSTEM = "system"
_SPEAKERS = {
    "system": _SYSTEM,
    "developer": _SYSTEM,
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_READ = {name for pair in _FIELDS for name in pair}


class Unreadable(ValueError):
    """This record cannot be taken; the message is the reason, in words that follow "row 7: "."""


@dataclass(frozen=True)
class Conversation:
    """One chat. `ideal` is empty when the chat ends with the user.

    `joined`: several parts of text, or several system texts at the start, became one. `left_out`: fields of messages
    that say neither who nor what.
    """

    input: str
    ideal: str = ""
    earlier: tuple[Turn, ...] = ()
    system: str = ""
    joined: bool = False
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Message:
    speaker: str
    text: str
    joined: bool


def is_message(value: object) -> bool:
    return isinstance(value, dict) and _field(value) is not None


def is_turns(value: object) -> bool:
    """Whether a value is a list of chat messages."""
    return isinstance(value, list) and bool(value) and all(is_message(t) for t in value)


def messages(value: object) -> list[dict[str, Any]]:
    """A list of messages, one message, or either as JSON text. Raises Unreadable for anything else."""
    if isinstance(value, str):
        value = _from_text(value, "the chat")
    if is_message(value):
        value = [value]
    if not is_turns(value):
        raise Unreadable("the chat is not a list of messages with a role and a text")
    assert isinstance(value, list)
    return value


def spoken(speaker: Speaker, text: str) -> dict[str, Any]:
    """A text as a message."""
    return {"role": speaker.value, "content": text}


def conversation(given: Sequence[dict[str, Any]]) -> Conversation:
    """The chat in `given`. Raises Unreadable for what one example cannot hold."""
    said = [_message(m) for m in given]
    left_out = frozenset(k for m in given for k, v in m.items() if k not in _READ and v not in (None, "", [], {}))
    leading = next((i for i, m in enumerate(said) if m.speaker != _SYSTEM), len(said))
    system = [m.text for m in said[:leading] if m.text]
    turns = said[leading:]
    if any(m.speaker == _SYSTEM for m in turns):
        raise Unreadable("the chat has a system text in the middle, which an example cannot hold")
    ideal = ""
    if turns and turns[-1].speaker == "assistant":
        _learned(given[-1])
        ideal = turns.pop().text
    if not any(m.speaker == "user" for m in turns):
        raise Unreadable("the chat has no user turn")
    if turns[-1].speaker != "user":
        raise Unreadable("the chat ends with two turns of the assistant, and an example has one answer")
    earlier = tuple(Turn(Speaker(m.speaker), m.text) for m in turns[:-1])
    _no_blank(earlier)
    joined = len(system) > 1 or any(m.joined for m in said)
    return Conversation(turns[-1].text, ideal, earlier, "\n\n".join(system), joined, left_out)


def whole(context: list[dict[str, Any]], answer: list[dict[str, Any]]) -> Conversation:
    """The chat that `context` and an answer to it make. Raises Unreadable, also when the context has its answer."""
    if answer and context and _message(context[-1]).speaker == "assistant" and not _repeats(answer):
        raise Unreadable("the chat ends with an answer, and there is another one beside it")
    return conversation(_whole(context, answer) if answer else context)


def preferred(
    context: list[dict[str, Any]], chosen: list[dict[str, Any]], rejected: list[dict[str, Any]]
) -> tuple[Conversation, str]:
    """The chat with the preferred answer as its ideal, and the rejected answer.

    `chosen` and `rejected` are answers to `context`, or whole chats that repeat it. Raises Unreadable when they do not
    answer the same chat.
    """
    good, bad = (whole(context, answer) for answer in (chosen, rejected))
    if (good.input, good.earlier, good.system) != (bad.input, bad.earlier, bad.system):
        raise Unreadable("the preferred and the rejected answer do not reply to the same turns")
    return good, bad.ideal


def earlier_turns(value: object) -> tuple[Turn, ...]:
    """Turns before the input: messages, or Alpaca's history ([[question, answer], ...]); also as JSON text."""
    if isinstance(value, str):
        value = _from_text(value, "the list of earlier turns") if value.strip() else []
    if value in (None, []):
        return ()
    if isinstance(value, list) and all(_is_exchange(v) for v in value):
        value = [spoken(s, text) for v in value for s, text in zip(Speaker, v, strict=True)]
    if not is_turns(value):
        raise Unreadable("the earlier turns are not a list of messages with a role and a text")
    assert isinstance(value, list)
    said = [_message(m) for m in value]
    if any(m.speaker == _SYSTEM for m in said):
        raise Unreadable("the earlier turns hold a system text, which belongs in a column called system")
    turns = tuple(Turn(Speaker(m.speaker), m.text) for m in said)
    _no_blank(turns)
    return turns


def _whole(context: list[dict[str, Any]], answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answer with its context, unless it is a chat that repeats the context itself."""
    if not _repeats(answer):
        if not context:
            raise Unreadable("the answers come without the prompt they reply to")
        return [*context, *answer]
    asked = [m.text for m in map(_message, context) if m.speaker == "user"]
    if asked and asked[-1] not in [m.text for m in map(_message, answer) if m.speaker == "user"]:
        raise Unreadable("the answer is a chat about something other than the prompt beside it")
    return answer


def _repeats(answer: list[dict[str, Any]]) -> bool:
    """Whether an answer is a whole chat, with what it replies to."""
    return any(_message(m).speaker != "assistant" for m in answer)


def _learned(message: dict[str, Any]) -> None:
    for name in ("weight", "loss_weight"):
        if message.get(name) == 0 and name in message:
            raise Unreadable("the last answer is marked as one not to learn from (weight 0)")


def _no_blank(turns: tuple[Turn, ...]) -> None:
    for number, turn in enumerate(turns, start=1):
        if not turn.text.strip():
            raise Unreadable(f"turn {number} of the chat is empty")


def _is_exchange(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(t, str) for t in value)


def _from_text(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Unreadable(f"{what} is not valid JSON") from wrong


def _field(turn: dict[str, Any]) -> tuple[str, str] | None:
    return next((f for f in _FIELDS if f[0] in turn), None)


def _message(turn: dict[str, Any]) -> _Message:
    field = _field(turn)
    assert field is not None
    role = turn[field[0]]
    speaker = _SPEAKERS.get(role) if isinstance(role, str) else None
    if speaker is None or turn.get("tool_calls") or turn.get("function_call"):
        raise Unreadable(f'the chat has a turn the studio cannot hold ("{str(role)[:30]}": tools and other speakers)')
    text, joined = _content(turn.get(field[1]))
    return _Message(speaker, text, joined)


def _content(content: object) -> tuple[str, bool]:
    if content is None:
        return "", False
    if isinstance(content, str):
        return content, False
    if isinstance(content, list) and all(isinstance(p, dict) and p.get("type") == "text" for p in content):
        texts = [p.get("text", p.get("value")) for p in content]
        if all(isinstance(t, str) for t in texts):
            return "\n".join(texts), len(texts) > 1
    raise Unreadable("a message holds something other than text, such as an image")
