"""The door, tried from outside: a real server on loopback, real cookies, a real WebSocket."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import streamlit
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from studio.records import Refusal, sha256
from studio.ui import server
from studio.ui.guard import wanted_page
from studio.ui.server import serve

REPO = Path(__file__).resolve().parents[1]
LEFT = ("project-a1b2c3d4.zip", "project-a1b2c3d4.zip.partial", "of-somebody.zip")
"""In the folder of projects that are taken along: what a killed server left, and what it did not write."""
HTML = {"accept": "text/html,application/xhtml+xml"}
# Starts the studio as the command does, after making links that a person would make by hand.
STARTED = """
import json, sys
from pathlib import Path
from studio import people
from studio.records import Role
from studio.store import Store
from studio.ui.server import serve
store = Store.open(Path(sys.argv[1]))
invite = lambda name, role: people.make_invitation(store, people.SYSTEM, name, role)
links = {"reviewer": invite("Rosa", Role.reviewer), "designer": invite("Dora", Role.designer)}
links |= {"far": invite("Fay", Role.reviewer), "typing": invite("Tom", Role.designer)}
links |= {"pm": invite("Pia", Role.pm), "later": invite("Lea", Role.reviewer), "spare": people.new_admin_token(store)}
print(json.dumps(links), flush=True)
serve(Path(sys.argv[1]), port=0, open_store=lambda _: store)
"""


@dataclass(frozen=True)
class Studio:
    workspace: Path
    url: str
    first_link: str
    links: dict[str, str]

    def visitor(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"origin": self.url, **headers}, trust_env=False)

    def joined(self, who: str) -> httpx.Client:
        """A browser that came in by an invitation."""
        client = self.visitor()
        answer = client.post(f"/join/{self.links[who]}", data={"name": ""})
        assert answer.status_code == 303, answer.text
        return client

    def socket(self, client: httpx.Client, **headers: str) -> ClientConnection:
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        return connect(
            self.url.replace("http", "ws") + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"cookie": cookies, **headers},
            origin=self.url,  # type: ignore[arg-type]
            proxy=None,
            max_size=None,
        )


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    workspace = tmp_path_factory.mktemp("served")
    (workspace / "going-out").mkdir()
    for name in LEFT:
        (workspace / "going-out" / name).write_bytes(b"PK")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])}
    # Started from another folder: the configuration must hold wherever the studio is started.
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, str(workspace)],
        stdout=subprocess.PIPE, text=True, env=env, cwd=workspace,
    )  # fmt: skip
    assert process.stdout is not None
    stopper = threading.Timer(60, process.kill)
    stopper.start()
    links, said = json.loads(process.stdout.readline()), process.stdout.readline()
    stopper.cancel()
    found = re.search(r"(http://127\.0\.0\.1:\d+)/sign-in\?token=(\S+)", said)
    assert found, said
    yield Studio(workspace, found[1], found[2], links)
    process.terminate()
    process.wait(20)
    assert not (workspace / "server.json").exists()


def shown(page: ClientConnection) -> str:
    """Runs the page once, as a browser does, and returns every text that it sent."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    page.send(message.SerializeToString())
    texts = []
    while True:
        frame = ForwardMsg()
        frame.ParseFromString(page.recv(20))  # type: ignore[arg-type]
        texts.append(str(frame))
        if frame.WhichOneof("type") == "script_finished":
            return "\n".join(texts)


@pytest.mark.parametrize("path", ["/", "/admin", "/admin?project=x", "/join/a/b", "/sign-out", "/%2e%2e/admin"])
def test_an_anonymous_visitor_sees_only_the_door(studio: Studio, path: str) -> None:
    answer = studio.visitor().get(path, headers=HTML)
    assert answer.status_code == 401
    assert "This studio opens with a personal link" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/media/x", "/static/js/index.js", "/_stcore/host-config", "/_stcore/agent/openapi.json", "/favicon.png"],
)
def test_nothing_else_is_served_to_them(studio: Studio, path: str) -> None:
    assert studio.visitor().get(path).status_code == 401


