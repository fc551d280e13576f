"""Finding examples: one `Filter`, one place that makes SQL of it, and the pages, counts and ids it finds."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from studio.records import Example, Refusal, canonical
from studio.store.examples import example_of

if TYPE_CHECKING:
    from studio.store import Store

NONE = "-"
"""In `slice`, `split`, `source`, `assigned`, `licence` and `group`: those that have none."""

YES, NO = "yes", "no"
"""In `system`, `worse` and `comments`: those that have one, those that have none."""

MOST_GROUPS = 200
"""Groups that are offered to choose from, the largest; any other is found by its name."""


@dataclass(frozen=True)
class Filter:
    """Which examples are meant; every field as it starts: all that are not in the trash. All that is set must hold.

    `among`: the name of a list of ids that `keep_ids` keeps. `text` is found in the input, the ideal output or an
    earlier turn, in any case of letters. `kind` and `tag`: one of the example's. `author`: who first wrote it or
    imported it, whoever changed it since. `system`, `worse`, `comments`: whether it has a system text, a worse
    answer, comments that were not taken away. `due`: its review-by or expiry date has passed. `recheck`: somebody
    asked for another look. `stale`: approved before the brief last changed what good means. `trashed`: those in the
    trash instead of the others.
    """

    among: str = ""
    text: str = ""
    status: str = ""
    slice: str = ""
    kind: str = ""
    tag: str = ""
    split: str = ""
    source: str = ""
    assigned: str = ""
    consent: str = ""
    batch: str = ""
    licence: str = ""
    group: str = ""
    author: str = ""
    system: str = ""
    worse: str = ""
    comments: str = ""
    due: bool = False
    recheck: bool = False
    stale: bool = False
    trashed: bool = False

    def given(self) -> dict[str, str]:
        """What is set, as plain texts ("1" for a yes): for an address or a saved view. Empty: no filter at all."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: "1" if value is True else value for name, value in named.items() if value}

    @classmethod
    def of(cls, given: dict[str, str]) -> Filter:
        """The inverse of `given`; names that are no field are passed over, as an address may hold others."""
        known = {f.name: f.type == "bool" for f in fields(cls)}
        return cls(**{name: value == "1" if known[name] else value for name, value in given.items() if name in known})  # type: ignore[arg-type]


def keep_ids(store: Store, ids: Sequence[str]) -> str:
    """Keeps a list of examples, so that `Filter.among` can name it, also in an address that somebody sends."""
    return store.put_blob(canonical(list(ids)))


def _kept_ids(store: Store, name: str) -> list[str]:
    """The ids of a list; none for a name that stands for no list."""
    try:
        found = json.loads(store.get_blob(name)) if _NAME.fullmatch(name) else []
    except (Refusal, ValueError):
        return []  # an address that was typed, or that came from another workspace
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


_NAME = re.compile(r"[0-9a-f]{64}")


def _where(store: Store, project: str, wanted: Filter, today: str) -> tuple[str, list[Any]]:
    """The condition and its parameters. `today` is a date (YYYY-MM-DD)."""
    parts: list[tuple[str, list[Any]]] = [("project = ?", [project]), ("trashed = ?", [wanted.trashed])]
    if wanted.among:
        parts.append(("id IN (SELECT unnest(?::VARCHAR[]))", [_kept_ids(store, wanted.among)]))
    for column in ("status", "consent", "batch"):
        if value := getattr(wanted, column):
            parts.append((f"{column} = ?", [value]))
    for name in ("slice", "split", "source", "assigned", "licence", "group"):
        if value := getattr(wanted, name):
            parts.append((f"coalesce({_COLUMNS.get(name, name)}, '') = ?", ["" if value == NONE else value]))
    for name, (condition, values) in _HAS.items():
        if value := getattr(wanted, name):
            parts.append((_ANSWERS.get(value, "false AND {}").format(condition), [project] * values))
    parts += [_lists(column, value) for column, value in (("kinds", wanted.kind), ("tags", wanted.tag)) if value]
    conditions = {
        _MENTIONS: [wanted.text] * 3 if wanted.text else None,
        _WRITTEN_BY: [wanted.author] * 2 if wanted.author else None,
        _DUE: [today, today] if wanted.due else None,
        "recheck <> ''": [] if wanted.recheck else None,
        f"status = 'approved' AND brief_version < ({_MEANING})": [project] if wanted.stale else None,
    }
    parts += [(condition, values) for condition, values in conditions.items() if values is not None]
    return " AND ".join(condition for condition, _ in parts), [value for _, values in parts for value in values]


def _lists(column: str, value: str) -> tuple[str, list[Any]]:
    """Whether the list in `column` has `value`: the second half is exact, the first spares it almost every row."""
    exact = f"list_contains(CAST(CAST({column} AS JSON) AS VARCHAR[]), ?)"
    return f"contains({column}, ?) AND {exact}", [json.dumps(value, ensure_ascii=False), value]


_COLUMNS = {"group": "grp"}
_HAS = {
    "system": ("system <> ''", 0), "worse": ("worse <> ''", 0),
    "comments": ("id IN (SELECT example FROM comments WHERE project = ? AND NOT removed)", 1),
}  # fmt: skip
"""Field -> what those that have one fulfil, and how often it asks for the project."""
_ANSWERS = {YES: "{}", NO: "NOT ({})"}
# A row of the first revision names its author itself; of a later one, the first one kept does.
_WRITTEN_BY = (
    "CASE WHEN revision = 1 THEN author = ? "
    "ELSE id IN (SELECT example FROM revisions WHERE revision = 1 AND actor = ?) END"
)
_TURNS = "array_to_string(json_extract_string(earlier, '$[*].text'), chr(10))"
_MENTIONS = (
    "(contains(lower(input), lower(?)) OR contains(lower(ideal), lower(?)) OR "
    f"CASE WHEN earlier = '[]' THEN false ELSE contains(lower({_TURNS}), lower(?)) END)"
)
_DUE = "((review_by <> '' AND review_by < ?) OR (expires <> '' AND expires < ?))"
_MEANING = "SELECT max(version) FROM briefs WHERE project = ? AND (changes_meaning OR version = 1)"


