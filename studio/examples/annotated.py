"""What people decided in another labelling tool, as records: Label Studio's JSON export and Argilla's.

Both hold a task with its texts and, for each person, answers to named questions. Taken are answers people gave and
agree on; a model's suggestions are no answers. What an example cannot hold (marks inside a text, answers that differ)
is refused by row. Formats: Label Studio, "Task Format"; Argilla, `to_list` and `to_dict` of a dataset's records, and
the records of its first version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.examples.batch import RefusedRow
from studio.examples.shapes import IDEALS, INPUTS
from studio.examples.turns import Unreadable, is_turns

_ASKED = (*INPUTS, "text", "instruction", "message", "messages", "query", "conversation")
_ANSWERED = (*IDEALS, "correction", "corrected", "rewrite", "reply")
_MARKS = "marks inside the text, which an example cannot hold"


@dataclass(frozen=True)
class Annotated:
    """Items of another tool as records with the columns prompt, completion and tags."""

    tool: str
    records: list[tuple[int, dict[str, Any]]]
    refused: list[RefusedRow]
    notes: list[str]


@dataclass(frozen=True)
class _Task:
    """One item: its texts by name, each person's answers by question, and whether a model had suggested some."""

    fields: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]]
    suggested: bool = False


def read(items: Sequence[tuple[int, Mapping[str, Any]]]) -> Annotated | None:
    """The items as records, when the first is one of a known tool; None for a file of anything else."""
    known: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], _Task]], ...] = (
        ("Label Studio", _is_label_studio, _label_studio),
        ("Argilla", _is_argilla, _argilla),
        ("Argilla", _is_flat_argilla, _flat_argilla),
    )
    found = next(((tool, fits, task) for tool, fits, task in known if items and fits(items[0][1])), None)
    if found is None:
        return None
    tool, fits, task_of = found
    made = Annotated(tool, [], [], [])
    suggested = 0
    for number, item in items:
        try:
            if not fits(item):
                raise Unreadable(f"this is no task of {tool}, unlike the first one")
            task = task_of(item)
            made.records.append((number, _record(task)))
            suggested += task.suggested and not task.answers
        except Unreadable as reason:
            made.refused.append(RefusedRow(number, str(reason)))
    made.notes.append(f"Read as an export of {tool}: answers on which everybody who answered agrees.")
    if suggested:
        made.notes.append(
            f"Tasks that only a model had answered, so that their answer is still to be written: {suggested:,}."
        )
    return made


def _record(task: _Task) -> dict[str, Any]:
    asked = _asked(task.fields)
    agreed = _agreed(task.answers)
    texts = {name: value for name, value in agreed.items() if isinstance(value, str)}
    ideal = next((name for name in texts if name.casefold() in _ANSWERED), None)
    if ideal is None and len(texts) > 1:
        raise Unreadable(f"nothing says which answer is the ideal output: {', '.join(sorted(texts))[:80]}")
    ideal = ideal or next(iter(texts), None)
    drafted = next((n for n in task.fields if n.casefold() in IDEALS and n != asked), None)
    completion = texts[ideal] if ideal else task.fields[drafted] if drafted else ""
    tags = [f"{name}: {_said(value)}" for name, value in agreed.items() if name != ideal]
    return {"prompt": task.fields[asked], "completion": completion, "tags": tags}


def _asked(fields: Mapping[str, Any]) -> str:
    """The name of the field that holds what was asked. Raises Unreadable when nothing says which."""
    named = next((n for name in _ASKED for n in fields if n.casefold() == name), None)
    texts = [n for n, value in fields.items() if isinstance(value, str) or is_turns(value)]
    if named is None and len(texts) != 1:
        raise Unreadable(f"nothing says which text is the input: {', '.join(sorted(map(str, fields)))[:80] or 'none'}")
    return named or texts[0]


