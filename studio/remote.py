"""Runs a command on a workspace: through the studio that owns it when one is running, else here."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from studio import doctor
from studio.records import Refusal


def run(workspace: Path, name: str, args: dict[str, Any]) -> dict[str, Any]:
    """The command's JSON object. Raises Refusal in the words of whoever refused."""
    if doctor.owned(workspace):
        return _ask(workspace, name, args)
    from studio import commands
    from studio.store import Store

    if not (workspace / "journal.jsonl").exists() and name not in ("import", "import project"):
        raise Refusal(f"There is no workspace at {workspace}. Nothing was changed. Name it with --workspace.")
    store = Store.open(workspace)
    try:
        return commands.run(store, name, args)
    finally:
        store.close()


def _ask(workspace: Path, name: str, args: dict[str, Any]) -> dict[str, Any]:
    try:
        server = json.loads((workspace / "server.json").read_text())
        request = urllib.request.Request(
            server["url"].rstrip("/") + "/api/command",
            json.dumps({"name": name, "args": args}).encode(),
            {"Authorization": f"Bearer {server['token']}", "Content-Type": "application/json"},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(
            f"Another process works on {workspace} and takes no commands. Its data is safe. Try again later."
        ) from error
    # The studio is on this machine: no proxy of the environment may see the token.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise Refusal(_refusal(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refusal(
            f"The running studio stopped answering ({error or type(error).__name__}). What it had acknowledged is "
            "safe; a worker that was started goes on. Start the studio again and look."
        ) from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["refusal"])
    except (ValueError, KeyError):
        return f"The running studio could not do this (code {error.code}). Nothing acknowledged is lost."
