"""`studio backup` and `studio restore`: a whole workspace as a folder, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.cli_arms import Add, Args, Result, Work
from studio.records import Refusal, to_json

if TYPE_CHECKING:
    from studio.store import Store


def add_all(add: Add, work: Work) -> None:
    """The commands backup and restore."""
    backup = add("backup", "Copy the whole workspace into a new folder; people may go on working meanwhile.",
                 work("backup", lambda a: {"folder": str(a.folder.resolve())}))  # fmt: skip
    backup.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder outside the workspace")
    restore = add("restore", "Make a workspace again from a backup, checked before it appears.", _restore)
    restore.add_argument("folder", type=Path, metavar="DIR", help="the backup; --workspace is made from it")


def write(store: Store, args: dict[str, Any]) -> dict[str, Any]:
    """args: folder (absolute path). `lost` is 0: a backup holds every act that was acknowledged before it began."""
    from studio import backup

    told: dict[str, Any] = to_json(backup.write(store, Path(args["folder"])))
    return told | {"lost": 0}


def _restore(args: Args) -> Result:
    from studio import doctor, restore

    if doctor.owned(args.workspace):
        raise Refusal(
            f"A running studio owns the workspace {args.workspace}. Its data is safe and nothing was restored. Stop it "
            "and move the folder away, or choose another with --workspace."
        )
    told: dict[str, Any] = to_json(restore.restore(args.folder, args.workspace))
    return told