def _agreed(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Question -> the one answer of everybody who answered it. Raises Unreadable when they differ."""
    agreed: dict[str, Any] = {}
    for person in answers:
        for name, value in person.items():
            if agreed.setdefault(name, value) != value:
                raise Unreadable(f'{len(answers)} people answered "{name[:40]}" differently; settle it first')
    return agreed


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _answer(value: Any) -> Any:
    """A value of an answer: a text, a number, or several labels. Raises Unreadable for marks inside a text."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if isinstance(value, (str, int, float)) or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
        return value
    raise Unreadable(f"the answer is {_MARKS}")


# -- Label Studio ----------------------------------------------------------------------------------


def _is_label_studio(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("data"), dict) and isinstance(item.get("annotations"), list)


def _label_studio(item: Mapping[str, Any]) -> _Task:
    done = [a for a in item["annotations"] if isinstance(a, dict) and not a.get("was_cancelled")]
    return _Task(item["data"], [_results(a.get("result") or []) for a in done], bool(item.get("predictions")))


def _results(results: Any) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for result in results if isinstance(results, list) else [results]:
        if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
            raise Unreadable("an annotation is not in the form of Label Studio")
        kind, value = str(result.get("type")), result["value"]
        if "start" in value or kind not in ("choices", "textarea", "rating", "number", "taxonomy"):
            raise Unreadable(f"the annotation is {_MARKS} ({kind[:30]})")
        name = str(result.get("from_name") or kind)
        if name in said:
            raise Unreadable(f'"{name[:40]}" is answered twice in one annotation')
        said[name] = _answer(value.get("text" if kind == "textarea" else kind))
    return said


# -- Argilla ---------------------------------------------------------------------------------------


def _is_argilla(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("fields"), dict) and isinstance(item.get("responses"), (dict, list))


def _argilla(item: Mapping[str, Any]) -> _Task:
    responses = item["responses"]
    answers = _by_question(responses) if isinstance(responses, dict) else _by_person(responses)
    return _Task(item["fields"], answers, bool(item.get("suggestions")))


def _by_question(responses: Mapping[str, Any]) -> list[dict[str, Any]]:
    """{question: [{value, user_id, status}]}, as one dict a person."""
    people: dict[str, dict[str, Any]] = {}
    for name, given in responses.items():
        for one in given if isinstance(given, list) else [given]:
            if not isinstance(one, dict) or "value" not in one:
                raise Unreadable("a response is not in the form of Argilla")
            if one.get("status") not in ("draft", "discarded"):
                people.setdefault(str(one.get("user_id")), {})[str(name)] = _answer(one["value"])
    return list(people.values())


def _by_person(responses: Sequence[Any]) -> list[dict[str, Any]]:
    """The first version's [{values: {question: {value}}, status}], as one dict a person."""
    answers = []
    for one in responses:
        values = one.get("values") if isinstance(one, dict) else None
        if not isinstance(values, dict) or not all(isinstance(v, dict) and "value" in v for v in values.values()):
            raise Unreadable("a response is not in the form of Argilla")
        if one.get("status") not in ("draft", "discarded"):
            answers.append({str(name): _answer(v["value"]) for name, v in values.items()})
    return answers


_FLAT = ".responses"


def _is_flat_argilla(item: Mapping[str, Any]) -> bool:
    return any(name.endswith(_FLAT) for name in item) and any(f"{name}.users" in item for name in item)


def _flat_argilla(item: Mapping[str, Any]) -> _Task:
    questions = [name.removesuffix(_FLAT) for name in item if name.endswith(_FLAT)]
    beside = ("id", "status", "_server_id", *questions)
    fields = {n: v for n, v in item.items() if "." not in n and n not in beside and isinstance(v, (str, list))}
    responses = {}
    for name in questions:
        values, users = item[f"{name}{_FLAT}"] or [], item.get(f"{name}{_FLAT}.users") or []
        states = item.get(f"{name}{_FLAT}.status") or [None] * len(users)
        if not all(isinstance(v, list) for v in (values, users, states)) or len(values) != len(users):
            raise Unreadable("a response is not in the form of Argilla")
        responses[name] = [
            {"value": v, "user_id": u, "status": s} for v, u, s in zip(values, users, states, strict=False)
        ]
    suggested = any(item.get(f"{name}.suggestion") for name in questions)
    return _Task(fields, _by_question(responses), suggested)
