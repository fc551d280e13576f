"""A backup while people vote, by the command through a running studio; and back, or refused with what is damaged."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from round_seed import MAKER, person, ready, vote_like_the_script
from starlette.applications import Starlette

from studio import backup, cli, drafts, projects, restore
from studio.examples import step as example_step
from studio.models.files import ADAPTER_FILES, adapter_sha256
from studio.records import Refusal, Role
from studio.review import rounds
from studio.store import Store, runs
from studio.store.journal import Blobs, Journal
from studio.train import step as train_step
from studio.ui import command_route

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Busy:
    """A workspace whose studio runs and in which somebody voted and wrote all through a backup."""

    store: Store
    backup: Path
    told: dict[str, Any]
    before: int
    acknowledged: tuple[int, ...]


def command(*words: str | Path) -> dict[str, Any]:
    """The JSON of a command that does what it is asked."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert cli.main([*map(str, words), "--json"]) == 0
    found: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    folder = tmp_path_factory.mktemp("busy")
    store = Store.open(folder / "workspace")
    seeded = ready(store, tests=8)
    _worked(store, seeded.project, seeded.dataset)
    drafts.keep(store, MAKER, "brief", {"task": "half written"})
    opened = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    rita, saved = person(store, "Rita", Role.reviewer), []
    stop = threading.Event()

    def work() -> None:
        now = opened
        while not stop.is_set():
            now = vote_like_the_script(store, now, rita, most=1)
            saved.append(store.version)
            example_step.write(store, MAKER, seeded.project, input=f"Question {len(saved)}?", ideal="Answer.")
            saved.append(store.version)

    with _served(store):
        working = threading.Thread(target=work)
        working.start()
        while len(saved) < 4:
            time.sleep(0.001)
        before = store.version
        try:
            told = command("backup", folder / "copy", "--workspace", store.workspace)
        finally:
            stop.set()
            working.join()
    yield Busy(store, folder / "copy", told, before, tuple(saved))
    store.close()


class _served:
    """The studio's own route for commands, on a port, as server.json tells of it."""

    def __init__(self, store: Store) -> None:
        self.note = store.workspace / "server.json"
        app = Starlette(routes=[command_route.route(lambda: store, "secret")])
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> None:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.005)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.note.write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "token": "secret"}))

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


def _worked(store: Store, project: str, dataset: str) -> None:
    """A run that left a model, and a job that is at work with its result not taken in."""
    final = store.workspace / "jobs" / "done" / "checkpoints" / "final"
    final.mkdir(parents=True)
    for name in ADAPTER_FILES:
        (final / name).write_text(f"{name} " * 2000)
    (final.parents[1] / "result.json").write_text('{"state": "done"}')
    about = {"id": "done", "dataset": dataset, "model": "smollm2-135m", "preset": "match_our_tone", "settings": {}}
    job = {"id": "done", "kind": "train", "folder": "done", "detail": {}, "run": about}
    store.act("job.started", MAKER, job, project)
    result = {"adapter": "checkpoints/final", "adapter_sha256": adapter_sha256(final)}
    store.act("job.finished", MAKER, {"id": "done", "state": "done", "result": result}, project)
    (store.workspace / "jobs/going/.writing").mkdir(parents=True)
    for name in ("spec.json", "worker.json", "ray.json", ".writing/state.json"):
        (store.workspace / "jobs/going" / name).write_text("{}")


@pytest.fixture
def copy(busy: Busy, tmp_path: Path) -> Path:
    """The backup, to be damaged."""
    return Path(shutil.copytree(busy.backup, tmp_path / "copy"))


def every_row(store: Store) -> dict[str, Any]:
    tables = store.rows("SELECT table_name AS name FROM information_schema.tables ORDER BY 1")
    return {t["name"]: store.rows(f"SELECT * FROM {t['name']} ORDER BY ALL") for t in tables}


