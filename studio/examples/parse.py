"""A file as rows that can become examples: the front door of import, pure and without the store.

Untrusted files go through `studio.examples.sandbox.parse_untrusted`, which calls this in its own process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.examples import fields, turns
from studio.examples.batch import LIMITS, TOLD_EVERY, Limits, ParsedBatch, ParsedRow, RefusedRow, Sheet, Told, nobody
from studio.examples.formats import read_sheet
from studio.examples.shapes import CONTEXT, Shape, recognise
from studio.examples.turns import Conversation, Unreadable
from studio.records import Consent, Refusal, Speaker, Split, Status, Turn

_LOOKED_AT = 50
_SHEET = 0.4  # of the time goes into telling rows and cells apart
_MEMBERS: dict[str, type[Split] | type[Status] | type[Consent]] = {
    "split": Split, "status": Status, "consent": Consent,
}  # fmt: skip
_THUMBS = {"true": True, "false": False, "1": True, "0": False}


def parse_file(
    path: Path,
    *,
    name: str,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
    told: Told = nobody,
) -> ParsedBatch:
    """Every row of the file at `path` (called `name` by the person), kept or refused with its reason.

    `format`: one of `studio.examples.formats.FORMATS`, else told from the content. `mapping`: role ->
    column, roles as in `studio.examples.shapes.ROLES`, else told from the column names. A row without an
    ideal output is kept; one without an input, with a word or a date that means nothing here, with a chat
    that one example cannot hold or with damaged text is refused. Raises Refusal when the file as a whole
    cannot be read.
    """
    if path.stat().st_size > limits.file_bytes:
        raise Refusal(
            f"This file is larger than the {limits.file_bytes // 2**20} MB allowed, nothing was imported: "
            "split it into smaller files."
        )
    sheet = read_sheet(path.read_bytes(), name=name, format=format, limits=limits, told=lambda s: told(_SHEET * s))
    return read_batch(sheet, mapping, limits, lambda share: told(_SHEET + (1 - _SHEET) * share))


def read_batch(
    sheet: Sheet, mapping: Mapping[str, str] | None, limits: Limits = LIMITS, told: Told = nobody
) -> ParsedBatch:
    """A sheet's records under the shape its columns have, or the mapping says. Raises Refusal."""
    if not sheet.records and not sheet.refused:
        raise Refusal(
            "This file has a header and no rows below it, nothing was imported: check that it is the right one."
        )
    shape = recognise(sheet.columns, mapping, _chats(sheet))
    reader = _RowReader(sheet, shape, limits)
    rows: list[ParsedRow] = []
    refused = list(sheet.refused)
    for done, (number, values) in enumerate(sheet.records):
        if done % TOLD_EVERY == 0:
            told(done / len(sheet.records))
        try:
            rows.append(reader.read(number, values))
        except Unreadable as reason:
            refused.append(RefusedRow(number, str(reason)))
    notes = (*sheet.notes, *reader.notes(rows))
    refused.sort(key=lambda r: r.row)
    total = len(sheet.records) + len(sheet.refused)
    mapped = dict(reader.shape.columns)
    return ParsedBatch(
        sheet.format, sheet.shape or shape.name, sheet.columns, mapped, tuple(rows), tuple(refused), total, notes
    )


def _chats(sheet: Sheet) -> str | None:
    """The one column whose values are chats, told from the first records that say anything; None otherwise."""
    seen = sheet.records[:_LOOKED_AT]
    found = []
    for place, column in enumerate(sheet.columns):
        values = [v[place] for _, v in seen if v[place] is not None]
        if values and all(turns.is_turns(v) for v in values):
            found.append(column)
    return found[0] if len(found) == 1 else None


