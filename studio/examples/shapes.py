"""What the columns of a file mean: which shape it has, and what each record says under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studio.records import Refusal

INPUTS = ("prompt", "input", "question")
IDEALS = ("completion", "ideal", "output", "answer", "response")
LABELS = ("label", "category", "intent")
ROLES = (
    "prompt", "completion", "slice", "kinds", "split", "group", "status", "system", "earlier", "tags", "worse",
    "licence", "consent", "expires", "review_by", "recheck", "source",
)  # fmt: skip
_EXTRAS = ROLES[2:]
# Other names under which a column of this role is known.
_ALSO = {"earlier": ("history",), "licence": ("license",)}
_PREFERENCES = (("chosen", "rejected"), ("chosen_messages", "rejected_messages"))
_TURNS = ("messages", "conversations")
# Columns that change what the answer means and that an example has no place for: a row that uses one is refused.
CONTEXT = {"tools": "tools", "functions": "tools", "images": "images", "videos": "videos", "audios": "audio"}


class ColumnsUnclear(Refusal):
    """The file was read, but somebody must say which column is what. `columns` are the ones to choose from."""

    def __init__(self, sentence: str, columns: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.columns = columns


@dataclass(frozen=True)
class Shape:
    """How to read a record. `columns`: role -> column name; the roles are `ROLES`, and besides "instruction" (Alpaca),
    "turns" (a list of messages) and "thumb" (true or false: whether people liked the answer)."""

    name: str
    columns: dict[str, str]
    context: tuple[str, ...] = ()


def recognise(columns: tuple[str, ...], mapping: Mapping[str, str] | None, chats: str | None = None) -> Shape:
    """The shape by its column names (case does not matter), or by `mapping` (role -> column; an
    empty column leaves the role out even where a column has its name). `chats`: a column whose values are
    chats, for when the names say nothing.

    Raises Refusal when no shape fits, a mapped column is missing or two columns have the name meant.
    """
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(column.strip().casefold(), column)
    left_out = {role for role, column in (mapping or {}).items() if not column}
    wanted = {role: column for role, column in (mapping or {}).items() if column}
    shape = _mapped(columns, known, wanted) if mapping else _by_names(known, columns, chats)
    taken = dict(shape.columns)
    for extra in _EXTRAS:
        name = next((n for n in (extra, *_ALSO.get(extra, ())) if n in known), None)
        if name and extra not in left_out and extra not in taken and known[name] not in taken.values():
            taken[extra] = known[name]
    # Whoever maps columns by hand must not turn an answer people disliked into an ideal one.
    answered = {"turns", "completion"} & set(taken) and "worse" not in shape.columns
    if answered and "label" in known and known["label"] not in taken.values():
        taken["thumb"] = known["label"]
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
                f'There is no column "{column}" in this file; it has {listed(columns)}. Nothing was imported.', columns
            )
        chosen[role] = found
    if "prompt" not in chosen:
        raise Refusal("The mapping must name the column that holds the prompt; nothing was imported.")
    if len(set(chosen.values())) < len(chosen):
        raise Refusal(
            "The mapping uses one column for two things; nothing was imported: choose a different one for each."
        )
    return Shape("mapped", chosen)


def _by_names(known: dict[str, str], columns: tuple[str, ...], chats: str | None) -> Shape:
    turns = next((t for t in _TURNS if t in known), None)
    source = next((c for c in INPUTS if c in known), None)
    ideal = next((c for c in IDEALS if c in known), None)
    for good, bad in _PREFERENCES:
        if good in known and bad in known:
            return Shape(
                "preference pairs", _asked(known, turns, source) | {"completion": known[good], "worse": known[bad]}
            )
    if turns:
        return Shape(turns, {"turns": known[turns]})
    if "instruction" in known and ideal:
        return Shape("alpaca", _asked(known, None, source) | {"completion": known[ideal]})
    if source:
        name = f"{source}/{ideal}" if ideal else f"{source} only"
        return Shape(name, {"prompt": known[source]} | ({"completion": known[ideal]} if ideal else {}))
    label_column = next((c for c in LABELS if c in known), None)
    if "text" in known and label_column:
        return Shape("text/label", {"prompt": known["text"], "completion": known[label_column]})
    if chats is not None:
        return Shape("chat", {"turns": chats})
    raise unclear(columns)


def _asked(known: dict[str, str], turns: str | None, source: str | None) -> dict[str, str]:
    """The columns that say what was asked: a chat, Alpaca's instruction with its input, or one text."""
    if turns:
        return {"turns": known[turns]}
    if "instruction" in known:
        return {"instruction": known["instruction"]} | ({"prompt": known["input"]} if "input" in known else {})
    return {"prompt": known[source]} if source else {}


def unclear(columns: tuple[str, ...]) -> ColumnsUnclear:
    return ColumnsUnclear(
        "The studio does not recognise which column holds the prompt and which the completion: the file has "
        f"{listed(columns)}. Nothing was imported: choose the two columns, or call them prompt and completion.",
        columns,
    )


def listed(columns: tuple[str, ...]) -> str:
    """Columns for a sentence: the first eight by name, and how many more."""
    shown = [f'"{c[:40]}"' if c.strip() else "one without a name" for c in columns[:8]]
    more = f" and {len(columns) - 8:,} more" if len(columns) > 8 else ""
    return f"the column{'s' if len(columns) > 1 else ''} {', '.join(shown)}{more}" if columns else "no columns"
