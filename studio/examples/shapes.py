"""What the columns of a file mean: which shape it has, and what each record says under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studio.records import Refusal

INPUTS = ("prompt", "input", "question")
IDEALS = ("completion", "ideal", "output", "answer", "response")
LABELS = ("label", "category", "intent")
ROLES = ("prompt", "completion", "slice", "kinds", "split", "group", "status")
_EXTRAS = ROLES[2:]
_PREFERENCES = (("chosen", "rejected"), ("chosen_messages", "rejected_messages"))
# Columns that change what the answer means. The studio has no place for them yet, so a row that uses one is refused.
CONTEXT = {
    "history": "earlier turns",
    "system": "a system prompt of its own",
    "tools": "tools",
    "images": "images",
    "videos": "videos",
    "audios": "audio",
}


class ColumnsUnclear(Refusal):
    """The file was read, but somebody must say which column is what. `columns` are the ones to choose from."""

    def __init__(self, sentence: str, columns: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.columns = columns


@dataclass(frozen=True)
class Shape:
    """How to read a record. `columns`: role -> column name; the roles are `ROLES`, and besides
    "instruction" (Alpaca) and "turns" (a list of messages), which take the place of prompt and completion."""

    name: str
    columns: dict[str, str]
    context: tuple[str, ...] = ()


def recognise(columns: tuple[str, ...], mapping: Mapping[str, str] | None) -> Shape:
    """The shape by its column names (case does not matter), or by `mapping` (role -> column; an
    empty column leaves the role out even where a column has its name).

    Raises Refusal when no shape fits, a mapped column is missing or two columns have the name meant.
    """
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(column.strip().casefold(), column)
    left_out = {role for role, column in (mapping or {}).items() if not column}
    wanted = {role: column for role, column in (mapping or {}).items() if column}
    shape = _mapped(columns, known, wanted) if mapping else _by_names(known, columns)
    taken = dict(shape.columns)
    for extra in _EXTRAS:
        if extra not in left_out and extra not in taken and extra in known and known[extra] not in taken.values():
            taken[extra] = known[extra]
    names = list(columns) if mapping else [c.strip().casefold() for c in columns]
    for column in taken.values():
        if names.count(column if mapping else column.strip().casefold()) > 1:
            raise Refusal(f'Two columns are called "{column}", nothing was imported: rename one and try again.')
    context = tuple(c for key, c in known.items() if key in CONTEXT and c not in taken.values()) if not mapping else ()
    return Shape(shape.name, taken, context)


def _mapped(columns: tuple[str, ...], known: dict[str, str], mapping: Mapping[str, str]) -> Shape:
    chosen: dict[str, str] = {}
    for role, column in mapping.items():
        if role not in ROLES:
            raise Refusal(f'"{role}" is nothing a column can be mapped to; choose from {", ".join(ROLES)}.')
        found = column if column in columns else known.get(column.strip().casefold())
        if found is None:
            raise ColumnsUnclear(
                f'There is no column "{column}" in this file; it has {_listed(columns)}. Nothing was imported.', columns
            )
        chosen[role] = found
    if "prompt" not in chosen:
        raise Refusal("The mapping must name the column that holds the prompt; nothing was imported.")
    if len(set(chosen.values())) < len(chosen):
        raise Refusal(
            "The mapping uses one column for two things; nothing was imported: choose a different one for each."
        )
    return Shape("mapped", chosen)


def _by_names(known: dict[str, str], columns: tuple[str, ...]) -> Shape:
    for good, bad in _PREFERENCES:
        if good in known and bad in known:
            raise Refusal(
                "This file holds pairs of preferred and rejected answers, which are not examples; nothing was "
                "imported: keep only the preferred answers, in a column called completion."
            )
    for turns, name in (("messages", "messages"), ("conversations", "conversations")):
        if turns in known:
            label = {"label": known["label"]} if "label" in known else {}
            return Shape(name, {"turns": known[turns], **label})
    source = next((c for c in INPUTS if c in known), None)
    ideal = next((c for c in IDEALS if c in known), None)
    if "instruction" in known and ideal:
        both = {"instruction": known["instruction"], "completion": known[ideal]}
        return Shape("alpaca", both | ({"prompt": known["input"]} if "input" in known else {}))
    if source:
        name = f"{source}/{ideal}" if ideal else f"{source} only"
        return Shape(name, {"prompt": known[source]} | ({"completion": known[ideal]} if ideal else {}))
    label_column = next((c for c in LABELS if c in known), None)
    if "text" in known and label_column:
        return Shape("text/label", {"prompt": known["text"], "completion": known[label_column]})
    raise ColumnsUnclear(
        "The studio does not recognise which column holds the prompt and which the completion: the file has "
        f"{_listed(columns)}. Nothing was imported: choose the two columns, or call them prompt and completion.",
        columns,
    )


def _listed(columns: tuple[str, ...]) -> str:
    shown = [f'"{c[:40]}"' if c.strip() else "one without a name" for c in columns[:8]]
    more = f" and {len(columns) - 8:,} more" if len(columns) > 8 else ""
    return f"the column{'s' if len(columns) > 1 else ''} {', '.join(shown)}{more}" if columns else "no columns"
