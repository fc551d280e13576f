"""Arms, what they wrote, and who has looked at it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import (
    PROMPTING,
    Act,
    Arm,
    ArmKind,
    Generation,
    Given,
    Recipe,
    Refusal,
    canonical,
    from_json,
    set_parts,
)
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


def _not_in_a_round(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    open_rounds = tx.query("SELECT registration FROM rounds WHERE project = ? AND state = 'open'", act.project)
    if open_rounds:
        raise Refusal("A blind round is open on these outputs. Nothing was changed. Cancel or finish the round first.")


_PROMPTING = f"({', '.join(repr(kind.value) for kind in PROMPTING)})"
_SAVED = "('arm.saved', 'project.copied')"
"""Acts after which an arm stands as somebody wrote it."""
_IN_A_ROUND = "This arm takes part in the open blind round. Nothing was changed. Finish or cancel the round first."


def in_open_rounds(tx: Tx, project: str, dataset: str = "") -> set[str]:
    """The arms of the open rounds here (on one dataset, or on any)."""
    rows = tx.query("SELECT registration FROM rounds WHERE project = ? AND state = 'open'", project)
    open_rounds = [json.loads(row["registration"]) for row in rows]
    return {arm for found in open_rounds if dataset in ("", found["dataset"]) for arm in found["arms"]}


def _save_allowed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    arm, current = payload["arm"], tx.get("arms", payload["arm"]["id"])
    renamed = current is not None and all(arm[k] == current[k] for k in ("kind", "model", "system_prompt", "run"))
    renamed = renamed and current is not None and _recipe(arm) == current["recipe"]
    if not renamed and arm["id"] in in_open_rounds(tx, act.project):
        raise Refusal(_IN_A_ROUND)


def _retire_allowed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["id"] in in_open_rounds(tx, act.project):
        raise Refusal(_IN_A_ROUND)


def _outputs_allowed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    registered = in_open_rounds(tx, act.project, payload["dataset"])
    if registered and any(value["arm"] in registered for value in json.loads(tx.blob(payload["rows_blob"]))):
        raise Refusal(
            "A blind round is open on what these arms wrote. Nothing was changed; new outputs stay in the folder of "
            "their job. Finish or cancel the round first."
        )


@applies("arm.saved", guard=_not_in_a_round, allowed=_save_allowed)
def arm_saved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: arm. A change of prompt, recipe or model raises the version; its old outputs then no longer count."""
    arm = payload["arm"]
    current = tx.get("arms", arm["id"])
    expected = 1 if current is None else current["version"] + 1
    if arm["version"] != expected:
        raise Refusal(
            "Somebody saved this prompt while you were editing. Your text is still in the form; "
            "compare the two and save again."
        )
    ArmKind(arm["kind"])
    row = {**arm, "recipe": _recipe(arm), "project": act.project, "actor": act.actor, "at": act.at}
    tx.put("arms", row)


def _recipe(arm: dict[str, Any]) -> str:
    """The recipe of a payload as it stands in the row; "{}" for one from before arms had any. Raises ValueError."""
    recipe = from_json(Recipe, arm.get("recipe", {}))
    return "{}" if recipe == Recipe() else canonical(set_parts(recipe)).decode()