class _RowReader:
    """Reads records of one sheet under one shape, and counts what deserves a note."""

    def __init__(self, sheet: Sheet, shape: Shape, limits: Limits) -> None:
        self.sheet, self.limits = sheet, limits
        self.seen: Counter[str] = Counter()
        self.left_out: set[str] = set()
        self.shape = self._without_foreign(shape)
        self.place = {role: sheet.columns.index(column) for role, column in self.shape.columns.items()}
        readers: dict[str, Callable[[tuple[object, ...], str], object]] = {
            **dict.fromkeys(("group", "licence", "recheck", "source"), self._text),
            **dict.fromkeys(("kinds", "tags"), self._words),
            **dict.fromkeys(("split", "status", "consent"), self._member),
            **dict.fromkeys(("expires", "review_by"), self._day),
            "slice": lambda values, role: self._text(values, role).strip(),
        }
        self.others = [(role, read) for role, read in readers.items() if role in self.place]
        self.context = [(sheet.columns.index(c), CONTEXT[c.strip().casefold()]) for c in shape.context]

    def read(self, number: int, values: tuple[object, ...]) -> ParsedRow:
        """Raises Unreadable with the reason this record is refused."""
        for place, what in self.context:
            if values[place] not in (None, "", "[]", [], {}):
                raise Unreadable(f"the row comes with {what}, which the studio cannot hold yet")
        chat, worse = self._said(values)
        if not chat.input.strip():
            raise Unreadable("the input is empty")
        self.seen["joined"] += chat.joined
        self.left_out |= chat.left_out
        more: dict[str, Any] = {role: read(values, role) for role, read in self.others}
        if more.get("consent", Consent.unknown) is None:
            more["consent"] = Consent.unknown
        return ParsedRow(number, chat.input, chat.ideal, earlier=chat.earlier, system=chat.system, worse=worse, **more)

    # -- what was asked and answered ---------------------------------------------------------------

    def _said(self, values: tuple[object, ...]) -> tuple[Conversation, str]:
        """The chat of a record, and a worse answer beside its ideal."""
        asked, good, bad = (self._value(values, role) for role in ("prompt", "completion", "worse"))
        structured = [v for v in (asked, good, bad) if isinstance(v, (list, dict))]
        if "turns" in self.place or any(turns.is_turns(v) or turns.is_message(v) for v in structured):
            chat, worse = self._chat(values, asked, good, bad)
        else:
            chat, worse = self._texts(values), self._text(values, "worse")
        liked = self._value(values, "thumb")
        if liked is not None and not _THUMBS[str(liked).casefold()]:
            self.seen["disliked"] += 1
            return replace(chat, ideal=""), chat.ideal
        return chat, worse

    def _texts(self, values: tuple[object, ...]) -> Conversation:
        """A record whose prompt and answers are plain texts."""
        source, ideal = self._text(values, "prompt"), self._text(values, "completion")
        if "instruction" in self.place:
            instruction = self._text(values, "instruction")
            source = f"{instruction}\n\n{source}" if instruction.strip() and source.strip() else instruction or source
        if "prompt" not in self.place and "instruction" not in self.place:
            raise Unreadable("the answers come without the prompt they reply to")
        return Conversation(source, ideal, self._earlier(values), self._text(values, "system"))

    def _chat(self, values: tuple[object, ...], asked: object, good: object, bad: object) -> tuple[Conversation, str]:
        """A record with messages in it."""
        if "turns" in self.place:
            context = turns.messages(self._value(values, "turns"))
        elif turns.is_turns(asked) or turns.is_message(asked):
            context = turns.messages(asked)
        else:
            text = self._texts(values).input if {"prompt", "instruction"} & set(self.place) else ""
            context = [turns.spoken(Speaker.user, text)] if text.strip() else []
        chosen, rejected = (self._answer(v, role) for v, role in ((good, "completion"), (bad, "worse")))
        if rejected:
            chat, worse = turns.preferred(context, chosen, rejected)
        else:
            chat, worse = turns.whole(context, chosen), ""
        earlier, system = self._earlier(values), self._text(values, "system")
        if (earlier and chat.earlier) or (system and chat.system):
            raise Unreadable("the chat has earlier turns or a system text of its own, and so has the column for them")
        chat = replace(chat, earlier=chat.earlier or earlier, system=chat.system or system)
        self._sound_chat(chat)
        return chat, fields.sound(worse, "worse", self.limits.cell_characters)

    def _answer(self, value: object, role: str) -> list[dict[str, Any]]:
        """An answer as messages; empty when there is none."""
        if value in (None, "", []):
            return []
        if turns.is_turns(value) or turns.is_message(value):
            return turns.messages(value)
        column = self.shape.columns[role]
        text = value if isinstance(value, str) else fields.plain(value, column)
        return [turns.spoken(Speaker.assistant, text)]

    def _earlier(self, values: tuple[object, ...]) -> tuple[Turn, ...]:
        found = turns.earlier_turns(self._value(values, "earlier")) if "earlier" in self.place else ()
        for turn in found:
            fields.sound(turn.text, "earlier", self.limits.cell_characters)
        return found

    def _sound_chat(self, chat: Conversation) -> None:
        texts = [("input", chat.input), ("ideal output", chat.ideal), ("system", chat.system)]
        for where, text in [*texts, *(("earlier", turn.text) for turn in chat.earlier)]:
            fields.sound(text, where, self.limits.cell_characters)

    # -- one value ---------------------------------------------------------------------------------

    def _value(self, values: tuple[object, ...], role: str) -> object:
        return values[self.place[role]] if role in self.place else None

    def _text(self, values: tuple[object, ...], role: str) -> str:
        place = self.place.get(role)
        if place is None:
            return ""
        value = values[place]
        if value == "":
            return ""
        column = self.shape.columns[role]
        if isinstance(value, (dict, list)):
            self.seen["as_json"] += 1
        text = value if isinstance(value, str) else fields.plain(value, column)
        return fields.sound(text, column, self.limits.cell_characters)

    def _words(self, values: tuple[object, ...], role: str) -> tuple[str, ...]:
        value = self._value(values, role)
        if value in (None, "") or value != value:
            return ()
        found = fields.words(value, role)
        return tuple(fields.sound(word, role, self.limits.cell_characters) for word in found)

    def _member(self, values: tuple[object, ...], role: str) -> Split | Status | Consent | None:
        return fields.one_of(_MEMBERS[role], self._text(values, role), role)

    def _day(self, values: tuple[object, ...], role: str) -> str:
        return fields.day(self._text(values, role), role)

    # -- what was assumed --------------------------------------------------------------------------

    def _without_foreign(self, shape: Shape) -> Shape:
        """The shape without a status column in words of another tool, and without labels that are no thumbs."""
        columns = dict(shape.columns)
        for role, known in (("status", {"", *Status}), ("thumb", {"", *_THUMBS})):
            if role in columns:
                place = self.sheet.columns.index(columns[role])
                found = {"" if v[place] is None else str(v[place]).casefold() for _, v in self.sheet.records}
                if not found <= known or (role == "thumb" and "" in found):
                    self.seen[f"foreign {role}"] = 1
                    del columns[role]
        return replace(shape, columns=columns)

    def notes(self, rows: list[ParsedRow]) -> list[str]:
        """Sentences on what was assumed or left out."""
        said = []
        used = set(self.place.values())
        left = [c or "(no name)" for i, c in enumerate(self.sheet.columns) if i not in used]
        if left:
            more = f" and {len(left) - 8:,} more" if len(left) > 8 else ""
            said.append(f"Columns not imported: {', '.join(c[:40] for c in left[:8])}{more}.")
        if self.seen["foreign status"]:
            said.append('The column "status" uses words of another tool and was not imported.')
        if self.left_out:
            said.append(f"Fields of messages not imported: {', '.join(sorted(k[:40] for k in self.left_out)[:8])}.")
        counted = (
            ("Rows whose ideal output is still to be written", sum(not r.ideal.strip() for r in rows)),
            ("Answers people did not like, kept as the worse answer", self.seen["disliked"]),
            ("Conversations with earlier turns", sum(bool(r.earlier) for r in rows)),
            ("Rows with a system text of their own", sum(bool(r.system) for r in rows)),
            ("Chats in which several parts of one text were joined", self.seen["joined"]),
            ("Values that are lists or objects, kept as JSON text", self.seen["as_json"]),
        )
        return said + [f"{what}: {count:,}." for what, count in counted if count]
