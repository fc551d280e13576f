"""The store: one write path, undo, replay, audit, ownership."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from studio import people
from studio.records import Act, Brief, Example, Refusal, Role, to_json
from studio.store import Store, briefs, examples, projects
from studio.store.journal import Journal


def make_project(store: Store, name: str = "p") -> str:
    store.act("project.created", "ann", {"id": name, "name": name, "origin": ""}, name)
    return name


def save_example(store: Store, name: str = "e1", revision: int = 1, ideal: str = "hello") -> None:
    example = Example(name, "hi", ideal, revision=revision)
    store.act("example.saved", "ann", {"example": to_json(example)}, "p")


def test_an_act_is_applied_journalled_and_survives_a_restart(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    save_example(store)
    head = store.head
    store.close()
    again = Store.open(workspace)
    assert again.head == head and again.replayed == 0
    assert [e.ideal for e in examples.every(again, "p")] == ["hello"]
    again.close()


def test_a_refused_act_changes_and_journals_nothing(store: Store) -> None:
    make_project(store)
    before = store.version
    with pytest.raises(Refusal, match="exists already"):
        make_project(store)
    with pytest.raises(Refusal, match="no such example"):
        store.act("examples.marked", "ann", {"ids": ["nobody"], "status": "approved"}, "p")
    assert store.version == before
    assert store.audit() == []


def test_the_key_of_slow_reads_leaves_out_what_changes_none_of_them(store: Store) -> None:
    make_project(store)
    save_example(store)
    key = store.version_of("p", besides=("outputs.seen",))
    assert key == store.version
    make_project(store, "q")
    store.act("outputs.seen", "ann", {"what": "d"}, "p")
    assert store.version_of("p", besides=("outputs.seen",)) == key
    store.undo(key, "ann")
    assert store.version_of("p", besides=("outputs.seen",)) == store.version
    assert store.version_of("nowhere", besides=("outputs.seen",)) == 0


def test_an_act_counts_as_the_last_one_when_reads_can_see_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is read between the journal and the database would be kept as of an act that it does not hold."""
    append, told = store.journal.append, []

    def watched(act: Act) -> None:
        append(act)
        told.append((store.version, store.head))

    before = (store.version, store.head)
    monkeypatch.setattr(store.journal, "append", watched)
    make_project(store)
    assert told == [before]
    assert (store.version, store.head) == (store.journal.seq, store.journal.head) != before


def test_undo_restores_and_is_itself_undone(store: Store) -> None:
    make_project(store)
    save_example(store)
    store.act("example.saved", "ann", {"example": to_json(Example("e1", "hi", "better", revision=2))}, "p")
    edit = store.version
    undo = store.undo(edit, "ann")
    found = examples.get(store, "e1")
    assert found is not None and found.ideal == "hello" and found.revision == 1
    with pytest.raises(Refusal, match="cannot be undone"):
        store.undo(undo.seq, "ann")
    with pytest.raises(Refusal, match="undone already"):
        store.undo(edit, "ann")


def test_undo_refuses_when_a_later_act_changed_the_same_record(store: Store) -> None:
    make_project(store)
    save_example(store)
    first = store.version
    store.act("examples.marked", "ann", {"ids": ["e1"], "status": "approved"}, "p")
    with pytest.raises(Refusal, match="changed again later"):
        store.undo(first, "ann")


def test_a_batch_is_undone_as_a_whole(store: Store) -> None:
    make_project(store)
    rows = [Example(f"e{i}", f"input {i}", "x", batch="b1") for i in range(5)]
    blob = store.put_blob(json.dumps(to_json(rows)).encode())
    batch = {"id": "b1", "file": "f.csv", "format": "csv", "rows": 6, "refused": [[4, "empty input"]]}
    act = store.act("examples.imported", "ann", {"batch": batch, "rows_blob": blob}, "p")
    assert examples.count(store, "p") == 5 and examples.batches(store, "p")[0].refused == ((4, "empty input"),)
    store.act("examples.marked", "ann", {"ids": ["e2"], "status": "approved"}, "p")
    with pytest.raises(Refusal, match="1 of its 5 records were changed"):
        store.undo(act.seq, "ann")
    store.undo(store.version, "ann")
    store.undo(act.seq, "ann")
    assert examples.count(store, "p") == 0 and examples.batches(store, "p") == []


