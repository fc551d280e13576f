"""Exports of labelling tools: answers people agree on become ideal outputs, everything else is refused or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.examples.batch import ParsedBatch
from studio.examples.parse import parse_file


def read(tmp_path: Path, value: Any) -> ParsedBatch:
    file = tmp_path / "upload"
    file.write_text(json.dumps(value))
    return parse_file(file, name="export.json")


def result(name: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value, "id": "x", "origin": "manual"}


def task(text: Any, *annotations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    done = [{"id": n, "result": found, "was_cancelled": False} for n, found in enumerate(annotations)]
    return {"id": 1, "data": {"text": text, "meta": 3}, "annotations": done, "predictions": [], "project": 2, **more}


def test_label_studio_choices_and_texts(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "q2"}]
    batch = read(
        tmp_path,
        [
            task("Where?", [result("topic", "choices", choices=["delivery"])]),
            task(
                "Why?", [result("reply", "textarea", text=["Because."]), result("tone", "choices", choices=["a", "b"])]
            ),
            task("Who?", [], predictions=[{"result": []}]),
            task(chat, [result("reply", "textarea", text=["a2"]), result("stars", "rating", rating=4)]),
        ],
    )
    assert batch.shape == "Label Studio" and not batch.refused
    assert [(r.input, r.ideal, r.tags) for r in batch.rows] == [
        ("Where?", "delivery", ()), ("Why?", "Because.", ("tone: a, b",)), ("Who?", "", ()),
        ("q2", "a2", ("stars: 4",)),
    ]  # fmt: skip
    assert len(batch.rows[3].earlier) == 2


def test_what_label_studio_holds_and_an_example_cannot_is_refused_by_row(tmp_path: Path) -> None:
    one, other = ([result("topic", "choices", choices=[c])] for c in ("delivery", "refunds"))
    cancelled = task("q", one)
    cancelled["annotations"][0]["was_cancelled"] = True
    batch = read(
        tmp_path,
        [
            task("q", one, one),
            task("q", one, other),
            task("q", [result("label", "labels", start=1, end=3, labels=["X"])]),
            task("q", [result("a", "choices", choices=["x"]), result("b", "choices", choices=["y"])]),
            cancelled,
            {"id": 6, "text": "no task"},
            task("q", ["odd"]),  # type: ignore[list-item]
        ],
    )
    assert [(r.row, r.ideal) for r in batch.rows] == [(1, "delivery"), (5, "")]
    reasons = {r.row: r.reason for r in batch.refused}
    assert "differently" in reasons[2] and "marks inside the text" in reasons[3] and "which answer" in reasons[4]
    assert "no task of Label Studio" in reasons[6] and "not in the form" in reasons[7]
    assert batch.total == 7


FIELDS = {"text": "Where?"}


@pytest.mark.parametrize(
    "item",
    [
        {
            "id": "1", "status": "completed", "fields": FIELDS, "metadata": {}, "vectors": {}, "_server_id": "u",
            "responses": {"label": [{"value": "delivery", "user_id": "a"}, {"value": "delivery", "user_id": "b"}]},
            "suggestions": {"label": {"value": "refunds", "score": 0.2, "agent": "m"}},
        },
        {
            "fields": FIELDS, "metadata": {}, "external_id": None,
            "responses": [
                {"values": {"label": {"value": "delivery"}}, "status": "submitted", "user_id": "a"},
                {"values": {"label": {"value": "other"}}, "status": "discarded", "user_id": "b"},
            ],
            "suggestions": [{"question_name": "label", "value": "refunds"}],
        },
        {
            "id": "1", "status": "completed", "_server_id": "u", "text": "Where?", "label.responses": ["delivery"],
            "label.responses.users": ["a"], "label.responses.status": ["submitted"], "label.suggestion": "refunds",
        },
    ],
    ids=["nested", "first-version", "flat"],
)  # fmt: skip
def test_argilla_records(tmp_path: Path, item: dict[str, Any]) -> None:
    by_name = {name: [value] for name, value in item.items()}
    for export in ([item], {"records": [item]}, by_name):
        batch = read(tmp_path, export)
        assert (batch.shape, [(r.input, r.ideal) for r in batch.rows]) == ("Argilla", [("Where?", "delivery")])


def test_argilla_suggestions_are_no_answers_and_disagreement_is_refused(tmp_path: Path) -> None:
    fields = {"instruction": "Write it", "response": "A draft"}
    suggestion = {"rating": {"value": 3}}
    batch = read(
        tmp_path,
        [
            {"fields": FIELDS, "responses": {}, "suggestions": suggestion},
            {"fields": FIELDS, "responses": {"label": [{"value": v, "user_id": v} for v in "ab"]}, "suggestions": {}},
            {"fields": fields, "responses": {"rating": [{"value": 5, "user_id": "a"}]}, "suggestions": {}},
            {"fields": FIELDS, "responses": {"span": [{"value": [{"start": 0}], "user_id": "a"}]}, "suggestions": {}},
        ],
    )
    assert [(r.input, r.ideal, r.tags) for r in batch.rows] == [
        ("Where?", "", ()), ("Write it", "A draft", ("rating: 5",)),
    ]  # fmt: skip
    assert ["differently" in batch.refused[0].reason, "marks inside" in batch.refused[1].reason] == [True, True]
    assert any("only a model had answered" in note for note in batch.notes)


def test_chats_are_known_by_their_content_under_any_name(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    batch = read(tmp_path, [{"dialog": chat, "id": 1, "tags": "x|y"}])
    assert (batch.shape, [(r.input, r.ideal, r.tags) for r in batch.rows]) == ("chat", [("q", "a", ("x", "y"))])