def test_writes_and_the_socket_are_refused_to_them(studio: Studio) -> None:
    stranger = studio.visitor()
    assert stranger.put("/_stcore/upload_file/a/b", content=b"x").status_code == 401
    assert stranger.post("/sign-out").status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        studio.socket(stranger)
    assert refused.value.response.status_code == 403


def test_health_and_the_door_are_open_and_carry_the_headers(studio: Studio) -> None:
    stranger = studio.visitor()
    assert stranger.get("/_stcore/health").status_code == 200
    assert stranger.get("/sign-in.css").headers["content-type"].startswith("text/css")
    headers = stranger.get("/sign-in").headers
    assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_the_printed_link_makes_one_admin_once(studio: Studio) -> None:
    browser = studio.visitor()
    assert "Your name" in browser.get("/sign-in", params={"token": studio.first_link}).text
    form = {"token": studio.first_link, "name": "Ada <b>"}
    answer = browser.post("/sign-in", data=form)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    app = browser.get("/", headers=HTML)
    assert app.status_code == 200 and "frame-ancestors 'none'" in app.headers["content-security-policy"]
    assert "unsafe-eval" not in app.headers["content-security-policy"]
    assert app.headers["referrer-policy"] == "no-referrer"
    again = studio.visitor().post("/sign-in", data=form)
    assert again.status_code == 410 and "used" in again.text and "set-cookie" not in again.headers
    # An admin who lost the cookie comes back as the same person.
    back = studio.visitor().get("/sign-in", params={"token": studio.links["spare"]})
    assert "Continue as Ada &lt;b&gt;" in back.text


def test_an_invitation_gives_its_role_and_nothing_more(studio: Studio) -> None:
    browser = studio.visitor()
    page = browser.get(f"/join/{studio.links['pm']}")
    assert 'value="Pia"' in page.text and "<strong>PM</strong>" in page.text
    assert browser.post(f"/join/{studio.links['pm']}", data={"name": "Pia", "role": "admin"}).status_code == 303
    assert studio.visitor().get(f"/join/{studio.links['pm']}").status_code == 410
    assert studio.visitor().get("/join/unknown").status_code == 410
    with studio.socket(browser) as page_socket:
        said = shown(page_socket)
    assert "Pia" in said and "PM" in said and "People and records" not in said


def test_whoever_had_to_sign_in_first_lands_where_they_wanted(studio: Studio) -> None:
    with studio.visitor() as lea:
        for elsewhere in ("//evil.example", "/review?next=https://evil.example", "/join/x/y"):
            lea.get(elsewhere, headers=HTML)
        assert not lea.cookies, "no other place is remembered"
        assert lea.get("/review?project=replies-1", headers=HTML).status_code == 401
        answer = lea.post(f"/join/{studio.links['later']}", data={"name": ""})
        assert (answer.status_code, answer.headers["location"]) == (303, "/review?project=replies-1")
        assert [name for name in lea.cookies if name.endswith("-wanted")] == [], "once"


@pytest.mark.parametrize(
    "text", ["//evil.example/x", "/\\evil.example", "https://evil.example", "/join/abc", "", "/a b"]
)
def test_no_other_site_is_a_page_of_this_one(text: str) -> None:
    assert wanted_page(text) == "/" and wanted_page("/review?project=a-1") == "/review?project=a-1"


def test_every_page_has_the_script_that_sends_what_is_half_typed_before_a_reload(studio: Studio) -> None:
    tom = studio.joined("typing")
    with studio.socket(tom) as page:
        assert '<script src=\\"/typed.js\\"></script>' in shown(page)
    given = tom.get("/typed.js")
    assert given.headers["content-type"].startswith("text/javascript") and "beforeunload" in given.text
    assert studio.visitor().get("/typed.js").status_code == 401


