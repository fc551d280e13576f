"""A workspace made again from a backup: everything is checked before it appears, and the database is replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from studio.backup import FORMAT, JOURNAL, MANIFEST, Manifest, copied, in_one_piece
from studio.exports.folder import SUMS
from studio.records import Act, Refusal, from_json, sha256
from studio.store import Store
from studio.store.journal import GENESIS, link
from studio.wording import several

_SAFE = "Nothing was restored"
_SHOWN = 3


@dataclass(frozen=True)
class Restored:
    """A workspace that came back: its acts, the hash of the last, how many acts the backup noted that are not in it
    (0: a backup that lacks any is refused), and when the backup was made."""

    path: str
    acts: int
    head: str
    lost: int
    made: str


def restore(folder: Path, workspace: Path) -> Restored:
    """Makes `workspace`, which must not exist or be empty, from the backup in `folder`, whole or not at all.

    Raises Refusal, with what is damaged, when a file is missing or changed, or the journal does not follow itself. It
    finds damage, not deceit: whoever can write a backup can write its sums; compare the head with one that you kept.
    """
    folder, workspace = folder.resolve(), workspace.resolve()
    if workspace.is_relative_to(folder):
        raise Refusal(f"{workspace} lies inside the backup. {_SAFE}. Name another folder with --workspace.")
    manifest = _manifest(folder)
    with in_one_piece(workspace, f"{_SAFE}, and the backup is as it was") as made:
        _copy(folder, manifest, made)
        store = Store.open(made)
        try:
            problems = store.audit()
            acts, head = store.version, store.head
        finally:
            store.close()
        lost = manifest.acts - acts
        if (lost, head) != (0, manifest.head):
            problems.append(f"it noted {several(manifest.acts, 'act')} and the journal holds {acts}")
        if problems:
            raise Refusal(_damaged(problems))
        (made / "lock").unlink()
    return Restored(str(workspace), acts, head, lost, manifest.made)


def _manifest(folder: Path) -> Manifest:
    try:
        found = from_json(Manifest, json.loads((folder / MANIFEST).read_bytes()))
    except FileNotFoundError:
        raise Refusal(
            f"{folder} is not a backup: it has no {MANIFEST}. {_SAFE}. Folders that were copied by hand become a "
            "workspace by `studio rebuild`."
        ) from None
    except (OSError, ValueError):
        raise Refusal(_damaged([f"{MANIFEST} cannot be read"])) from None
    if found.format != FORMAT:
        raise Refusal(f"The backup was written by a newer version of the studio. {_SAFE}. Update the studio.")
    return found


def _copy(folder: Path, manifest: Manifest, made: Path) -> None:
    """Every file that the backup lists, each held against its sum as it is copied. Raises Refusal for what differs."""
    listed = (folder / SUMS).read_bytes() if (folder / SUMS).is_file() else b""
    if sha256(listed) != manifest.sums:
        raise Refusal(_damaged([f"{SUMS} was changed or is missing"]))
    wrong: list[str] = []
    for line in listed.decode().splitlines():
        expected, _space, name = line.partition("  ")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not (folder / name).is_file():
            wrong.append(f"{name} is missing")
        elif copied(folder / name, made / name) != expected:
            wrong.append(f"{name} was changed{_unread(folder / name, manifest.acts) if name == JOURNAL else ''}")
    if wrong:
        raise Refusal(_damaged(wrong))


def _unread(journal: Path, acts: int) -> str:
    """How many of the acts that were noted do not follow from the first on."""
    count, previous = 0, GENESIS
    with journal.open("rb") as file:
        for line in file:
            try:
                act = from_json(Act, json.loads(line))
            except ValueError:
                break
            if act.previous != previous or link(act) != act.hash:
                break
            count, previous = count + 1, act.hash
    return f" ({acts - count} of its {several(acts, 'act')} cannot be relied on)"


def _damaged(problems: list[str]) -> str:
    more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    told = ", ".join(each.rstrip(".") for each in problems[:_SHOWN])
    return f"This backup is damaged: {told}{more}. {_SAFE}, and the backup is as it was. Use another one."
