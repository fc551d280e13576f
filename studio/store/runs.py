"""Jobs and runs: what was started, and what came out of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studio.records import Act, Arm, Job, JobState, Refusal, Run, canonical, sha256
from studio.store import addresses
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


STARTED = (
    "This training was started already, from here or from another window. It goes on. To train the same once more, run "
    "it again from its card."
)
_FROM_PREFLIGHT = "SELECT 1 FROM jobs WHERE json_extract_string(detail, '$.preflight') = ? LIMIT 1"
ANOTHER = "Another job has this device. It goes on. Wait for it or stop it first."


def _refuse_two(tx: Tx, kind: str, device: str | None) -> None:
    """One job a device; of jobs from before devices were noted, one of a kind."""
    if device is None:
        taken = tx.query("SELECT 1 FROM jobs WHERE state IN ('queued', 'running') AND kind = ? LIMIT 1", kind)
    else:
        sql = "SELECT 1 FROM jobs WHERE state = 'running' AND json_extract_string(detail, '$.device') = ? LIMIT 1"
        taken = tx.query(sql, device) if device else []
    if taken:
        raise Refusal(ANOTHER)


def _refuse_started(tx: Tx, preflight: str) -> None:
    """A pre-flight is accepted once: a second press, or a second window, starts nothing."""
    if tx.query(_FROM_PREFLIGHT, preflight):
        raise Refusal(STARTED)


@applies("job.started")
def job_started(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, kind, folder (name under jobs/), detail (with the `device` it has, "" when it needs none), and for a
    training job `run`. With `waits` it stands in line, and has no device yet."""
    state = "queued" if payload.get("waits") else "running"
    if measured := payload["detail"].get("preflight"):
        _refuse_started(tx, measured)
    if state == "running":
        _refuse_two(tx, payload["kind"], payload["detail"].get("device"))
    tx.insert("jobs", {"id": payload["id"], "project": act.project, "kind": payload["kind"], "state": state,
                       "folder": payload["folder"], "actor": act.actor, "at": act.at,
                       "detail": canonical(payload["detail"]).decode()})  # fmt: skip
    if run := payload.get("run"):
        tx.insert("runs", {
            "id": run["id"], "project": act.project, "dataset": run["dataset"], "model": run["model"],
            "preset": run["preset"], "job": payload["id"], "state": state,
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


@applies("job.begun")
def job_begun(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, device. The first in line gets a device."""
    job = tx.need("jobs", payload["id"])
    if job["state"] != "queued":
        raise Refusal("This job does not stand in line any more. Nothing was changed.")
    _refuse_two(tx, job["kind"], payload["device"])
    _set_state(tx, job, "running", device=payload["device"])


@applies("job.moved", undo=True)
def job_moved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. It goes to the front of the line; who was moved there before stands behind it."""
    job = tx.need("jobs", payload["id"])
    if job["state"] != "queued":
        raise Refusal("This job does not stand in line any more. Nothing was changed.")
    _set_state(tx, job, "queued", moved=act.at)


@applies("job.resumed")
def job_resumed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. A job that was stopped or died goes on in its folder; with `waits` it stands in line for that."""
    job = tx.need("jobs", payload["id"])
    if job["state"] not in ("failed", "cancelled"):
        raise Refusal("Only a job that was stopped or failed can go on. Nothing was changed.")
    _set_state(tx, job, "queued" if payload.get("waits") else "running", stood=act.at, moved="")


def _set_state(tx: Tx, job: Row, state: str, **detail: str) -> None:
    """Of the job and of the run that hangs on it. `detail` is added to the job's."""
    tx.update("jobs", job, state=state, detail=canonical({**json.loads(job["detail"]), **detail}).decode())
    for run in tx.query("SELECT * FROM runs WHERE job = ?", job["id"]):
        tx.update("runs", run, state=state)


def _may_register(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    run, arm = payload["run"], payload["arm"]
    dataset = tx.need("datasets", run["dataset"])
    if dataset["project"] != act.project or dataset["discarded"]:
        raise Refusal("That set is not in use in this project. Nothing was registered. Choose another.")
    if not addresses.is_allowed(tx, run["model"].partition("#")[0]):
        raise Refusal("No admin has allowed this address. Nothing was registered. Ask an admin to allow it first.")
    if tx.query("SELECT 1 FROM arms WHERE project = ? AND name = ? AND NOT retired", act.project, arm["name"]):
        raise Refusal(f"“{arm['name']}” is taken by another arm. Nothing was registered. Choose another name.")


def _not_answered(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM generations WHERE arm = ? LIMIT 1", payload["arm"]["id"]):
        raise Refusal("This model has answered prompts already. Nothing was changed. Discard it instead.")


@applies("run.registered", guard=_not_answered, allowed=_may_register)
def run_registered(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: run (id, dataset, model, preset, settings: what is told of it), arm (id, name). A model that was tuned
    elsewhere. It has no adapter here: in the hash's place stands one over its address, name and time of this act."""
    run, arm = payload["run"], payload["arm"]
    tx.insert("runs", {
        "id": run["id"], "project": act.project, "dataset": run["dataset"], "model": run["model"],
        "preset": run["preset"], "job": "", "state": "done", "settings": canonical(run["settings"]).decode(),
        "adapter": "", "adapter_sha256": sha256(canonical([run["model"], act.at])), "result": "{}",
        "discarded": False, "actor": act.actor, "at": act.at,
    })  # fmt: skip
    tx.insert("arms", {
        "id": arm["id"], "project": act.project, "kind": "tuned", "name": arm["name"], "model": run["model"],
        "system_prompt": "", "run": run["id"], "version": 1, "retired": False, "actor": act.actor, "at": act.at,
    })  # fmt: skip


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
    if run["state"] in ("queued", "running"):
        raise Refusal("This run is still training, or waits for it. Nothing was changed. Stop it first.")
    tx.update("runs", run, discarded=True)
    for arm in tx.query("SELECT * FROM arms WHERE run = ?", payload["id"]):
        tx.update("arms", arm, retired=True)


def weights(store: Store, arm: Arm) -> str:
    """The hash of the weights that an arm was trained to: of its own checkpoint, or of what its run left; "" for an arm
    that was not trained."""
    if arm.adapter_sha256 or not arm.run:
        return arm.adapter_sha256
    run = get(store, arm.run)
    return run.adapter_sha256 if run else ""


def _job(row: Row) -> Job:
    return Job(row["id"], row["project"], row["kind"], JobState(row["state"]), row["folder"], row["actor"], row["at"],
               json.loads(row["detail"]))  # fmt: skip


def _run(row: Row) -> Run:
    return Run(row["id"], row["project"], row["dataset"], row["model"], row["preset"], row["job"],
               JobState(row["state"]), json.loads(row["settings"]), row["adapter"], row["adapter_sha256"],
               json.loads(row["result"]), row["discarded"], row["at"], row["actor"])  # fmt: skip


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


def line(store: Store) -> list[Job]:
    """The jobs that wait for a device, of all projects, the next one first: those moved to the front, the last moved
    before the others, then in the order in which they came."""
    waiting = [found for found in jobs(store, active=True) if found.state is JobState.queued]
    in_order = sorted(waiting, key=lambda found: (found.detail.get("stood", found.at), found.id))
    return sorted(in_order, key=lambda found: found.detail.get("moved", ""), reverse=True)


def is_started(store: Store, preflight: str) -> bool:
    """Whether a training was started from this pre-flight."""
    return bool(store.rows(_FROM_PREFLIGHT, preflight))


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


def without_arm(store: Store) -> list[Run]:
    """Done runs that never got their tuned arm, because the studio ended between the two acts."""
    sql = (
        "SELECT * FROM runs r WHERE r.state = 'done' AND NOT r.discarded "
        "AND NOT EXISTS (SELECT 1 FROM arms a WHERE a.run = r.id) AND NOT EXISTS "
        "(SELECT 1 FROM changes c WHERE c.tbl = 'arms' AND json_extract_string(c.after, '$.run') = r.id)"
    )
    return [_run(row) for row in store.rows(sql)]


def ended_unseen(store: Store, person: str) -> list[Job]:
    """The jobs that this person started and that ended after the last thing they did in their project, the latest
    first; those that they stopped themselves are none."""
    sql = (
        "SELECT j.* FROM jobs j JOIN changes c ON c.tbl = 'jobs' AND json_extract_string(c.key, '$.id') = j.id "
        "JOIN acts a ON a.seq = c.seq AND a.kind = 'job.finished' WHERE j.actor = ? AND j.state IN ('done', 'failed') "
        "AND a.seq > (SELECT max(seq) FROM acts m WHERE m.actor = ? AND m.project = j.project) ORDER BY a.seq DESC"
    )
    return [_job(row) for row in store.rows(sql, person, person)]