def test_identity_cannot_be_sent_by_a_client_and_ends_with_the_session(studio: Studio) -> None:
    rosa, dora = studio.joined("reviewer"), studio.joined("designer")
    stolen = sha256(next(iter(dora.cookies.values())))
    spoofed = {"X-Yardstick-Session": stolen, "x_yardstick_session": stolen, "X-Yardstick-Person": "dora"}
    assert studio.visitor(**spoofed).get("/", headers=HTML).status_code == 401
    with studio.socket(rosa, **spoofed) as page:
        said = shown(page)
        assert "Rosa" in said and "Dora" not in said
        # Another site cannot sign her out; she can, and then her open page is shut as well.
        assert rosa.post("/sign-out", headers={"origin": "http://elsewhere.example"}).status_code == 403
        assert rosa.get("/", headers=HTML).status_code == 200
        kept = dict(rosa.cookies)
        assert rosa.post("/sign-out").headers["location"] == "/sign-in"
        said = shown(page)
        assert "You are signed out" in said and "Rosa" not in said
    replayed = studio.visitor()
    replayed.cookies.update(kept)
    assert replayed.get("/", headers=HTML).status_code == 401


def test_the_command_asks_for_the_token_of_the_workspace(studio: Studio) -> None:
    file = studio.workspace / "server.json"
    assert file.stat().st_mode & 0o777 == 0o600
    token = json.loads(file.read_text())["token"]
    client = httpx.Client(base_url=studio.url, trust_env=False)
    body = {"name": "audit", "args": {}}
    assert client.post("/api/command", json=body).status_code == 401
    assert client.post("/api/command", json=body, headers={"authorization": "Bearer x"}).status_code == 401
    bearer = {"authorization": f"Bearer {token}"}
    assert client.post("/api/command", json=[], headers=bearer).status_code == 400
    elsewhere = {**bearer, "origin": "http://elsewhere.example"}
    assert client.post("/api/command", json=body, headers=elsewhere).status_code == 403


def test_what_a_killed_server_left_of_a_download_is_swept_away(studio: Studio) -> None:
    assert [each.name for each in (studio.workspace / "going-out").iterdir()] == ["of-somebody.zip"]


def test_no_secret_is_kept(studio: Studio) -> None:
    kept = b"".join(f.read_bytes() for f in studio.workspace.rglob("*") if f.is_file() and f.name != "server.json")
    for secret in (studio.first_link, *studio.links.values()):
        assert secret.encode() not in kept


def test_the_browsers_programs_come_compressed_once_somebody_has_asked_for_them(studio: Studio) -> None:
    static = Path(streamlit.__file__).parent / "static" / "static"
    largest = max((static / "js").iterdir(), key=lambda each: each.stat().st_size)
    path = f"/static/js/{largest.name}"
    assert studio.visitor().get(path).status_code == 401
    browser = studio.joined("far")
    first = browser.get(path)
    assert "content-encoding" not in first.headers and first.content == largest.read_bytes()
    assert "immutable" in first.headers["cache-control"] and first.headers["vary"] == "Accept-Encoding"
    until = time.monotonic() + 20
    while "content-encoding" not in (again := browser.get(path)).headers:
        assert time.monotonic() < until, "it was never compressed"
    assert again.content == largest.read_bytes() and again.num_bytes_downloaded < len(again.content) / 3
    plain = browser.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == largest.read_bytes()
    (style,) = (static / "css").glob("index.*.css")
    assert browser.get(f"/static/css/{style.name}").headers["content-type"].startswith("text/css")


def test_no_part_of_an_answer_waits_for_the_browser_to_acknowledge_another(workspace: Path) -> None:
    with server._bound(workspace, "127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        to_the_browser, _ = listening.accept()
        with to_the_browser:
            assert to_the_browser.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_one_sentence(workspace: Path) -> None:
    refusal = pytest.raises(Refusal, match="cannot be used .* Nothing was started")
    with socket.create_server(("127.0.0.1", 0)) as taken, refusal as refused:
        serve(workspace, port=taken.getsockname()[1])
    assert "\n" not in str(refused.value)
    assert list(workspace.iterdir()) == []
