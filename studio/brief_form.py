"""The brief as a form of plain JSON values, as a draft keeps it, and back. Pure.

Criteria and slices get an id of their own here, so that renaming a slice or changing the order loses nothing:
criteria name their slices by id, and the names are put in when the form becomes a Brief.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from studio.brief import TEXTS
from studio.evaluate.json_schema import read
from studio.records import SCALE_LEVELS, Brief, Check, CheckKind, Criterion, Refusal, Slice

Form = dict[str, Any]

YES_NO, LEVELS = "yes_no", "levels"
"""How people answer a criterion: by yes or no, or on a scale whose levels are in words."""
_FIRST_LIMITS = {CheckKind.max_words: 100, CheckKind.min_words: 10, CheckKind.max_grade: 8}


def to_form(brief: Brief) -> Form:
    """A form that starts from `brief`; `base` is the version it was read from."""
    ids = {s.name: f"s{i}" for i, s in enumerate(brief.slices)}
    return {
        "base": brief.version,
        **{name: getattr(brief, name) for name in TEXTS},
        "slices": [_slice_form(ids[s.name], s) for s in brief.slices],
        "criteria": [_criterion_form(f"c{i}", c, ids) for i, c in enumerate(brief.criteria)],
        "removed": [],
        "note": "",
        "meaning": "",
    }


def _slice_form(name: str, found: Slice) -> Form:
    share = round(found.target_share * 100, 2)
    return {
        "id": name,
        "name": found.name,
        "meaning": found.meaning,
        "share": share,
        "critical": found.critical,
        "second_approval": found.second_approval,
        "experts": list(found.experts),
    }


def _criterion_form(name: str, found: Criterion, ids: dict[str, str]) -> Form:
    return {
        "id": name,
        **{part: getattr(found, part) for part in ("name", "why", "how_to_tell", "good", "bad")},
        "slices": [ids.get(s, s) for s in found.slices],
        "checks": [_check_form(f"k{i}", check, ids) for i, check in enumerate(found.checks)],
        "target": round(found.target * 100),
        "answer": LEVELS if found.scale else YES_NO,
        **{level_key(level): text for level, text in _levels(found.scale)},
        "try": {"output": "", "input": "", "ideal": "", "slice": ""},
    }


def level_key(level: int) -> str:
    """The name of the field that says what a level of a scale looks like; levels count from 1."""
    return f"level_{level}"


def _levels(scale: tuple[str, ...]) -> list[tuple[int, str]]:
    texts = [*scale, *[""] * SCALE_LEVELS][:SCALE_LEVELS]
    return list(enumerate(texts, start=1))


def _check_form(name: str, check: Check, ids: dict[str, str]) -> Form:
    return {
        "id": name,
        "kind": check.kind.value,
        "phrases": "\n".join(check.phrases),
        "pattern": check.pattern,
        "otherwise": check.otherwise,
        "limit": check.limit,
        "schema": check.schema,
        "by_slice": {ids.get(s, s): "\n".join(phrases) for s, phrases in check.by_slice.items()},
        "fields": "\n".join(f"{key}: {_values(values)}".rstrip(": ") for key, values in check.fields.items()),
    }


def _next(prefix: str, items: list[Form]) -> str:
    taken = {item["id"] for item in items}
    return next(name for i in range(10_000) if (name := f"{prefix}{i}") not in taken)


def add_slice(form: Form) -> str:
    name = _next("s", form["slices"])
    form["slices"].append(_slice_form(name, Slice("")))
    return name


def add_criterion(form: Form) -> str:
    name = _next("c", form["criteria"])
    form["criteria"].append(_criterion_form(name, Criterion(""), {}))
    return name


def add_check(criterion: Form, kind: CheckKind) -> str:
    name = _next("k", criterion["checks"])
    criterion["checks"].append(_check_form(name, Check(kind, limit=_FIRST_LIMITS.get(kind, 0)), {}))
    return name


def move(form: Form, what: str, name: str, by: int) -> None:
    """Moves a criterion or slice up (-1) or down (1); at the end it stays."""
    items = form[what]
    at = next(i for i, item in enumerate(items) if item["id"] == name)
    to = min(max(at + by, 0), len(items) - 1)
    items.insert(to, items.pop(at))


def remove(form: Form, what: str, name: str) -> None:
    """Takes a criterion or slice out; `put_back` returns the last one removed to its place."""
    at = next(i for i, item in enumerate(form[what]) if item["id"] == name)
    form["removed"].append({"what": what, "at": at, "item": form[what].pop(at)})


def put_back(form: Form) -> None:
    last = form["removed"].pop()
    if any(item["id"] == last["item"]["id"] for item in form[last["what"]]):
        last["item"]["id"] = _next(last["item"]["id"][0], form[last["what"]])
    form[last["what"]].insert(last["at"], last["item"])


def to_brief(form: Form) -> Brief:
    """The form as a Brief of version `base`. Raises Refusal for a check whose fields cannot be read."""
    names = {s["id"]: s["name"].strip() for s in form["slices"]}
    return Brief(
        **{name: form[name].strip() for name in TEXTS},
        criteria=tuple(to_criterion(c, names) for c in form["criteria"]),
        slices=tuple(_to_slice(s) for s in form["slices"]),
        version=form["base"],
    )


def _to_slice(form: Form) -> Slice:
    share = round((form["share"] or 0) / 100, 4)
    second = bool(form.get("second_approval"))
    experts = tuple(form.get("experts") or ()) if second else ()
    return Slice(form["name"].strip(), form["meaning"].strip(), share, bool(form["critical"]), second, experts)


def to_criterion(form: Form, names: dict[str, str]) -> Criterion:
    """One criterion of a form; `names` gives each slice id its name. Raises Refusal as `to_brief`."""
    return Criterion(
        **{part: form[part].strip() for part in ("name", "why", "how_to_tell", "good", "bad")},
        checks=tuple(_to_check(check, names) for check in form["checks"]),
        slices=tuple(names[s] for s in form["slices"] if s in names),
        scale=_to_scale(form),
        target=round((form.get("target") or 0) / 100, 2) if form["checks"] else 0.0,
    )


def _to_scale(form: Form) -> tuple[str, ...]:
    if form.get("answer") != LEVELS:
        return ()
    return tuple((form.get(level_key(level)) or "").strip() for level in range(1, SCALE_LEVELS + 1))


def _to_check(form: Form, names: dict[str, str]) -> Check:
    kind = CheckKind(form["kind"])
    phrases = _lines(form["phrases"]) if kind in _PHRASES else ()
    by_slice = {names.get(s, s): _lines(text) for s, text in form["by_slice"].items() if _lines(text)}
    return Check(
        kind,
        phrases=phrases,
        pattern=form["pattern"] if kind in (CheckKind.pattern, CheckKind.repeats) else "",
        otherwise=form["otherwise"].strip() if kind is CheckKind.repeats else "",
        limit=int(form["limit"] or 0) if kind in _FIRST_LIMITS else 0,
        by_slice=by_slice if kind is CheckKind.by_slice else {},
        fields=_fields(form["fields"]) if kind is CheckKind.json_fields else {},
        schema=form.get("schema", "").strip() if kind is CheckKind.json_schema else "",
    )


_PHRASES = (CheckKind.required, CheckKind.forbidden, CheckKind.one_of, CheckKind.equals_ideal)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _fields(text: str) -> dict[str, tuple[Any, ...]]:
    """Lines of `name: value, value`; a line with a name alone allows anything."""
    fields: dict[str, tuple[Any, ...]] = {}
    for line in _lines(text):
        name, _, values = line.partition(":")
        if not name.strip() or name.strip() in fields:
            raise Refusal(
                f"The line “{line}” does not name a field of its own. Write one field a line, such as "
                "“priority: low, high”. Nothing was saved; what you typed is still here."
            )
        fields[name.strip()] = _read_values(values.strip())
    return fields


def _values(values: tuple[Any, ...]) -> str:
    """Allowed values as people write them; as a JSON list when that would read back differently."""
    plain = ", ".join(v if isinstance(v, str) else json.dumps(v) for v in values)
    return plain if _read_values(plain) == values else json.dumps(list(values), ensure_ascii=False)


def _read_values(text: str) -> tuple[Any, ...]:
    if text.startswith("["):
        try:
            return tuple(read(text))
        except ValueError:
            pass  # a person's own text that happens to start with a bracket
    return tuple(_literal(part.strip()) for part in text.split(",") if part.strip())


def _literal(text: str) -> Any:
    try:
        value = read(text)
    except ValueError:
        return text
    return value if isinstance(value, (str, bool, int)) or (isinstance(value, float) and isfinite(value)) else text
