"""A whole project as one file: the same rows and the same verdict elsewhere, and nothing from a file that lies."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from round_seed import person, ready, vote_like_the_script
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from studio import cli, people, project_file, projects, signing
from studio.certificate import verify
from studio.examples import step as example_step
from studio.models.files import ADAPTER_FILES, adapter_sha256
from studio.project_file import reading
from studio.project_file.form import KINDS, STAY
from studio.records import Act, Person, Refusal, Role, Status, canonical, from_json, sha256, to_json
from studio.review import rounds
from studio.store import Store, brought, decisions, examples
from studio.store import people as people_rows
from studio.store import projects as rows
from studio.store import rounds as round_rows
from studio.store.journal import link
from studio.store.migrations import KEYS
from studio.store.writes import HANDLERS
from studio.ui import project_route, sign_in
from studio.ui.guard import Guard

NOT_OF_A_PROJECT = {"people", "tokens", "sessions", "prices", "token_prices", "addresses", "webhooks"}
NUMBERED = ("position", "act")
"""Columns that hold the number of an act: in another journal it is another one, in the same order."""


@dataclass(frozen=True)
class Made:
    """A workspace with a decided project between the acts of another one, and the project's file."""

    store: Store
    project: str
    file: Path
    voters: tuple[Person, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("from")
    store = Store.open(folder / "workspace")
    other = projects.create(store, "ann", "Other").id
    seeded = ready(store, tests=8)
    pia = person(store, "Pia", Role.pm)
    first = example_step.write(store, pia.id, seeded.project, input="A question", ideal="An answer")
    store.act("webhook.set", pia.id, {"address": "https://example.org/hook"}, seeded.project)
    example_step.edit(store, pia.id, seeded.project, first, ideal="A better answer")
    wrong = example_step.edit(store, pia.id, seeded.project, replace(first, revision=2), ideal="Wrong")
    store.undo(store.recent(seeded.project, pia.id)[0].seq, pia.id)
    projects.rename(store, "ann", other, "Another")
    example_step.mark(store, pia.id, seeded.project, [wrong.id], Status.rejected)
    _trained(store, seeded.project, seeded.dataset, "whole")
    _trained(store, seeded.project, seeded.dataset, "changed").write_text("{}")
    found = rounds.open_round(
        store, "maker", seeded.project, rounds.Plan((seeded.tuned,), (seeded.base,), seeded.dataset)
    )
    with pytest.raises(Refusal, match="which answer is whose"):
        project_file.write(store, seeded.project, folder / "open.zip")
    rita = person(store, "Rita", Role.reviewer)
    found = vote_like_the_script(store, found, rita)
    assert found.state == "closed"
    signing.sign(store, pia, found, "As the rule says.")
    written = project_file.write(store, seeded.project, folder / "project.zip", models=True)
    assert written.models == 1 and "run changed was changed on disk" in written.left[-1]
    yield Made(store, seeded.project, folder / "project.zip", (rita, pia))
    store.close()


def _trained(store: Store, project: str, dataset: str, run: str) -> Path:
    """A finished run that left a model; one of its files."""
    folder = store.workspace / "jobs" / run / "checkpoints" / "final"
    folder.mkdir(parents=True)
    for name in ADAPTER_FILES:
        (folder / name).write_text(f"{name} of {run}")
    about = {"id": run, "dataset": dataset, "model": "smollm2-135m", "preset": "match_our_tone", "settings": {}}
    store.act("job.started", "maker", {"id": run, "kind": "train", "folder": run, "detail": {}, "run": about}, project)
    result = {"adapter": "checkpoints/final", "adapter_sha256": adapter_sha256(folder)}
    store.act("job.finished", "maker", {"id": run, "state": "done", "result": result}, project)
    return folder / ADAPTER_FILES[0]


@dataclass(frozen=True)
class There:
    """Another workspace, where Pia signs in too, and what came of bringing the file."""

    store: Store
    olga: Person
    came: project_file.Brought


@pytest.fixture(scope="module")
def there(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    store = Store.open(tmp_path_factory.mktemp("there"))
    olga = person(store, "Olga", Role.designer)
    payload = {"id": made.voters[-1].id, "name": "Pia of here", "role": "pm", "scripted": False, "token": ""}
    store.act("person.joined", people.SYSTEM, payload)
    with pytest.raises(Refusal, match="what Pia of here did elsewhere"):
        project_file.bring(store, olga.id, made.file)
    assert not rows.every(store)
    yield There(store, olga, project_file.bring(store, olga.id, made.file, vouched=True))
    store.close()


def held(store: Store, project: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that hangs on a project, the numbers of acts left out; of acts those that were told."""
    found: dict[str, list[dict[str, Any]]] = {}
    others = {each.id for each in rows.every(store)} - {project}
    for table in KEYS.keys() - NOT_OF_A_PROJECT:
        every = store.rows(f"SELECT * FROM {table}")
        of_one = [row for row in every if row.get("project", row["id"] if table == "projects" else "") not in others]
        found[table] = sorted(({k: v for k, v in row.items() if k not in NUMBERED} for row in of_one), key=repr)
    acts = store.rows('SELECT id, "at", actor, kind, payload, hash FROM acts WHERE project = ? ORDER BY seq', project)
    found["acts"] = [row for row in acts if row["kind"] in KINDS - {brought.KIND, "undone"}]
    found["in order"] = [{"id": each.id} for each in examples.every(store, project)]
    return found


def test_a_project_says_the_same_elsewhere_and_its_verdict_holds(made: Made, there: There) -> None:
    store = there.store
    assert held(store, made.project) == held(made.store, made.project)
    one, other = (round_rows.every(each, made.project)[0] for each in (made.store, store))
    assert signing.judged(store, other) == signing.judged(made.store, one)
    certified = verify(signing.certificate_of(store, other))
    assert certified.ok and certified.verdict == signing.ruling(made.store, one).verdict.value
    assert decisions.every(store, made.project) == decisions.every(made.store, made.project)
    model = [
        adapter_sha256(each.workspace / "jobs" / "whole" / "checkpoints" / "final") for each in (store, made.store)
    ]
    assert there.came.models == 1 and model[0] == model[1]
    assert not signing.void_because(store, decisions.every(store, made.project)[0]) and not store.audit()


def test_who_is_named_cannot_come_in_and_nothing_comes_that_gives_access(made: Made, there: There) -> None:
    *strangers, pia = made.voters
    assert there.came.people == tuple(each.name for each in strangers)
    for each in strangers:
        known = people_rows.get(there.store, each.id)
        assert known is not None and not known.active and known.role is Role.reviewer and known.name == each.name
    known = people_rows.get(there.store, pia.id)
    assert known is not None and known.active and known.name == "Pia of here"
    assert not there.store.rows("SELECT * FROM webhooks")
    assert {row["person"] for row in there.store.rows("SELECT person FROM sessions")} == {there.olga.id}


def test_what_was_done_elsewhere_is_not_undone_here(made: Made, there: There) -> None:
    done = there.store.history(made.project, ("example.saved",))[0]
    with pytest.raises(Refusal, match="in another workspace"):
        there.store.undo(done.seq, there.olga.id)
    assert done.seq < 1 and not there.store.recent(made.project, made.voters[-1].id)
    act = brought.of(there.store, made.project)
    assert act is not None and act.actor == there.olga.id and there.store.payload(act)["head"] == there.came.head


def test_it_goes_on_to_a_third_workspace_with_both_histories(
    made: Made, there: There, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, olga = there.store, there.olga.id
    projects.rename(store, olga, made.project, "Elsewhere")
    example_step.write(store, olga, made.project, input="One more", ideal="Yes")
    store.undo(store.recent(made.project, olga)[0].seq, olga)
    example_step.write(store, olga, made.project, input="Another one", ideal="Yes")
    assert examples.every(store, made.project)[-1].input == "Another one"
    project_file.write(store, made.project, tmp_path / "again.zip")
    third = ["--workspace", str(tmp_path / "third"), "--json"]
    assert cli.main(["import", "project", str(tmp_path / "again.zip"), *third]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["project"], told["name"], told["models"]) == (made.project, "Elsewhere", 0)
    assert cli.main(["import", "project", str(made.file), *third]) == 1
    assert "is here already, as “Elsewhere”" in capsys.readouterr().err
    again = Store.rebuilt(tmp_path / "third")
    try:
        assert held(again, made.project) == held(store, made.project)
        assert [act.actor for act in again.history(made.project, (brought.KIND,))] == [people.COMMAND, olga]
    finally:
        again.close()
    assert cli.main(["export", "project", "--project", "Elsewhere", "--out", str(tmp_path / "out.zip"), *third]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == sha256((tmp_path / "out.zip").read_bytes()) and told["rows"] == 1 and told["people"] > 2
    for wrong in (
        ["import", "both", "files"],
        ["import", "file"],
        ["export", "examples", "--project", "P", "--out", "o"],
    ):
        with pytest.raises(SystemExit, match="2"):
            cli.main(wrong)


def changed(file: Path, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The file's parts, changed, in a zip of their own."""
    with zipfile.ZipFile(file) as found:
        parts = {name: found.read(name) for name in found.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def told_as(parts: dict[str, bytes], change: Callable[[list[dict[str, Any]]], None]) -> None:
    """The list of acts, changed and summed again, as somebody who knows the format could."""
    acts = [json.loads(line) for line in parts["acts.jsonl"].splitlines()]
    change(acts)
    sealed, before = [], ""
    for act in acts:
        bare = from_json(Act, {**act, "previous": before or act["previous"], "hash": ""})
        sealed.append(replace(bare, hash=link(bare)))
        before = sealed[-1].hash
    parts["acts.jsonl"] = b"".join(canonical(to_json(act)) + b"\n" for act in sealed)
    manifest = json.loads(parts["manifest.json"])
    manifest["sums"]["acts.jsonl"] = sha256(parts["acts.jsonl"])
    parts["manifest.json"] = canonical(manifest)


def said(parts: dict[str, bytes], kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    """The first act of a kind says something else, and everything is summed again."""

    def mend(acts: list[dict[str, Any]]) -> None:
        act = next(each for each in acts if each["kind"] == kind)
        payload = json.loads(parts[f"blobs/{act['payload']}"])
        change(payload)
        body = canonical(payload)
        act["payload"] = sha256(body)
        parts[f"blobs/{act['payload']}"] = body

    told_as(parts, mend)


def first_blob(parts: dict[str, bytes]) -> str:
    return next(name for name in parts if name.startswith("blobs/"))


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a place outside": (lambda parts: parts.update({"../evil.txt": b"x"}), "damaged or not a project"),
    "a part of its own": (lambda parts: parts.update({"blobs/README": b"x"}), "damaged or not a project"),
    "a changed blob": (lambda parts: parts.update({first_blob(parts): b"{}"}), "is not as it was written"),
    "a lost blob": (lambda parts: parts.pop(first_blob(parts)) and None, "damaged or not a project"),
    "a changed act": (
        lambda parts: parts.update({"acts.jsonl": parts["acts.jsonl"].replace(b"maker", b"taker", 1)}),
        "is not as it was written",
    ),
    "another version": (
        lambda parts: parts.update({"manifest.json": parts["manifest.json"].replace(b"project-1", b"project-9")}),
        "another version",
    ),
    "no manifest": (lambda parts: parts.pop("manifest.json") and None, "damaged or not a project"),
    "a webhook": (
        lambda parts: told_as(parts, lambda acts: acts[-1].update({"kind": "webhook.set"})), "does not take in"
    ),
    "an act of another project": (
        lambda parts: told_as(parts, lambda acts: acts[3].update({"project": "other"})), "is not as it was written"
    ),
    "a round left open": (
        lambda parts: told_as(parts, lambda acts: acts.__delitem__(slice(-2, None))),
        "A blind round is open in this file",
    ),
    "a vote too many": (
        lambda parts: told_as(parts, lambda acts: acts.insert(-2, {**acts[-3], "seq": acts[-3]["seq"] + 1, "id": "x"})
                              or acts[-2].update(seq=10**6) or acts[-1].update(seq=10**6 + 1)),
        "voted on that pair already",
    ),
    "a job outside": (
        lambda parts: said(parts, "job.started", lambda payload: payload.update({"folder": "../../etc"})),
        "damaged or not a project",
    ),
    "another model": (
        lambda parts: parts.update({next(name for name in parts if name.endswith(".safetensors")): b"other weights"}),
        "is not as it was written",
    ),
    "a verdict that is none": (
        lambda parts: said(parts, "decision.signed", lambda payload: payload["body"].update({"verdict": "SHIP"})),
        "damaged or not a project",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_is_refused_in_one_sentence(made: Made, tmp_path: Path, name: str) -> None:
    change, why = HOSTILE[name]
    file = tmp_path / "hostile.zip"
    file.write_bytes(changed(made.file, change))
    with pytest.raises(Refusal, match=why):  # what the child says
        reading.told(file, tmp_path / "apart", reading.LIMITS)


def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "wrong.zip"
    for content in (b"", b"PK\x03\x04 no zip at all"):
        file.write_bytes(content)
        with pytest.raises(Refusal, match="damaged or not a project"):
            reading.told(file, tmp_path / "apart", reading.LIMITS)
    file.write_bytes(b"input,ideal\na,b\n")
    store = Store.open(tmp_path / "here")
    with pytest.raises(Refusal, match="damaged or not a project"):
        project_file.bring(store, "olga", file)
    assert not rows.every(store) and store.version == 0 and not list(store.workspace.glob("incoming-*"))
    store.close()


def test_more_than_is_read_is_refused(made: Made, tmp_path: Path) -> None:
    for limits, why in (
        (replace(reading.LIMITS, rows=5), "more than 5 parts"), (replace(reading.LIMITS, file_bytes=9), "larger than"),
        (replace(reading.LIMITS, unpacked_bytes=9), "unpacks to more"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=why):
            reading.told(made.file, tmp_path / "apart", limits)


def test_every_kind_of_act_leaves_with_its_project_or_stays() -> None:
    assert set(HANDLERS) == KINDS | STAY, "a new kind of act: does it leave its workspace in a project's file?"
    assert not KINDS & STAY


# -- what a file may not do to what is here --------------------------------------------------------


def stored_for(parts: dict[str, bytes], dataset: str, arm: str, example: str) -> None:
    """One more act: an answer of an arm to an example."""
    answer = {"arm": arm, "example": example, "output": "Not what was written", "tokens_in": 1, "tokens_out": 1,
              "seconds": 1.0, "similarity": None, "hashes": {}}  # fmt: skip
    rows_blob = canonical([answer])
    body = canonical({"dataset": dataset, "job": "", "rows_blob": sha256(rows_blob)})
    parts |= {f"blobs/{sha256(each)}": each for each in (rows_blob, body)}

    def more(acts: list[dict[str, Any]]) -> None:
        acts.append({**acts[-1], "seq": acts[-1]["seq"] + 1, "id": "one-more", "kind": "generations.stored",
                     "payload": sha256(body)})  # fmt: skip

    told_as(parts, more)


def brought_untried(store: Store, file: bytes) -> None:
    """As `bring` does it, without trying it apart and without what is asked before."""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        manifest = json.loads(parts.read("manifest.json"))
        acts = [json.loads(line) for line in parts.read("acts.jsonl").splitlines()]
        for name in parts.namelist():
            if name.startswith("blobs/"):
                store.put_blob(parts.read(name))
    payload = {"name": "Brought", "acts_blob": store.put_blob(canonical(acts)), "people": manifest["people"],
               "file": sha256(file), "head": manifest["head"]}  # fmt: skip
    store.act(brought.KIND, "olga", payload, manifest["project"])


def test_a_file_changes_no_other_project_and_speaks_for_nobody_here(made: Made, tmp_path: Path) -> None:
    store, file = Store.open(tmp_path / "here"), tmp_path / "project.zip"
    mine = ready(store, tests=4)
    here = {"id": made.voters[-1].id, "name": "Pia of here", "role": "pm", "scripted": False, "token": ""}
    store.act("person.joined", people.SYSTEM, here)
    answered = store.rows("SELECT example FROM generations WHERE dataset = ?", mine.dataset)[0]["example"]
    for example in (answered, "of nobody"):
        more = changed(made.file, lambda parts, e=example: stored_for(parts, mine.dataset, mine.base, e))
        with pytest.raises(Refusal, match="would change another project that is here"):
            brought_untried(store, more)

    def unlisted(parts: dict[str, bytes]) -> None:
        manifest = json.loads(parts["manifest.json"])
        parts["manifest.json"] = canonical({**manifest, "people": []})

    file.write_bytes(changed(made.file, unlisted))
    with pytest.raises(Refusal, match="what Pia of here did elsewhere"):
        project_file.bring(store, "olga", file)
    assert round_rows.every(store, made.project) == []
    found = round_rows.every(made.store, made.project)[0].id
    # What was asked for before a project came is not kept beyond its coming.
    assert round_rows.get(store, found) is None and not round_rows.votes(store, found)
    brought_untried(store, made.file.read_bytes())
    assert round_rows.get(store, found) == round_rows.get(made.store, found)
    assert round_rows.votes(store, found) == round_rows.votes(made.store, found)
    store.close()


def test_a_download_is_for_the_team_and_whoever_has_it_is_no_longer_blind(made: Made) -> None:
    store = made.store
    door = Middleware(Guard, store=lambda: store, cookie="c", sign_in=sign_in.door)
    app = Starlette(routes=[project_route.route(lambda: store)], middleware=[door])
    paul, rosa = (
        people.join(store, people.make_invitation(store, people.SYSTEM, name, role), "")
        for name, role in (("Paul", Role.pm), ("Rosa", Role.reviewer))
    )
    with TestClient(app) as nobody:
        assert nobody.get(f"/project-file/{made.project}").status_code == 401
    with TestClient(app, cookies={"c": rosa.session}) as reviewer:
        assert reviewer.get(f"/project-file/{made.project}").status_code == 403
    with TestClient(app, cookies={"c": paul.session}) as client:
        assert client.get("/project-file/another").status_code == 409
        assert not rounds.conflict(store, made.project, paul.person)
        given = client.get(f"/project-file/{made.project}")
        assert given.status_code == 200 and zipfile.is_zipfile(io.BytesIO(given.content))
    assert rounds.conflict(store, made.project, paul.person) == "saw which arm wrote what"
    assert not list(store.workspace.rglob("project-*.zip*"))


def test_what_an_older_build_left_in_the_workspace_is_swept_and_nothing_else(made: Made, tmp_path: Path) -> None:
    whole, a_week_ago = made.file.read_bytes(), time.time() - 7 * 24 * 3600
    theirs = io.BytesIO()
    with zipfile.ZipFile(theirs, "w") as file:
        file.writestr("notes.txt", "Mine.")
    left = {"project-ab1_cd34.zip": whole, "project-ab1_cd34.zip.partial": whole[:90], "project-x7x7x7x7.zip": b""}
    kept = {
        "project-20261127.zip": whole, "project-supports.zip": whole, "project-ab1_cd34-2.zip": whole,
        "project-b2b2b2b2.zip": theirs.getvalue(), "other-ab1_cd34.zip": whole,
    }  # fmt: skip
    for name, content in (left | kept).items():
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (a_week_ago, a_week_ago))
    (tmp_path / "project-c3c3c3c3.zip").write_bytes(whole)  # of now: it may be on its way
    (tmp_path / "project-d4d4d4d4.zip").symlink_to(made.file)
    (tmp_path / "project-e5e5e5e5.zip").mkdir()
    project_route.sweep(tmp_path)
    others = {"project-c3c3c3c3.zip", "project-d4d4d4d4.zip", "project-e5e5e5e5.zip"}
    assert {path.name for path in tmp_path.glob("*.zip*")} == {*kept, *others} and made.file.exists()