def today() -> str:
    """The present date (YYYY-MM-DD) in UTC."""
    from studio.store import now

    return now()[:10]


@dataclass(frozen=True)
class Page:
    """Some of what a filter finds, in the order they came, and how many there are in all."""

    examples: tuple[Example, ...]
    total: int


def page(store: Store, project: str, wanted: Filter, *, limit: int, offset: int = 0) -> Page:
    """`limit` examples from the place `offset` (0: the first) on."""
    where, params = _where(store, project, wanted, today())
    # The texts are read once for both the count and the page; whole rows only for those shown.
    sql = (
        f"WITH hits AS MATERIALIZED (SELECT position FROM examples WHERE {where}) "
        "SELECT (SELECT count(*) FROM hits) AS total, "
        "(SELECT list(position) FROM (SELECT position FROM hits ORDER BY position LIMIT ? OFFSET ?)) AS places"
    )
    found = store.rows(sql, *params, limit, offset)[0]
    places = found["places"] or []
    rows = store.rows(
        f"SELECT * FROM examples WHERE project = ? AND position IN ({', '.join('?' * len(places))}) ORDER BY position",
        project, *places,
    ) if places else []  # fmt: skip
    return Page(tuple(example_of(row) for row in rows), found["total"])


def count(store: Store, project: str, wanted: Filter) -> int:
    where, params = _where(store, project, wanted, today())
    return store.rows(f"SELECT count(*) AS n FROM examples WHERE {where}", *params)[0]["n"]


def count_any(store: Store, project: str, wanted: Sequence[Filter]) -> int:
    """How many examples at least one of the filters finds; each counts once."""
    parts = [_where(store, project, each, today()) for each in wanted]
    where = " OR ".join(f"({condition})" for condition, _ in parts) or "false"
    params = [value for _, values in parts for value in values]
    return store.rows(f"SELECT count(*) AS n FROM examples WHERE {where}", *params)[0]["n"]


def ids(store: Store, project: str, wanted: Filter) -> list[str]:
    """The ids of all, in the order they came."""
    where, params = _where(store, project, wanted, today())
    return [row["id"] for row in store.rows(f"SELECT id FROM examples WHERE {where} ORDER BY position", *params)]


def neighbour(store: Store, project: str, example: str, wanted: Filter, *, forward: bool) -> str | None:
    """The next (or the previous) example after `example`, which need not match the filter itself."""
    where, params = _where(store, project, wanted, today())
    sign, order = (">", "ASC") if forward else ("<", "DESC")
    sql = (
        f"SELECT id FROM examples WHERE {where} AND position {sign} (SELECT position FROM examples WHERE id = ?) "
        f"ORDER BY position {order} LIMIT 1"
    )
    rows = store.rows(sql, *params, example)
    return rows[0]["id"] if rows else None


@dataclass(frozen=True)
class Choices:
    """What the examples of a project that are not in the trash offer to filter by, each in alphabetical order;
    `groups` are at most the `MOST_GROUPS` largest."""

    slices: tuple[str, ...]
    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    assigned: tuple[str, ...]
    licences: tuple[str, ...]
    authors: tuple[str, ...]
    groups: tuple[str, ...]


def choices(store: Store, project: str) -> Choices:
    """One pass over the examples, and one over their groups."""
    sql = (
        "SELECT list(DISTINCT slice) AS slices, list(DISTINCT kinds) AS kinds, list(DISTINCT tags) AS tags, "
        "list(DISTINCT source) AS sources, list(DISTINCT assigned) AS assigned, list(DISTINCT licence) AS licences, "
        "list(DISTINCT author) FILTER (revision = 1) AS authors "
        "FROM examples WHERE project = ? AND NOT trashed"
    )
    found = {name: set(values or []) for name, values in store.rows(sql, project)[0].items()}
    for name in ("kinds", "tags"):
        found[name] = {word for listed in found[name] for word in json.loads(listed)}
    found["authors"] |= {row["actor"] for row in store.rows(_FIRST_AUTHORS, project)}
    found["groups"] = {row["grp"] for row in store.rows(_GROUPS, project, MOST_GROUPS)}
    return Choices(**{name: tuple(sorted(value for value in values if value)) for name, values in found.items()})


_FIRST_AUTHORS = (
    "SELECT DISTINCT actor FROM revisions WHERE revision = 1 AND example IN "
    "(SELECT id FROM examples WHERE project = ? AND revision > 1 AND NOT trashed)"
)
_GROUPS = (
    "SELECT grp FROM examples WHERE project = ? AND NOT trashed AND grp <> '' "
    "GROUP BY grp ORDER BY count(*) DESC, grp LIMIT ?"
)


def assigned(store: Store, person: str) -> dict[str, int]:
    """Project -> how many examples there are given to this person and still to be decided."""
    sql = (
        "SELECT project, count(*) AS n FROM examples WHERE assigned = ? AND NOT trashed "
        "AND status IN ('draft', 'in_review') GROUP BY project"
    )
    return {row["project"]: row["n"] for row in store.rows(sql, person)}
