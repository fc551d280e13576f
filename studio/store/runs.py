"""Jobs and runs: what was started, and what came out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Job, JobState, Refusal, Run, canonical
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


ANOTHER = "Another job of this kind is running on this machine. It goes on. Wait for it or stop it first."


def _active(tx: Tx, kind: str) -> bool:
    return bool(tx.query("SELECT 1 FROM jobs WHERE state IN ('queued', 'running') AND kind = ? LIMIT 1", kind))


@applies("job.started")
def job_started(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, kind, folder (name under jobs/), detail, and for a training job `run`."""
    if _active(tx, payload["kind"]):
        raise Refusal(ANOTHER)
    tx.insert("jobs", {"id": payload["id"], "project": act.project, "kind": payload["kind"], "state": "running",
                       "folder": payload["folder"], "actor": act.actor, "at": act.at,
                       "detail": canonical(payload["detail"]).decode()})  # fmt: skip
    if run := payload.get("run"):
        tx.insert("runs", {
            "id": run["id"], "project": act.project, "dataset": run["dataset"], "model": run["model"],
            "preset": run["preset"], "job": payload["id"], "state": "running",
            "settings": canonical(run["settings"]).decode(), "adapter": "", "adapter_sha256": "", "result": "{}",
            "discarded": False, "actor": act.actor, "at": act.at,
        })  # fmt: skip


@applies("job.finished")
def job_finished(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, state, result (the worker's result.json). Updates the run that hangs on the job."""
    job = tx.need("jobs", payload["id"])
    if JobState(job["state"]) not in (JobState.queued, JobState.running):
        raise Refusal("This job was finished already. Nothing was changed.")
    state, result = JobState(payload["state"]).value, payload["result"]
    detail = {**json.loads(job["detail"]), "result": result}
    tx.update("jobs", job, state=state, detail=canonical(detail).decode())
    for run in tx.query("SELECT * FROM runs WHERE job = ?", payload["id"]):
        tx.update("runs", run, state=state, adapter=result.get("adapter", ""),
                  adapter_sha256=result.get("adapter_sha256", ""), result=canonical(result).decode())  # fmt: skip


def _alone(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if _active(tx, tx.need("jobs", payload["id"])["kind"]):
        raise Refusal(ANOTHER)


@applies("job.resumed", allowed=_alone)
def job_resumed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. A job that was stopped or died goes on in its folder."""
    job = tx.need("jobs", payload["id"])
    if job["state"] not in ("failed", "cancelled"):
        raise Refusal("Only a job that was stopped or failed can go on. Nothing was changed.")
    tx.update("jobs", job, state="running")
    for run in tx.query("SELECT * FROM runs WHERE job = ?", payload["id"]):
        tx.update("runs", run, state="running")


@applies("preflight.set_aside", undo=True)
def preflight_set_aside(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. What was measured is not to be started; it stays in the record."""
    job = tx.need("jobs", payload["id"])
    if job["kind"] != "preflight" or job["project"] != act.project:
        raise Refusal("There is no such pre-flight in this project. Nothing was changed.")
    detail = {**json.loads(job["detail"]), "set_aside": True}
    tx.update("jobs", job, detail=canonical(detail).decode())


def _no_outputs(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM rounds WHERE project = ? AND state = 'open' LIMIT 1", act.project):
        raise Refusal("A blind round is open. Nothing was changed. Cancel or finish the round first.")


@applies("run.discarded", undo=True)
def run_discarded(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. The run and its arm leave the pages; its files and its record stay."""
    _no_outputs(tx, act, payload)
    run = tx.need("runs", payload["id"])
    if run["state"] == "running":
        raise Refusal("This run is still training. Nothing was changed. Stop it first.")
    tx.update("runs", run, discarded=True)
    for arm in tx.query("SELECT * FROM arms WHERE run = ?", payload["id"]):
        tx.update("arms", arm, retired=True)


def _job(row: Row) -> Job:
    return Job(row["id"], row["project"], row["kind"], JobState(row["state"]), row["folder"], row["actor"], row["at"],
               json.loads(row["detail"]))  # fmt: skip


def _run(row: Row) -> Run:
    return Run(row["id"], row["project"], row["dataset"], row["model"], row["preset"], row["job"],
               JobState(row["state"]), json.loads(row["settings"]), row["adapter"], row["adapter_sha256"],
               json.loads(row["result"]), row["discarded"], row["at"])  # fmt: skip


def job(store: Store, name: str) -> Job | None:
    rows = store.rows("SELECT * FROM jobs WHERE id = ?", name)
    return _job(rows[0]) if rows else None


def jobs(store: Store, project: str = "", *, active: bool = False) -> list[Job]:
    """Newest first; `active` keeps those not finished."""
    where, params = "TRUE", []
    if project:
        where, params = "project = ?", [project]
    if active:
        where += " AND state IN ('queued', 'running')"
    return [_job(row) for row in store.rows(f'SELECT * FROM jobs WHERE {where} ORDER BY "at" DESC', *params)]


def every(store: Store, project: str, *, discarded: bool = False) -> list[Run]:
    """Newest first; with `discarded` also those taken off the pages."""
    kept = "" if discarded else " AND NOT discarded"
    sql = f'SELECT * FROM runs WHERE project = ?{kept} ORDER BY "at" DESC'
    return [_run(row) for row in store.rows(sql, project)]


def started(store: Store, project: str, since: str) -> int:
    """How many trainings were started after an ISO time, the discarded ones too."""
    sql = 'SELECT count(*) AS n FROM runs WHERE project = ? AND "at" > ?'
    return int(store.rows(sql, project, since)[0]["n"])


def get(store: Store, run: str) -> Run | None:
    rows = store.rows("SELECT * FROM runs WHERE id = ?", run)
    return _run(rows[0]) if rows else None


@dataclass(frozen=True)
class NextPart:
    """A part of a learning curve whose turn it is: its job `next`, and the `curve` that its detail will hold."""

    next: str
    project: str
    actor: str
    curve: dict[str, Any]


def with_next_part(store: Store) -> list[NextPart]:
    """Of each learning curve whose latest part is done, the one that comes after."""
    sql = (
        "SELECT id, project, actor, json_extract(detail, '$.curve') AS curve FROM jobs WHERE kind = 'train' "
        "AND json_extract(detail, '$.curve') IS NOT NULL AND (state = 'done' OR ?)"
    )
    begun = {row["id"] for row in store.rows(sql, True)}
    found = []
    for row in store.rows(sql, False):
        curve = json.loads(row["curve"])
        order = [part["id"] for part in curve["plan"]]
        after = order[order.index(row["id"]) + 1 :][:1]
        found += [NextPart(name, row["project"], row["actor"], curve) for name in after if name not in begun]
    return found


def without_arm(store: Store) -> list[Run]:
    """Done runs that never got their tuned arm, because the studio ended between the two acts."""
    sql = (
        "SELECT * FROM runs r WHERE r.state = 'done' AND NOT r.discarded "
        "AND NOT EXISTS (SELECT 1 FROM arms a WHERE a.run = r.id) AND NOT EXISTS "
        "(SELECT 1 FROM changes c WHERE c.tbl = 'arms' AND json_extract_string(c.after, '$.run') = r.id)"
    )
    return [_run(row) for row in store.rows(sql)]