@applies("arm.retired", guard=_retire_allowed, allowed=_retire_allowed)
def arm_retired(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, retired."""
    tx.update("arms", tx.need("arms", payload["id"]), retired=payload["retired"])


@applies("generations.stored", guard=_not_in_a_round, allowed=_outputs_allowed)
def generations_stored(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: dataset, job, rows_blob (JSON list of generations). Replaces older outputs of an arm and prompt."""
    new = {
        (value["arm"], value["example"]): {
            "project": act.project, "dataset": payload["dataset"], "arm": value["arm"], "example": value["example"],
            "output": value["output"], "tokens_in": value["tokens_in"], "tokens_out": value["tokens_out"],
            "seconds": float(value["seconds"]), "similarity": value["similarity"],
            "hashes": canonical(value["hashes"]).decode(), "job": payload["job"],
            "given": canonical(value.get("given", {})).decode(),
        }
        for value in json.loads(tx.blob(payload["rows_blob"]))
    }  # fmt: skip
    sql = "SELECT * FROM generations WHERE dataset = ? AND arm IN (SELECT unnest(?::VARCHAR[]))"
    older = tx.query(sql, payload["dataset"], sorted({arm for arm, _ in new}))
    current = {(row["arm"], row["example"]): row for row in older}
    tx.write_many("generations", [(current.get(key), row) for key, row in new.items()])


@applies("outputs.seen")
def outputs_seen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: what (the dataset whose raw outputs were on this person's screen; "test/" and a dataset: outputs of
    its test prompts; "draft": what a model wrote for them to start an example from)."""
    row = {"project": act.project, "person": act.actor, "what": payload["what"], "at": act.at}
    if tx.get("exposures", act.project, act.actor, payload["what"]) is None:
        tx.put("exposures", row)


def _arm(row: Row) -> Arm:
    return Arm(row["id"], row["project"], ArmKind(row["kind"]), row["name"], row["model"], row["system_prompt"],
               row["run"], row["version"], row["retired"], from_json(Recipe, json.loads(row["recipe"])), row["step"],
               row["adapter_sha256"])  # fmt: skip


def every(store: Store, project: str, *, retired: bool = False) -> list[Arm]:
    """The arms in use, in the order they were made; with `retired` also those taken out of use."""
    kept = "" if retired else " AND NOT retired"
    sql = f'SELECT * FROM arms WHERE project = ?{kept} ORDER BY "at", id'
    return [_arm(row) for row in store.rows(sql, project)]


def get(store: Store, arm: str) -> Arm | None:
    rows = store.rows("SELECT * FROM arms WHERE id = ?", arm)
    return _arm(rows[0]) if rows else None


@dataclass(frozen=True)
class Version:
    """One saved version of an arm: its texts, by whom and when (ISO 8601)."""

    number: int
    system_prompt: str
    recipe: Recipe
    actor: str
    at: str


def prompt_history(store: Store, arm: str) -> list[Version]:
    """Each saved version of one arm that still stands, newest first."""
    sql = (
        "SELECT c.after FROM changes c JOIN acts a ON a.seq = c.seq WHERE c.tbl = 'arms' AND c.key = ? "
        f"AND a.kind IN {_SAVED} AND a.undone_by IS NULL ORDER BY c.seq DESC"
    )
    rows = [json.loads(r["after"]) for r in store.rows(sql, canonical({"id": arm}).decode())]
    recipes = [from_json(Recipe, json.loads(r.get("recipe", "{}"))) for r in rows]
    return [
        Version(r["version"], r["system_prompt"], recipe, r["actor"], r["at"])
        for r, recipe in zip(rows, recipes, strict=True)
    ]


def generations(
    store: Store, dataset: str, arm: str = "", examples: Sequence[str] | None = None
) -> list[Generation]:  # fmt: skip
    """What arms wrote to a dataset's prompts (one arm, or all), or to these `examples` of it."""
    where, params = "dataset = ?", [dataset]
    if arm:
        where, params = where + " AND arm = ?", [*params, arm]
    if examples is not None:
        where, params = f"{where} AND example IN ({', '.join('?' for _ in examples) or 'NULL'})", [*params, *examples]
    rows = store.rows(f"SELECT * FROM generations WHERE {where} ORDER BY arm, example", *params)
    # An arm's answers are thousands and the ways it was asked a few: each is read once.
    hashes = {text: json.loads(text) for text in {r["hashes"] for r in rows}}
    given = {text: from_json(Given, json.loads(text)) for text in {r["given"] for r in rows}}
    return [
        Generation(r["arm"], r["example"], r["output"], r["tokens_in"], r["tokens_out"], r["seconds"],
                   r["similarity"], hashes[r["hashes"]], given[r["given"]])
        for r in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """That an arm answered an example, in which job ("": none of this studio's)."""

    arm: str
    example: str
    job: str


def answered(store: Store, dataset: str) -> list[Answered]:
    """Who answered which of a dataset's prompts, without what they wrote. Read once for all who ask."""

    def read() -> tuple[Answered, ...]:
        rows = store.rows("SELECT arm, example, job FROM generations WHERE dataset = ?", dataset)
        return tuple(Answered(r["arm"], r["example"], r["job"]) for r in rows)

    return list(store.once(("answered", dataset), read, ("generations",)))


def chosen_since(store: Store, project: str, since: str) -> int:
    """How many versions of arms that people write, and checkpoints that people chose to compare, were saved after an
    ISO time and still stand."""
    sql = (
        "SELECT count(DISTINCT a.seq) AS n FROM acts a JOIN changes c ON c.seq = a.seq AND c.tbl = 'arms' "
        f'WHERE a.project = ? AND a.kind IN {_SAVED} AND a.undone_by IS NULL AND a."at" > ? '
        f"AND (json_extract_string(c.after, '$.kind') IN {_PROMPTING} "
        "OR coalesce(json_extract_string(c.after, '$.step'), '0') <> '0')"
    )
    return int(store.rows(sql, project, since)[0]["n"])


def prompt_authors(store: Store, project: str) -> set[str]:
    """Everybody who wrote or changed an arm here, of those that people write, that still stands."""
    sql = (
        "SELECT DISTINCT a.actor FROM acts a JOIN changes c ON c.seq = a.seq AND c.tbl = 'arms' WHERE a.project = ? "
        f"AND a.kind IN {_SAVED} AND a.undone_by IS NULL AND json_extract_string(c.after, '$.kind') IN {_PROMPTING}"
    )
    return {row["actor"] for row in store.rows(sql, project)}


def exposed(store: Store, project: str) -> dict[str, str]:
    """Person -> when they first saw raw outputs of this project."""
    sql = 'SELECT person, min("at") AS "at" FROM exposures WHERE project = ?'
    sql += " AND what NOT LIKE 'queue/%' GROUP BY person"
    return {row["person"]: row["at"] for row in store.rows(sql, project)}


def readers(store: Store, project: str, what: str) -> set[str]:
    """Who saw raw outputs of one dataset (or "draft": what a model wrote for them)."""
    rows = store.rows("SELECT person FROM exposures WHERE project = ? AND what = ?", project, what)
    return {row["person"] for row in rows}


TESTS = "test/"
"""What begins an exposure to outputs of test prompts; the dataset's id follows."""


def saw_tests(store: Store, project: str) -> dict[str, str]:
    """Person -> when they first read outputs of test prompts of this project."""
    sql = 'SELECT person, min("at") AS "at" FROM exposures WHERE project = ? AND what LIKE ? GROUP BY person'
    return {row["person"]: row["at"] for row in store.rows(sql, project, f"{TESTS}%")}


def changed_after_tests(store: Store, arm: Arm) -> int:
    """How many versions of an arm's text or recipe were saved by somebody who had read outputs of test prompts before:
    such a version may be made for those very prompts. A look outside the studio is not known here."""
    seen, count = saw_tests(store, arm.project), 0
    before: Version | None = None
    for each in reversed(prompt_history(store, arm.id)):
        changed = before is None or (each.system_prompt, each.recipe) != (before.system_prompt, before.recipe)
        count += changed and each.actor in seen and seen[each.actor] < each.at
        before = each
    return count
