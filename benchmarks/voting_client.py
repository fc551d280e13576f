"""A reviewer's browser without the browser: the real WebSocket of a served studio, in Streamlit's own messages.

A `Screen` holds what a browser would show of the voting page: the pair and the keys that stand there now. Keys are
pressed on it as the browser presses them: the widget's id as a trigger, in the fragment that drew it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from studio.records import sha256

VOTES = ("left", "right", "tie", "both_bad")
PATIENCE = 60.0
_KEY = re.compile(r"-vote-(left|right|tie|both_bad)-(\w+)$")


@dataclass
class Served:
    """A `studio serve` of its own on a free port of this machine."""

    workspace: Path
    process: subprocess.Popen[str]
    url: str

    def seconds(self) -> float:
        """Seconds of processor that it has used."""
        told = psutil.Process(self.process.pid).cpu_times()
        return float(told.user + told.system)

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to tidy up."""
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def serve(workspace: Path, port: int = 0) -> Served:
    command = [sys.executable, "-m", "studio.cli", "serve", "--workspace", str(workspace), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[^\s/]+", line):
            return Served(workspace, process, found[0])
    raise RuntimeError("the studio ended without printing its address")


@contextlib.contextmanager
def serving(workspace: Path) -> Iterator[Served]:
    found = serve(workspace)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.stop()


def cookie(workspace: Path, session: str) -> str:
    """The header by which a browser shows who it is."""
    return f"yardstick_{sha256(str(workspace.resolve()))[:8]}={session}"


@dataclass
class Screen:
    """One reviewer's page. `pair`: the pair that stands there now, "" when there is none to vote on.

    `frames`: every message as it came, if `keeps`. `drawn`: when the last run ended, `heard`: when the last message
    came (both time.perf_counter).
    """

    socket: ClientConnection
    project: str
    keeps: bool = False
    page: str = "review"
    pair: str = ""
    drawn: float = 0.0
    heard: float = 0.0
    frames: list[bytes] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)
    _coming: str = ""
    _fragment: str = ""
    _page: str = ""
    _gone: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Asks for the page, as a browser that comes to its address."""
        await self._ask(fragment="")
        await self.idle()

    async def press(self, side: str, pair: str = "") -> None:
        """Sends one key; on the pair that stands there, or on one that the browser still holds (`pair`)."""
        await self._ask(self._fragment, f"{side}-{pair or self.pair}")

    async def vote(self, side: str) -> float:
        """Presses a key and waits for what follows: seconds from the key until all of it has arrived."""
        began = time.perf_counter()
        self._news.clear()
        await self.press(side)
        await self.idle()
        return self.drawn - began

    async def idle(self, seconds: float = PATIENCE) -> None:
        """Until the run that was asked for has ended. Raises ConnectionError when the server ended before."""
        await asyncio.wait_for(self._news.wait(), seconds)
        if self._gone:
            raise ConnectionError("the server is gone")

    async def quiet(self, seconds: float = 0.7) -> None:
        """Until nothing has come for so long."""
        await asyncio.sleep(seconds)
        while (silent := time.perf_counter() - self.heard) < seconds:
            await asyncio.sleep(seconds - silent)

    async def _ask(self, fragment: str, key: str = "") -> None:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_name = f"project={self.project}", self.page
        run.page_script_hash, run.fragment_id = self._page, fragment
        if key:
            run.widget_states.widgets.add(id=self._keys[key], trigger_value=True)
        await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Takes what the server sends until the connection ends."""
        try:
            async for content in self.socket:
                assert isinstance(content, bytes)
                if self.keeps:
                    self.frames.append(content)
                self.heard = time.perf_counter()
                self._take(ForwardMsg.FromString(content))
        finally:
            self._gone = True
            self._news.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            self._coming = ""
        elif kind == "delta" and message.delta.new_element.HasField("button"):
            self._button(message.delta)
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.pair, self.drawn = self._coming, time.perf_counter()
            self._news.set()

    def _button(self, delta: Any) -> None:
        name = delta.new_element.button.id
        if found := _KEY.search(name):
            self._keys[f"{found[1]}-{found[2]}"] = name
            self._coming, self._fragment = found[2], delta.fragment_id


@contextlib.asynccontextmanager
async def screen(
    served: Served, project: str, session: str, *, keeps: bool = False, page: str = "review"
) -> AsyncIterator[Screen]:
    """A person who has come to a page of the project."""
    async with connect(
        served.url.replace("http", "ws") + "/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers={"cookie": cookie(served.workspace, session)},
        origin=served.url,  # type: ignore[arg-type]
        proxy=None,
        max_size=None,
        compression=None,
    ) as socket:
        found = Screen(socket, project, keeps, page)
        listening = asyncio.create_task(found.listen())
        try:
            await found.open()
            yield found
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await listening
