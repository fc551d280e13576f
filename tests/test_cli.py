"""The `studio` command through its front door: exit codes, JSON, and refusals in one sentence without a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.store import Store

COMMANDS = [
    "serve",
    "demo",
    "import",
    "export",
    "freeze",
    "train",
    "generate",
    "votes",
    "models",
    "audit",
    "rebuild",
    "doctor",
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
    assert len(lines) == 45 and lines[0]["prompt"].startswith("lamp and")
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
