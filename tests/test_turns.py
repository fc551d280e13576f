"""Conversations on their way in: turn by turn, never flattened; refused by row where one example cannot hold them."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.examples.batch import ParsedBatch
from studio.examples.parse import parse_file
from studio.records import Speaker, Turn

Q, A = Speaker.user, Speaker.assistant


def say(role: str, content: object, **more: object) -> dict[str, object]:
    return {"role": role, "content": content, **more}


def read(tmp_path: Path, *rows: dict[str, Any]) -> ParsedBatch:
    file = tmp_path / "upload"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return parse_file(file, name="rows.jsonl")


def reason(tmp_path: Path, *chat: dict[str, Any]) -> str:
    batch = read(tmp_path, {"messages": list(chat)})
    assert not batch.rows
    return batch.refused[0].reason


def test_a_chat_keeps_its_turns_and_its_system_text(tmp_path: Path) -> None:
    chat = [
        say("system", "Be kind."),
        say("user", "q1"),
        say("assistant", "a1"),
        say("user", "q2"),
        say("assistant", "a2"),
    ]
    (row,) = read(tmp_path, {"messages": chat}).rows
    assert (row.system, row.input, row.ideal) == ("Be kind.", "q2", "a2")
    assert row.earlier == (Turn(Q, "q1"), Turn(A, "a1"))


def test_a_chat_that_ends_with_the_user_still_needs_its_answer(tmp_path: Path) -> None:
    batch = read(tmp_path, {"messages": [say("user", "q1"), say("assistant", "a1"), say("user", "q2")]})
    assert [(r.input, r.ideal, len(r.earlier)) for r in batch.rows] == [("q2", "", 2)]
    assert "Rows whose ideal output is still to be written: 1." in batch.notes
    assert "Conversations with earlier turns: 1." in batch.notes


def test_content_parts_are_text_and_joined_aloud(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "Look:"}, {"type": "text", "text": "here"}]
    batch = read(
        tmp_path,
        {"messages": [say("user", parts[:1]), say("assistant", [{"type": "text", "value": "a"}])]},
        {"messages": [say("user", parts, name="Ann"), say("assistant", "a")]},
    )
    assert [(r.input, r.ideal) for r in batch.rows] == [("Look:", "a"), ("Look:\nhere", "a")]
    assert "Chats in which several parts of one text were joined: 1." in batch.notes
    assert "Fields of messages not imported: name." in batch.notes


def test_what_one_example_cannot_hold_is_refused_by_row(tmp_path: Path) -> None:
    q, a = say("user", "q"), say("assistant", "a")
    assert "several" not in reason(tmp_path, q, say("tool", "42"), a)
    assert '"tool": tools and other speakers' in reason(tmp_path, q, say("tool", "42"), a)
    assert "tools" in reason(tmp_path, q, say("assistant", None, tool_calls=[{"id": "1"}]))
    assert "image" in reason(tmp_path, say("user", [{"type": "image_url", "image_url": "x"}]), a)
    assert "system text in the middle" in reason(tmp_path, q, say("system", "s"), a)
    assert "no user turn" in reason(tmp_path, say("system", "s"), a)
    assert "two turns of the assistant" in reason(tmp_path, q, a, a)
    assert "turn 1 of the chat is empty" in reason(tmp_path, say("user", " "), a, q, a)
    assert "weight 0" in reason(tmp_path, q, say("assistant", "a", weight=0))
    assert "the input is empty" in reason(tmp_path, say("user", ""), a)
    assert "NUL byte" in reason(tmp_path, say("user", "a\x00"), a, q, a)


def test_sharegpt_with_a_system_column_and_tools(tmp_path: Path) -> None:
    def talk(*said: str) -> list[dict[str, str]]:
        return [{"from": ("human", "gpt")[i % 2], "value": text} for i, text in enumerate(said)]

    batch = read(
        tmp_path,
        {"conversations": talk("q1", "a1", "q2", "a2"), "system": "Be kind.", "tools": ""},
        {"conversations": talk("q1", "a1"), "tools": "[{}]"},
        {"conversations": [{"from": "system", "value": "s"}, *talk("q", "a")], "system": "another"},
    )
    assert [(r.system, r.input, r.ideal, len(r.earlier)) for r in batch.rows] == [("Be kind.", "q2", "a2", 2)]
    assert ["tools" in r.reason or "of its own" in r.reason for r in batch.refused] == [True, True]


def test_alpaca_with_history_and_system(tmp_path: Path) -> None:
    row = {"instruction": "Now this", "input": "Haus", "output": "house", "system": "s", "history": [["q", "a"]]}
    (kept,) = read(tmp_path, row).rows
    assert (kept.input, kept.ideal, kept.system) == ("Now this\n\nHaus", "house", "s")
    assert kept.earlier == (Turn(Q, "q"), Turn(A, "a"))
    batch = read(tmp_path, {**row, "history": "long ago"})
    assert batch.refused[0].reason == "the list of earlier turns is not valid JSON"


PROMPT = [say("system", "s"), say("user", "q")]


@pytest.mark.parametrize(
    "pair",
    [
        {"prompt": "q", "system": "s", "chosen": "good", "rejected": "bad"},
        {"prompt": PROMPT, "chosen": [say("assistant", "good")], "rejected": [say("assistant", "bad")]},
        {"chosen": [*PROMPT, say("assistant", "good")], "rejected": [*PROMPT, say("assistant", "bad")]},
        {"prompt": "q", "chosen": [*PROMPT, say("assistant", "good")], "rejected": [*PROMPT, say("assistant", "bad")]},
        {"messages": PROMPT, "chosen": say("assistant", "good"), "rejected": say("assistant", "bad")},
        {
            "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
        {"instruction": "q", "input": "", "system": "s", "chosen": "good", "rejected": "bad"},
        {
            "chosen_messages": [*PROMPT, say("assistant", "good")],
            "rejected_messages": [*PROMPT, say("assistant", "bad")],
        },
    ],
    ids=["text", "explicit", "implicit", "both", "messages", "sharegpt", "alpaca", "content-parts"],
)
def test_a_preference_pair_keeps_the_rejected_answer_as_the_worse_one(tmp_path: Path, pair: dict[str, Any]) -> None:
    batch = read(tmp_path, pair)
    assert batch.shape == "preference pairs"
    (row,) = batch.rows
    assert (row.system, row.input, row.ideal, row.worse) == ("s", "q", "good", "bad")


def test_pairs_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    other = [say("user", "another"), say("assistant", "bad")]
    good = [say("user", "q"), say("assistant", "good")]
    batch = read(tmp_path, {"chosen": good, "rejected": other}, {"chosen": "Human: q", "rejected": "Human: q"})
    assert ["same turns" in batch.refused[0].reason, "without the prompt" in batch.refused[1].reason] == [True, True]
    batch = read(tmp_path, {"prompt": "q9", "chosen": good, "rejected": good})
    assert "something other than the prompt" in batch.refused[0].reason


def test_an_answer_people_disliked_becomes_the_worse_one(tmp_path: Path) -> None:
    chat = [say("user", "q"), say("assistant", "a")]
    for rows in (
        [{"messages": chat, "label": True}, {"messages": chat, "label": False}],
        [{"prompt": "q", "completion": "a", "label": True}, {"prompt": "q", "completion": "a", "label": False}],
    ):
        batch = read(tmp_path, *rows)
        assert [(r.ideal, r.worse) for r in batch.rows] == [("a", ""), ("", "a")]
        assert "Answers people did not like, kept as the worse answer: 1." in batch.notes
    file = tmp_path / "mapped.csv"
    file.write_text("asked,said,label\nq,a,true\nq,a,False\n")
    mapped = parse_file(file, name="mapped.csv", mapping={"prompt": "asked", "completion": "said"})
    assert [(r.ideal, r.worse) for r in mapped.rows] == [("a", ""), ("", "a")]
    batch = read(tmp_path, {"prompt": "q", "completion": "a", "label": "delivery"})
    assert batch.rows[0].ideal == "a" and "Columns not imported: label." in batch.notes


def test_rights_dates_and_tags_are_read_or_refused(tmp_path: Path) -> None:
    base = {"prompt": "q", "completion": "a"}
    batch = read(
        tmp_path,
        base | {"license": "CC BY", "consent": "given", "expires": "2026-12-31T00:00:00", "tags": ["x"], "source": "u"},
        base | {"consent": "yes"},
        base | {"expires": "31/12/2026"},
        base | {"expires": "20261231"},
    )
    (row,) = batch.rows
    assert (row.licence, row.consent.value, row.expires, row.tags, row.source) == (
        "CC BY", "given", "2026-12-31", ("x",), "u",
    )  # fmt: skip
    assert batch.refused[0].reason.startswith('the consent "yes" is none of unknown, given')
    assert all("is not written like 2026-12-31" in r.reason for r in batch.refused[1:])