def test_a_backup_made_while_people_work_lacks_nothing_that_was_acknowledged(busy: Busy) -> None:
    acts, whole = busy.told["acts"], busy.store.journal.path.read_bytes()
    assert busy.told["lost"] == 0 and busy.before <= acts
    assert any(seq > acts for seq in busy.acknowledged), "somebody worked all through it"
    copied = Journal(busy.backup / "journal.jsonl", read_only=True)
    assert (copied.seq, copied.head) == (acts, busy.told["head"])
    assert copied.problems(Blobs(busy.backup / "blobs")) == []
    assert whole.startswith((busy.backup / "journal.jsonl").read_bytes())
    held = {path.relative_to(busy.backup).as_posix() for path in busy.backup.rglob("*") if path.is_file()}
    rest = {name for name in held if not name.startswith(("blobs/", "drafts/"))}
    assert rest == {
        "backup.json", "SHA256SUMS", "journal.jsonl", "jobs/going/spec.json", "jobs/done/result.json",
        *(f"jobs/done/checkpoints/final/{name}" for name in ADAPTER_FILES),
    }  # fmt: skip
    assert any("1 job had no result yet" in note for note in busy.told["notes"])
    assert any("The files of 1 tuned model are missing" in note for note in busy.told["notes"]), "that of the seed"
    assert any("Base models are not in it" in note for note in busy.told["notes"])


def test_a_restored_workspace_has_the_same_rows_and_its_tuned_model(busy: Busy, tmp_path: Path) -> None:
    made = backup.write(busy.store, tmp_path / "quiet")
    told = command("restore", tmp_path / "quiet", "--workspace", tmp_path / "deep" / "again")
    assert (told["acts"], told["head"], told["lost"]) == (made.acts, made.head, 0)
    again = Store.open(tmp_path / "deep" / "again")
    try:
        assert again.replayed == 0, "the database is there already"
        assert every_row(again) == every_row(busy.store) and again.audit() == []
        assert drafts.kept(again, MAKER, "brief") == {"task": "half written"}
        run = runs.get(again, "done")
        assert run and adapter_sha256(train_step.adapter_of(again, run)) == run.adapter_sha256
        with contextlib.redirect_stderr(io.StringIO()) as said:
            assert cli.main(["restore", str(tmp_path / "quiet"), "--workspace", str(again.workspace)]) == 1
        assert "A running studio owns the workspace" in said.getvalue()
        again.act("project.renamed", MAKER, {"id": run.project, "name": "Goes on"}, run.project)
    finally:
        again.close()
    with pytest.raises(Refusal, match="not empty"):
        restore.restore(tmp_path / "quiet", again.workspace)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))


