"""The job folder and the local backend, with real workers: they ask a real server on this machine, so no weights."""

from __future__ import annotations

import http.server
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend, is_running, worker_environment
from studio.records import Decoding, JobState, Prompt, Refusal, sha256, to_json

PROMPTS = [{"id": f"e{n:02}", "input": f"Question {n}" + "?" * n, "ideal": "An answer."} for n in range(24)]
NAMES = {each["input"]: each["id"] for each in PROMPTS}


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers as an OpenAI-compatible server does. What it does is set on the class by each test: the first `at_once`
    answers are there at once, each later one after so many `seconds`."""

    asked: ClassVar[list[dict[str, Any]]] = []
    status: ClassVar[int] = 200
    body: ClassVar[bytes | None] = None
    seconds: ClassVar[float] = 0.0
    at_once: ClassVar[int] = 0
    words: ClassVar[int] = 1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        time.sleep(self.seconds if len(self.asked) > self.at_once else 0.0)
        text = " ".join(["word"] * self.words) + f" on {body['messages'][-1]['content']}"
        answer = {
            "choices": [{"message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7},
        }
        sent = self.body if self.body is not None else json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(sent)))
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.asked, Endpoint.status, Endpoint.body, Endpoint.words = [], 200, None, 1
    Endpoint.seconds, Endpoint.at_once = 0.0, 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def generate_spec(address: str, arms: int = 2) -> dict[str, Any]:
    return {
        "kind": "generate",
        "id": "job",
        "project": "p",
        "model": {"name": "tiny", "path": address, "sha256": ""},
        "arms": [{"id": f"a{n}", "system_prompt": "Be kind." * n, "adapter": ""} for n in range(arms)],
        "prompts": PROMPTS,
        "decoding": to_json(Decoding(max_new_tokens=7)),
        "embedder": None,
    }


def new_job(workspace: Path, spec: dict[str, Any]) -> Path:
    return job_folder.create(workspace / "jobs" / job_folder.new_id(), spec)


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def ended(folder: Path) -> bool:
    return LocalBackend().state(folder).state not in (JobState.queued, JobState.running)


def outputs(folder: Path) -> list[tuple[str, str]]:
    return [(line["arm"], line["example"]) for line in job_folder.read_lines(folder / "outputs.jsonl").rows]


def killed(folder: Path) -> None:
    noted = job_folder.read_worker(folder)
    assert noted is not None
    os.kill(noted[0], signal.SIGKILL)
    until(lambda: not is_running(*noted))


def test_a_folder_is_made_whole_or_not_at_all(workspace: Path) -> None:
    folder = job_folder.create(workspace / "jobs" / "j", {"kind": "train"}, {"train.jsonl": b'{"id": "1"}\n'})
    assert job_folder.read_spec(folder) == {"kind": "train"}
    assert job_folder.read_rows(folder, "inputs/train.jsonl") == [{"id": "1"}]
    with pytest.raises(Refusal, match="there already"):
        job_folder.create(folder, {})
    with pytest.raises(ValueError, match="plain file name"):
        job_folder.create(workspace / "jobs" / "k", {}, {"../out.jsonl": b""})
    assert not (workspace / "jobs" / "k").exists()


def test_job_ids_say_nothing_and_do_not_repeat() -> None:
    ids = {job_folder.new_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(name.isalnum() and len(name) == 16 for name in ids)


def test_the_newest_event_of_a_kind_is_found_from_the_end(tmp_path: Path) -> None:
    assert job_folder.last_event(tmp_path, "progress") is None
    job_folder.append(tmp_path, "warning", text="first")
    for done in range(400):
        job_folder.append(tmp_path, "progress", done=done, total=400, seconds_left=None, what="learning " * 10)
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"kind": "progress", "done": 400')
    newest, far = job_folder.last_event(tmp_path, "progress"), job_folder.last_event(tmp_path, "warning")
    assert newest is not None and newest["done"] == 399 and far is not None and far["text"] == "first"
    assert job_folder.last_event(tmp_path, "sample") is None
    (tmp_path / "events.jsonl").write_text('{"kind": \n{"kind": "state"}\n')
    with pytest.raises(Refusal, match="damaged"):
        job_folder.last_event(tmp_path, "progress")


def test_events_are_read_on_from_an_offset_and_a_half_line_waits(tmp_path: Path) -> None:
    assert job_folder.read_events(tmp_path).rows == ()
    job_folder.append(tmp_path, "warning", text="one")
    first = job_folder.read_events(tmp_path)
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write('{"kind": "warning", "text": "tw\u00e9'.encode()[:-1])
    assert [event["text"] for event in first.rows] == ["one"]
    assert job_folder.read_events(tmp_path, first.offset).rows == ()
    job_folder.drop_incomplete_line(tmp_path / "events.jsonl")
    job_folder.append(tmp_path, "warning", text="two")
    assert [event["text"] for event in job_folder.read_events(tmp_path, first.offset).rows] == ["two"]


def test_a_damaged_line_in_the_middle_is_an_error_not_a_gap(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"kind": "state"}\n{"kind": \n{"kind": "state"}\n')
    with pytest.raises(Refusal, match="damaged"):
        job_folder.read_events(tmp_path)


def test_an_unknown_kind_of_event_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        job_folder.append(tmp_path, "gossip")


def test_a_generate_job_runs_to_its_end(workspace: Path, endpoint: str) -> None:
    folder = new_job(workspace, generate_spec(endpoint))
    assert LocalBackend().state(folder).state is JobState.queued
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    status, result = LocalBackend().state(folder), job_folder.read_result(folder)
    assert (status.state, status.reason) == (JobState.done, "")
    assert (status.progress.done, status.progress.total) == (48, 48)
    assert result is not None
    assert result["peak_memory_mb"] > 10
    assert {name: (a["outputs"], a["missing"]) for name, a in result["arms"].items()} == {"a0": (24, 0), "a1": (24, 0)}
    line = job_folder.read_lines(folder / "outputs.jsonl").rows[0]
    assert (line["tokens_in"], line["tokens_out"], line["similarity"]) == (5, 7, None)
    assert line["hashes"]["prompt"] == sha256("")
    systems = [m["content"] for body in Endpoint.asked for m in body["messages"] if m["role"] == "system"]
    assert systems == ["Be kind."] * 24
    with pytest.raises(Refusal, match="done already"):
        LocalBackend().start(folder)


def test_a_killed_job_is_failed_in_words_and_goes_on_where_it_was(workspace: Path, endpoint: str) -> None:
    Endpoint.seconds, Endpoint.at_once = 1.0, 10
    folder = new_job(workspace, generate_spec(endpoint))
    LocalBackend().start(folder)
    until(lambda: len(outputs(folder)) >= 8)
    with pytest.raises(Refusal, match="running already"):
        LocalBackend().start(folder)
    killed(folder)
    status = LocalBackend().state(folder)
    assert status.state is JobState.failed
    assert "memory" in status.reason
    before = outputs(folder)
    with (folder / "outputs.jsonl").open("ab") as file:
        file.write(b'{"arm": "a0", "exam')
    Endpoint.seconds, Endpoint.asked = 0.0, []
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    assert LocalBackend().state(folder).state is JobState.done
    assert outputs(folder)[: len(before)] == before
    assert len(set(outputs(folder))) == len(outputs(folder)) == 48
    asked = [("a1" if len(body["messages"]) > 1 else "a0", NAMES[body["messages"][-1]["content"]])
             for body in Endpoint.asked]  # fmt: skip
    assert set(asked) == set(outputs(folder)) - set(before), "nothing that was kept is asked for again"
    assert len(asked) <= len(set(asked)) + 1, "one may have been on its way when it was killed"


@pytest.mark.parametrize("how", ["file", "SIGTERM"])
def test_a_cancelled_job_keeps_what_it_wrote_and_can_go_on(workspace: Path, endpoint: str, how: str) -> None:
    Endpoint.seconds, Endpoint.at_once = 1.0, 6
    folder = new_job(workspace, generate_spec(endpoint))
    LocalBackend().start(folder)
    until(lambda: len(outputs(folder)) >= 4)
    if how == "file":
        LocalBackend().cancel(folder)
    else:
        noted = job_folder.read_worker(folder)
        assert noted is not None
        os.kill(noted[0], signal.SIGTERM)
    until(lambda: ended(folder))
    assert LocalBackend().state(folder).state is JobState.cancelled
    kept = len(outputs(folder))
    assert 4 <= kept < 48
    Endpoint.seconds = 0.0
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    assert LocalBackend().state(folder).state is JobState.done
    assert len(set(outputs(folder))) == len(outputs(folder)) == 48


def test_a_worker_is_found_again_by_another_process(workspace: Path, endpoint: str) -> None:
    """What a restarted server does: it knows the folder and nothing else."""
    Endpoint.seconds = 0.5
    folder = new_job(workspace, generate_spec(endpoint))
    code = (
        "import sys; from pathlib import Path; from studio.jobs.local import LocalBackend; "
        "LocalBackend().start(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=worker_environment())
    until(lambda: LocalBackend().state(folder).progress.total == 48)
    assert LocalBackend().state(folder).state is JobState.running
    noted = job_folder.read_worker(folder)
    assert noted is not None
    assert os.getsid(noted[0]) == noted[0] != os.getsid(0)
    LocalBackend().cancel(folder)
    until(lambda: ended(folder))


def test_a_reused_pid_is_not_taken_for_the_worker(workspace: Path) -> None:
    folder = new_job(workspace, {"kind": "train"})
    job_folder.write_worker(folder, os.getpid(), started=1.0)
    assert LocalBackend().state(folder).state is JobState.failed


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, None, "key"),
        (404, None, "does not know this model"),
        (429, None, "too often"),
        (500, None, "error 500"),
        (302, None, "error 302"),
        (200, b"<html>", "not JSON"),
        (200, b'{"choices": []}', "not a chat completion"),
    ],
)
def test_what_an_endpoint_does_wrong_is_told_in_words(
    workspace: Path, endpoint: str, status: int, body: bytes | None, words: str
) -> None:
    from studio.generation import ArmSpec
    from studio.generation.endpoint import EndpointModel

    Endpoint.status, Endpoint.body = status, body
    with pytest.raises(Refusal, match=words):
        EndpointModel(endpoint, "tiny", waits=()).write(ArmSpec("a"), [Prompt("Hello")], Decoding())


def test_an_endpoint_that_is_slow_or_away(endpoint: str) -> None:
    from studio.generation import ArmSpec
    from studio.generation.endpoint import EndpointModel

    Endpoint.seconds = 1.0
    with pytest.raises(Refusal, match="no answer"):
        EndpointModel(endpoint, "tiny", timeout=0.1, waits=()).write(ArmSpec("a"), [Prompt("Hello")], Decoding())
    with pytest.raises(Refusal, match="cannot be reached"):
        EndpointModel("http://127.0.0.1:9", "tiny", waits=()).write(ArmSpec("a"), [Prompt("Hello")], Decoding())
    with pytest.raises(Refusal, match="http"):
        EndpointModel("file:///etc/passwd", "tiny")
    with pytest.raises(Refusal, match="cannot wear"):
        EndpointModel(endpoint, "tiny").prepare([ArmSpec("a", adapter="/somewhere")])


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(workspace: Path, endpoint: str) -> None:
    """A real limit on the size of files stands in for the full disk."""
    Endpoint.words = 400
    folder = new_job(workspace, generate_spec(endpoint))
    limit = 60_000
    done = subprocess.run(
        [sys.executable, "-m", "studio.worker", str(folder)],
        env=worker_environment(),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    result = job_folder.read_result(folder)
    assert done.returncode == 1
    assert result is not None
    assert result["state"] == "failed"
    assert result["reason"].startswith("The disk is full")
    assert 0 < len(outputs(folder)) < 48
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    assert LocalBackend().state(folder).state is JobState.done
    assert len(set(outputs(folder))) == len(outputs(folder)) == 48


def test_a_kind_of_job_that_is_unknown_fails_in_words(workspace: Path) -> None:
    folder = new_job(workspace, {"kind": "bake"})
    LocalBackend().start(folder)
    until(lambda: ended(folder))
    assert "'bake' is unknown" in LocalBackend().state(folder).reason


@pytest.mark.parametrize("arguments", [[], ["/nowhere"]])
def test_the_worker_without_a_folder_says_so(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio.worker", *arguments], env=worker_environment(), capture_output=True, text=True
    )
    assert done.returncode == (1 if arguments else 2)
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