def test_a_stale_save_is_refused_and_says_so(store: Store) -> None:
    make_project(store)
    save_example(store)
    save_example(store, revision=2, ideal="first")
    with pytest.raises(Refusal, match="Somebody saved revision 2 .* Theirs is kept and nothing was changed"):
        save_example(store, revision=2, ideal="second")


def test_rebuild_gives_the_same_rows(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    for i in range(20):
        save_example(store, f"e{i}")
    store.undo(store.version, "ann")
    brief = {"brief": to_json(Brief(task="t", version=1)), "note": "", "changes_meaning": True}
    store.act("brief.saved", "ann", brief, "p")
    tables = ("acts", "changes", "examples", "revisions", "projects", "briefs")
    before = {t: store.rows(f"SELECT * FROM {t} ORDER BY ALL") for t in tables}
    store.close()
    again = Store.rebuilt(workspace)
    assert again.replayed == 23
    assert {t: again.rows(f"SELECT * FROM {t} ORDER BY ALL") for t in tables} == before
    assert list(workspace.glob("studio.duckdb.*.old"))
    again.close()


def test_a_damaged_database_is_refused_in_words_and_rebuilt(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    store.close()
    (workspace / "studio.duckdb").write_bytes(b"not a database" * 400)
    with pytest.raises(Refusal, match="studio rebuild"):
        Store.open(workspace)
    again = Store.rebuilt(workspace)
    assert [p.id for p in projects.every(again)] == ["p"]
    again.close()


def test_a_crash_between_journal_and_commit_is_replayed(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    store.close()
    saved = (workspace / "studio.duckdb").read_bytes()
    store = Store.open(workspace)
    save_example(store)
    store.close()
    (workspace / "studio.duckdb").write_bytes(saved)
    again = Store.open(workspace)
    assert again.replayed == 1 and examples.count(again, "p") == 1
    again.close()


def test_an_incomplete_last_line_is_dropped_and_reported(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    store.close()
    with open(workspace / "journal.jsonl", "ab") as file:
        file.write(b'{"seq": 2, "prev')
    again = Store.open(workspace)
    assert again.journal.dropped == 16 and again.audit() == []
    again.close()


def test_audit_finds_a_changed_line_and_a_changed_payload(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    save_example(store)
    payload = store.history("p")[0].payload
    store.blobs.path(payload).write_bytes(b"{}")
    assert any("changed on disk" in problem for problem in store.audit())
    store.close()
    text = (workspace / "journal.jsonl").read_text().replace('"actor":"ann"', '"actor":"eve"', 1)
    (workspace / "journal.jsonl").write_text(text)
    assert any("was changed" in problem for problem in Journal(workspace / "journal.jsonl").problems(store.blobs))


def test_a_workspace_has_one_owner(workspace: Path) -> None:
    store = Store.open(workspace)
    with pytest.raises(Refusal, match=f"process {os.getpid()}"):
        Store.open(workspace)
    store.close()
    Store.open(workspace).close()


def test_a_newer_workspace_is_refused_unchanged(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    store._db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    store.close()
    before = (workspace / "journal.jsonl").read_bytes()
    with pytest.raises(Refusal, match="newer version"):
        Store.open(workspace)
    assert (workspace / "journal.jsonl").read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_stops_writing_and_loses_nothing(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    kept = store.journal._file
    store.journal._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
    with pytest.raises(Refusal, match="disk refused"):
        save_example(store)
    with pytest.raises(Refusal, match="start the studio again"):
        save_example(store)
    assert examples.count(store, "p") == 0
    store.journal._file = kept
    store.close()
    again = Store.open(workspace)
    save_example(again)
    assert examples.count(again, "p") == 1 and again.audit() == []
    again.close()


def test_twenty_threads_write_without_loss(store: Store) -> None:
    make_project(store)

    def write(n: int) -> None:
        for i in range(10):
            save_example(store, f"e{n}-{i}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert examples.count(store, "p") == 200 and store.audit() == []


def test_kill_9_loses_nothing_acknowledged(workspace: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from studio.store import Store; from studio.records import Example, to_json\n"
        "s = Store.open(Path(sys.argv[1])); s.act('project.created', 'a', {'id':'p','name':'p','origin':''}, 'p')\n"
        "for i in range(10000):\n"
        "    s.act('example.saved', 'a', {'example': to_json(Example(f'e{i}', 'hi', 'x'))}, 'p')\n"
        "    print(i, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(workspace)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    last = -1
    for line in child.stdout:
        last = int(line)
        if last >= 60:
            os.kill(child.pid, signal.SIGKILL)
            break
    rest = child.stdout.read().split()
    child.wait()
    acknowledged = int(rest[-1]) if rest else last
    again = Store.open(workspace)
    assert examples.count(again, "p") >= acknowledged + 1 and again.audit() == []
    again.close()


def test_people_join_by_single_use_links(store: Store) -> None:
    token = people.new_admin_token(store)
    admin = people.join(store, token, "Ann")
    assert admin.person.role is Role.admin
    assert people.by_session(store, admin.session) == admin.person
    with pytest.raises(Refusal, match="used"):
        people.join(store, token, "Eve")
    link = people.make_invitation(store, admin.person.id, "Rita", Role.reviewer)
    assert people.invitation(store, link).role is Role.reviewer
    rita = people.join(store, link, "")
    assert rita.person.name == "Rita"
    people.sign_out(store, rita.session)
    assert people.by_session(store, rita.session) is None
    with pytest.raises(Refusal, match="must stay admin"):
        store.act("person.changed", admin.person.id, {"id": admin.person.id, "role": "reviewer"})
    secrets = {token, link, admin.session, rita.session}
    kept = b"".join(p.read_bytes() for p in store.workspace.rglob("*") if p.is_file() and p.suffix != ".duckdb")
    assert not [s for s in secrets if s.encode() in kept]


def test_two_people_saving_the_brief_at_once_do_not_overwrite(store: Store) -> None:
    make_project(store)
    body = {"brief": to_json(Brief(task="one", version=1)), "note": "", "changes_meaning": True}
    store.act("brief.saved", "ann", body, "p")
    with pytest.raises(Refusal, match="Somebody saved version 1"):
        store.act("brief.saved", "bob", body, "p")
    saved = briefs.latest(store, "p")
    assert saved is not None and saved.version == 1


def test_a_sign_in_link_is_for_an_active_admin_and_from_the_console(store: Store) -> None:
    ann = people.join(store, people.new_admin_token(store), "Ann").person
    invited = people.make_invitation(store, ann.id, "Bob", Role.admin)
    with pytest.raises(Refusal, match="signs in an admin who is known"):
        people.sign_in_again(store, invited, ann.id)
    assert people.sign_in_again(store, people.new_admin_token(store), ann.id).person == ann
    bob = people.join(store, invited, "").person
    people.set_active(store, ann.id, bob.id, False)
    with pytest.raises(Refusal, match="signs in an admin who is known"):
        people.sign_in_again(store, people.new_admin_token(store), bob.id)


def test_an_undo_keeps_the_rule_that_somebody_stays_admin(store: Store) -> None:
    ann = people.join(store, people.new_admin_token(store), "Ann").person
    bob = people.join(store, people.make_invitation(store, ann.id, "Bob", Role.pm), "").person
    people.change_role(store, ann.id, bob.id, Role.admin)
    promoted = store.version
    people.change_role(store, bob.id, ann.id, Role.reviewer)
    with pytest.raises(Refusal, match="must stay admin"):
        store.undo(promoted, bob.id)
    store.undo(store.version, bob.id)
    store.undo(promoted, ann.id)


def test_a_rebuild_tells_what_the_journal_lacks(workspace: Path) -> None:
    store = Store.open(workspace)
    make_project(store)
    save_example(store)
    store.close()
    journal = workspace / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:1]))
    again = Store.rebuilt(workspace)
    assert (again.version, again.lost) == (1, 1) and again.audit() == []
    again.close()


def test_closing_waits_for_the_reads_that_are_under_way(tmp_path: Path) -> None:
    store, said = Store.open(tmp_path / "busy"), []

    def read() -> None:
        try:
            while True:
                store.rows("SELECT count(*) FROM range(300000) t(a) WHERE a % 7 = 3")
        except Refusal as refusal:
            said.append(str(refusal))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    store.close()
    for each in readers:
        each.join(10)
    assert said == ["The studio is shutting down. What was saved is safe."] * 3
    Store.open(tmp_path / "busy").close()
