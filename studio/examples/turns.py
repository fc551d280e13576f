"""One chat as one input and one ideal output: OpenAI messages with content parts, and ShareGPT."""

from __future__ import annotations

import json
from typing import Any

# (role field, text field) and the names the two conventions give to the speakers.
_FIELDS = (("role", "content"), ("from", "value"))
_SPEAKERS = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_TITLES = {"system": "System", "user": "User", "assistant": "Assistant"}


class Unreadable(ValueError):
    """This record cannot be taken; the message is the reason, in words that follow "row 7: "."""


def is_turns(value: object) -> bool:
    """Whether a value is a list of chat messages."""
    return isinstance(value, list) and bool(value) and all(isinstance(t, dict) and _field(t) for t in value)


def input_and_ideal(value: object) -> tuple[str, str, bool]:
    """A chat with exactly one user turn as (input, ideal, transcript?).

    The last assistant turn is the ideal, empty when there is none. A user turn alone is the input as it
    is; with other turns around it, the input is a transcript ("System: ...", "User: ..."). Raises
    Unreadable for several user turns, tool calls, and content that is not text.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if not is_turns(value):
        raise Unreadable("the chat is not a list of messages with a role and a text")
    assert isinstance(value, list)
    turns = [_turn(t) for t in value]
    asked = sum(speaker == "user" for speaker, _ in turns)
    if not asked:
        raise Unreadable("the chat has no user turn")
    if asked > 1:
        raise Unreadable(f"the chat has {asked} user turns; only single questions are taken so far")
    ideal = turns.pop()[1] if turns[-1][0] == "assistant" else ""
    if len(turns) == 1:
        return turns[0][1], ideal, False
    return "\n\n".join(f"{_TITLES[speaker]}: {text}" for speaker, text in turns), ideal, True


def _from_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Unreadable("the chat is not valid JSON") from wrong


def _field(turn: dict[str, Any]) -> tuple[str, str] | None:
    return next((f for f in _FIELDS if f[0] in turn), None)


def _turn(turn: dict[str, Any]) -> tuple[str, str]:
    field = _field(turn)
    assert field is not None
    role = turn[field[0]]
    speaker = _SPEAKERS.get(role) if isinstance(role, str) else None
    if speaker is None or turn.get("tool_calls") or turn.get("function_call"):
        raise Unreadable(f'the chat has a turn the studio cannot hold ("{str(role)[:30]}": tools and other speakers)')
    return speaker, _content(turn.get(field[1]))


def _content(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(p, dict) and p.get("type") == "text" for p in content):
        texts = [p.get("text", p.get("value")) for p in content]
        if len(texts) == 1 and isinstance(texts[0], str):
            return texts[0]
        raise Unreadable("a message has several parts of text, which the studio would have to join")
    raise Unreadable("a message holds something other than text, such as an image")
