"""The `studio` command through its front door: exit codes, JSON, and refusals in one sentence without a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from round_seed import person, ready, vote_like_the_script

from studio import commands, remote
from studio.records import Refusal, Role
from studio.review import rounds
from studio.review.votes_table import parse_votes
from studio.store import Store
from studio.store import rounds as round_rows

COMMANDS = [
    "serve",
    "demo",
    "import",
    "export",
    "freeze",
    "health",
    "train",
    "generate",
    "side-effects",
    "votes",
    "models",
    "audit",
    "backup",
    "restore",
    "rebuild",
    "doctor",
    "drift",
]


def studio(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studio.cli", *map(str, words)]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    done = studio(name, "--help", cwd=tmp_path)
    assert done.returncode == 0 and "--json" in done.stdout


def test_wrong_usage_is_2(tmp_path: Path) -> None:
    assert studio("nonsense", cwd=tmp_path).returncode == 2
    assert studio("import", cwd=tmp_path).returncode == 2


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "mine.csv"
    words = ["lamp", "kettle", "rug", "shelf", "blender", "clock", "fan", "quilt", "mirror", "stool"]
    lines = [f'"{a} and {b}: which one goes with number {i * 37}?",it is the {a} {i}' for i, (a, b) in enumerate(
        (a, b) for a in words for b in words if a < b)]  # fmt: skip
    file.write_text("prompt,completion\n" + "\n".join(lines) + "\n,nothing asked\n")
    return file


def test_import_export_and_audit_without_a_server(tmp_path: Path, csv: Path) -> None:
    found = result(studio("import", csv, "--project", "Mine", "--approved", "--json", cwd=tmp_path))
    assert (found["rows"], found["kept"], found["format"]) == (46, 45, "csv")
    assert found["refused"][0]["row"] == 47 and found["refused"][0]["reason"]
    out = result(studio("export", "examples", "--project", "Mine", "--format", "jsonl", "--out", "e.jsonl", "--json",
                        cwd=tmp_path))  # fmt: skip
    lines = [json.loads(line) for line in Path(out["path"]).read_text().splitlines()]
    assert len(lines) == out["rows"] == 45 and lines[0]["prompt"].startswith("lamp and")
    audit = result(studio("audit", "--head", out["head"], "--json", cwd=tmp_path))
    assert audit["ok"] and audit["problems"] == [] and audit["head"] == out["head"]
    other = studio("audit", "--head", "f" * 64, "--json", cwd=tmp_path)
    assert other.returncode == 1 and not json.loads(other.stdout)["ok"]
    rebuilt = result(studio("rebuild", "--json", cwd=tmp_path))
    assert rebuilt["acts"] == audit["acts"] and rebuilt["head"] == audit["head"] and rebuilt["lost"] == 0


def test_refusals_are_one_sentence(tmp_path: Path, csv: Path) -> None:
    refused(studio("freeze", "--project", "Mine", cwd=tmp_path), "no workspace", "--workspace")
    result(studio("import", csv, "--project", "Mine", "--json", cwd=tmp_path))
    refused(studio("freeze", "--project", "Nobody", cwd=tmp_path), "no project called")
    refused(studio("freeze", "--project", "Mine", cwd=tmp_path), "Write the brief first")
    refused(studio("health", "--project", "Mine", cwd=tmp_path), "Write the brief first")
    refused(studio("train", "--project", "Mine", cwd=tmp_path), "no such frozen dataset")
    refused(studio("import", "absent.csv", "--project", "Mine", cwd=tmp_path))
    refused(studio("import", csv, "--project", "Mine", "--map", "prompt", cwd=tmp_path), "ROLE=COLUMN")


def test_a_workspace_owned_by_another_process_is_refused(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "workspace")
    refused(studio("rebuild", cwd=tmp_path), "owns the workspace", "safe")
    refused(studio("audit", cwd=tmp_path), "safe")
    store.close()


def test_a_newer_and_a_damaged_workspace(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "workspace")
    store._db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    store.close()
    refused(studio("audit", cwd=tmp_path), "newer version", "Nothing was changed")
    refused(studio("serve", cwd=tmp_path), "newer version")
    (tmp_path / "workspace/studio.duckdb").write_bytes(b"garbage" * 5000)
    refused(studio("serve", cwd=tmp_path), "studio rebuild", "safe")
    done = studio("doctor", "--json", cwd=tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and not found["ok"] and found["database"] == "cannot be opened"


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(studio("serve", "--port", str(port), cwd=tmp_path), str(port))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused(studio("serve", "--workspace", "file", cwd=tmp_path), "--workspace")


def test_doctor_tells_what_this_machine_can_do(tmp_path: Path) -> None:
    done = studio("doctor", "--json", cwd=tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    for key in ("ok", "python", "device", "memory_gb", "disk_free_gb", "models", "database", "journal"):
        assert key in found
    assert found["journal"] == "none yet" and set(found["models"]) == {"smollm2-135m", "minilm"}


VOTES = "prompt,reviewer,arm_a,arm_b,shown_left,choice\n"


def test_votes_judges_a_table(tmp_path: Path) -> None:
    rows = [f"p{i},r,tuned,base,{'ab'[i % 2]},{'a' if i < 60 else 'b' if i < 90 else 'tie'}" for i in range(120)]
    (tmp_path / "votes.csv").write_text(VOTES + "\n".join(rows) + "\n")
    found = result(studio("votes", "votes.csv", "--json", cwd=tmp_path))
    assert found["e_go"] == pytest.approx(77.6894, abs=1e-3)
    assert found["interval"] == pytest.approx([0.5098, 0.7317], abs=1e-3)
    assert found["n_prompts"] == 120 and found["verdict"]
    (tmp_path / "bad.csv").write_text(VOTES + "p,r,t,b,a,maybe\n")
    refused(studio("votes", "bad.csv", cwd=tmp_path), "maybe")
    refused(studio("votes", "absent.csv", cwd=tmp_path), "absent.csv")


def test_a_damaged_journal_is_a_report_and_a_lost_act_is_told(tmp_path: Path, csv: Path) -> None:
    result(studio("import", csv, "--project", "Mine", "--json", cwd=tmp_path))
    journal = tmp_path / "workspace/journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(b"not an act\n" + whole)
    done = studio("doctor", "--json", cwd=tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and found["journal"] == "damaged"
    assert sum("Restore journal.jsonl" in todo for todo in found["todo"]) == 1
    journal.write_bytes(whole.splitlines(keepends=True)[0])
    done = studio("rebuild", "--json", cwd=tmp_path)
    assert result(done)["lost"] == len(whole.splitlines()) - 1 and "old database is kept" in done.stderr


def test_serving_says_that_a_half_line_was_cut(tmp_path: Path, csv: Path) -> None:
    result(studio("import", csv, "--project", "Mine", "--json", cwd=tmp_path))
    with (tmp_path / "workspace/journal.jsonl").open("ab") as file:
        file.write(b'{"seq": 99')
    command = [sys.executable, "-m", "studio.cli", "serve", "--port", "0"]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        assert server.stderr is not None
        said = server.stderr.readline()
        server.terminate()
    assert "incomplete (10 bytes)" in said and "nothing that was saved is lost" in said


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"])
def test_a_studio_that_stops_answering_is_one_sentence(
    workspace: Path, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_once(listening: socket.socket) -> None:
        with listening.accept()[0] as peer:
            peer.recv(65536)
            peer.sendall(answer)

    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    store = Store.open(workspace)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer_once, args=[listening], daemon=True).start()
        server = {"url": f"http://127.0.0.1:{listening.getsockname()[1]}", "token": "t"}
        (workspace / "server.json").write_text(json.dumps(server))
        with pytest.raises(Refusal, match="stopped answering"):
            remote.run(workspace, "audit", {})
    (workspace / "server.json").write_text("[]")
    with pytest.raises(Refusal, match="takes no commands"):
        remote.run(workspace, "audit", {})
    store.close()


def test_votes_tell_namesakes_apart_and_preferences_leave_conflicts_out(store: Store, tmp_path: Path) -> None:
    seeded = ready(store, tests=24)
    first, second, saw = (person(store, name, role) for name, role in (
        ("Rita", Role.reviewer), ("Rita", Role.reviewer), ("Saul", Role.pm)))  # fmt: skip
    found = rounds.open_round(store, "pia", seeded.project, replace(seeded.plan, baselines=(seeded.base,)))
    store.act("outputs.seen", saw.id, {"what": seeded.dataset}, seeded.project)
    vote_like_the_script(store, found, saw, most=5)
    vote_like_the_script(store, found, first, most=8)
    vote_like_the_script(store, found, second)
    args = {"project": seeded.project, "out": str(tmp_path / "out")}
    votes = commands.run(store, "export", {**args, "what": "votes", "format": "csv"})
    table = parse_votes(Path(votes["path"]).read_text("utf-8"))
    assert votes["rows"] == len(table) == 24 and len({v["reviewer"] for v in table}) == 2
    counted = [v for v in round_rows.votes(store, found.id) if not v.conflict and v.choice.value in ("a", "b")]
    preferences = commands.run(store, "export", {**args, "what": "preferences", "format": "jsonl"})
    assert preferences["rows"] == len(counted) == len(Path(preferences["path"]).read_text().splitlines())
