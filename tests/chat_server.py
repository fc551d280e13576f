"""A real server on this machine that speaks chat completions, for tests of models behind an address."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Provider:
    """`asked`: each (path, authorization, body). `answers`: for each request its HTTP status, seconds of delay and
    headers; the default is 200 at once. `says`: what it writes to the last message."""

    address: str = ""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answers: Callable[[int], tuple[int, float, dict[str, str]]] = lambda number: (200, 0.0, {})
    says: Callable[[str], str] = lambda asked: f"Thanks for writing: {asked[:40]}"


@contextmanager
def serving() -> Iterator[Provider]:
    """The server, until the end."""
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.asked.append((self.path, self.headers.get("Authorization", ""), body))
            status, delay, headers = found.answers(len(found.asked))
            time.sleep(delay)
            said = found.says(body["messages"][-1]["content"])
            answer = {"choices": [{"message": {"role": "assistant", "content": said}}],
                      "usage": {"prompt_tokens": 9, "completion_tokens": 7}}  # fmt: skip
            content = json.dumps(answer if status == 200 else {"error": "no"}).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