@pytest.mark.parametrize(
    ("name", "harm", "told"),
    [
        ("blobs/??/*", _flip, "was changed"), ("blobs/??/*", Path.unlink, "is missing"),
        ("journal.jsonl", _flip, "acts cannot be relied on"), ("journal.jsonl", _cut, r"\(2 of its \d+ acts"),
        ("jobs/done/checkpoints/final/adapter_model.safetensors", _flip, "was changed"),
        ("SHA256SUMS", _flip, "was changed"), ("backup.json", lambda path: path.write_text("{"), "cannot be read"),
    ],
)  # fmt: skip
def test_a_damaged_backup_is_refused_by_name(
    copy: Path, tmp_path: Path, name: str, harm: Callable[[Path], object], told: str
) -> None:
    found = sorted(copy.glob(name))[0]
    harm(found)
    with pytest.raises(Refusal, match=told) as refused:
        restore.restore(copy, tmp_path / "new")
    assert found.relative_to(copy).as_posix() in str(refused.value) and "Nothing was restored" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_sum_that_was_made_again_does_not_hide_a_cut_journal(copy: Path, tmp_path: Path) -> None:
    sums = copy / "SHA256SUMS"
    before = backup.copied(copy / "journal.jsonl", tmp_path / "scratch")
    _cut(copy / "journal.jsonl")
    after = backup.copied(copy / "journal.jsonl", tmp_path / "scratch")
    sums.write_text(sums.read_text().replace(before, after))
    manifest = json.loads((copy / "backup.json").read_text())
    manifest["sums"] = backup.copied(sums, tmp_path / "scratch")
    (copy / "backup.json").write_text(json.dumps(manifest))
    with pytest.raises(Refusal, match=r"it noted \d+ acts and the journal holds"):
        restore.restore(copy, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_where_a_backup_may_not_be_written_and_what_is_none(busy: Busy, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(Refusal, match="not empty"):
        backup.write(busy.store, tmp_path / "full")
    with pytest.raises(Refusal, match="inside the workspace"):
        backup.write(busy.store, busy.store.workspace / "backups" / "monday")
    with pytest.raises(Refusal, match="is not a backup"):
        restore.restore(tmp_path / "full", tmp_path / "new")
    with pytest.raises(Refusal, match="inside the backup"):
        restore.restore(busy.backup, busy.backup / "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "mine.txt"]


def test_a_damaged_workspace_is_told_when_it_is_backed_up(busy: Busy, tmp_path: Path) -> None:
    run = runs.get(busy.store, "done")
    assert run is not None
    (stored, *_) = busy.store.history(run.project, ["generations.stored"])
    rows = busy.store.blobs.path(busy.store.payload(stored)["rows_blob"])
    for path, harm, told in (
        (busy.store.blobs.path(stored.payload), _flip, "was changed"),
        (busy.store.blobs.path(stored.payload), Path.unlink, f"act {stored.seq} .* is missing"),
        (rows, Path.unlink, f"act {stored.seq} .* names a stored part \\({rows.name[:12]}\\) that is missing"),
    ):
        whole = path.read_bytes()
        harm(path)
        try:
            with pytest.raises(Refusal, match=f"damaged, so nothing was written: .*{told}"):
                backup.write(busy.store, tmp_path / "copy")
        finally:
            path.write_bytes(whole)
    assert not list(tmp_path.iterdir())


_IN_A_FULL_PLACE = """
import resource, signal, sys
from pathlib import Path
from studio import backup, restore
from studio.records import Refusal
from studio.store import Store
store, to = Store.open(Path(sys.argv[1])), Path(sys.argv[2])
backup.write(store, to / "good")
limit = 2 * (store.workspace / "journal.jsonl").stat().st_size
(store.workspace / "jobs").mkdir(exist_ok=True)
(store.workspace / "jobs" / "large").mkdir()
(store.workspace / "jobs" / "large" / "weights").write_bytes(b"0" * 2 * limit)
for most, attempt in (
    (limit, lambda: backup.write(store, to / "copy")),
    (8 * 2**10, lambda: restore.restore(to / "good", to / "new")),
    (24 * 2**10, lambda: restore.restore(to / "good", to / "new")),
):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        attempt()
    except Refusal as refusal:
        print(refusal, [path.name for path in to.iterdir()], flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
backup.write(store, to / "copy")
"""


def test_no_room_leaves_nothing_and_a_kill_half_way_nothing_that_looks_whole(store: Store, tmp_path: Path) -> None:
    """The limit on a file's size refuses like a full disk, and then kills in the midst of a file."""
    project = projects.create(store, MAKER, "Mine").id
    for number in range(9):
        example_step.write(store, MAKER, project, input=f"Question {number}?", ideal="Answer.")
    store.close()
    (tmp_path / "to").mkdir()
    words = [sys.executable, "-c", _IN_A_FULL_PLACE, str(store.workspace), str(tmp_path / "to")]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGXFSZ, done.stderr
    written, opening, replaying = done.stdout.splitlines()
    assert written.startswith("The disk refused") and "Nothing was written" in written
    assert all(told.startswith("The disk refused to write the database") for told in (opening, replaying))
    assert all(told.endswith("['good']") for told in (written, opening, replaying))
    (left,) = (tmp_path / "to").glob("copy*")
    assert left.name.endswith(".partial") and (left / "journal.jsonl").exists()
    with pytest.raises(Refusal, match="is not a backup"):
        restore.restore(left, tmp_path / "new")
