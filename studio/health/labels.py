"""Does a set teach one of a few labels? The one rule for it, for whoever draws splits or looks for wrong labels."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Example

_LEAST = 20
"""Labelled examples from which on the rule speaks at all."""
_EACH = 4
"""Examples that a label has on average, at the least."""
_LONGEST = 60
"""Characters of the longest label."""
_SINGLE = 0.1
"""The largest share of examples whose label no other has."""
_OBJECTS = 0.95
"""The share of ideal outputs that are JSON objects, from which on one of their fields may be the label."""


@dataclass(frozen=True)
class Labels:
    """`of`: example id -> its label, without the examples that have none. `field`: the field of the JSON ideal
    output that holds it; "" when the whole ideal output is the label."""

    of: Mapping[str, str]
    field: str = ""

    @property
    def counts(self) -> Counter[str]:
        """Label -> its examples, the most frequent first."""
        return Counter(dict(Counter(self.of.values()).most_common()))


def labels(examples: Sequence[Example]) -> Labels | None:
    """The labels, when the ideal outputs are few and short, or when they are JSON with a field whose values are.

    At least 20 examples with an ideal output, 2 labels, 4 examples a label on average, no label over 60 characters,
    and at most one example in ten alone with its label. Of several such fields the one with the most labels is taken,
    then the first by name. None otherwise. Case and blanks at the ends make no other label. Pure.

    Does not promise that the labels are right, that two spellings of one label are one, or to see a set in which
    each example has several.
    """
    written = [(e.id, e.ideal) for e in examples if e.ideal.strip()]
    if few := _few(written):
        return Labels(few)
    fields = _fields(written)
    kept = {name: few for name in sorted(fields) if (few := _few(fields[name]))}
    if not kept:
        return None
    field = max(kept, key=lambda name: len(set(kept[name].values())))
    return Labels(kept[field], field)


def relabelled(written: Mapping[str, str], found: Labels, wanted: Mapping[str, str]) -> dict[str, str]:
    """Id -> the ideal output with another label, for each of `wanted` (id -> label as in `found`). Pure.

    `written`: id -> ideal output, of at least those in `found`. A label is spelled as most of those that have it spell
    it; of JSON only the label's field changes, and the text stays as it is laid out where that can be told.
    """
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for name, label in found.of.items():
        spelled[label][_spelling(written[name], found.field)] += 1
    usual = {label: counts.most_common(1)[0][0] for label, counts in spelled.items()}
    return {name: _with_label(written[name], found.field, usual[label]) for name, label in wanted.items()}


def _spelling(ideal: str, field: str) -> str:
    """The label as it stands: the text, or the field's value as JSON."""
    return _as_json(json.loads(ideal)[field]) if field else ideal.strip()


def _with_label(ideal: str, field: str, spelled: str) -> str:
    if not field:
        return spelled
    value = json.loads(ideal)
    wanted = {**value, field: json.loads(spelled)}
    pattern = rf"({re.escape(_as_json(field))}\s*:\s*){re.escape(_as_json(value[field]))}"
    changed = re.sub(pattern, lambda met: met[1] + spelled, ideal, count=1)
    return changed if _json(changed) == wanted else _as_json(wanted)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _few(written: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Id -> label when these texts are labels; nothing otherwise."""
    if len(written) < _LEAST or any(len(text.strip()) > _LONGEST for _, text in written):
        return {}
    found = {name: text.strip().casefold() for name, text in written}
    counts = Counter(found.values())
    alone = sum(count == 1 for count in counts.values())
    few = len(counts) >= 2 and len(found) >= _EACH * len(counts) and alone <= _SINGLE * len(found)
    return found if few else {}


def _fields(written: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Field -> (id, value as text) of ideal outputs that are nearly all JSON objects; only words and yes or no."""
    listed = list(written)
    objects = [(name, value) for name, text in listed if isinstance(value := _json(text), dict)]
    if not objects or len(objects) < _OBJECTS * len(listed):
        return {}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, value in objects:
        for field, held in value.items():
            if isinstance(held, (str, bool)):
                found[field].append((name, held if isinstance(held, str) else json.dumps(held)))
    return {field: rows for field, rows in found.items() if len(rows) >= _OBJECTS * len(listed)}


def _json(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or nested deeper than any label
        return None
