"""Scripts and styles are compressed for whoever takes it, and nothing else is."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from api.assets import CompressedAssets
from api.routes import MIDDLEWARE
from tests.contract.api_world import listening
from tests.own_loop import run_alone

SCRIPT = "export const a = 1;\n" * 500
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.js").write_text(SCRIPT)
    (tmp_path / "font.woff2").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def base_url(folder: Path) -> Iterator[str]:
    app = Starlette(
        routes=[Mount("/static", StaticFiles(directory=folder))],
        middleware=[Middleware(CompressedAssets)],
    )
    with listening(app) as url:
        yield f"{url}/static"


def test_a_script_is_compressed_once(base_url: str, folder: Path) -> None:
    first = requests.get(f"{base_url}/index.js", headers=GZIP, timeout=10)
    assert (first.text, first.headers["Content-Encoding"]) == (SCRIPT, "gzip")
    assert int(first.headers["Content-Length"]) < len(SCRIPT) / 10
    assert first.headers["Vary"] == "Accept-Encoding"
    (folder / "index.js").unlink()
    again = requests.get(f"{base_url}/index.js", headers=GZIP, timeout=10)
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("index.js", {"Accept-Encoding": "identity"}, 200),
        ("font.woff2", GZIP, 200),
        ("index.js", {**GZIP, "Range": "bytes=0-9"}, 206),
        ("nothing.js", GZIP, 404),
    ],
    ids=["not taken", "compressed already", "a part", "not there"],
)
def test_what_is_not_compressed(
    base_url: str, name: str, headers: dict[str, str], status: int
) -> None:
    for _ in range(2):
        response = requests.get(f"{base_url}/{name}", headers=headers, timeout=10)
        assert response.status_code == status
        assert "Content-Encoding" not in response.headers


def test_what_broke_off_is_not_kept() -> None:
    sent: list[Message] = []
    answers = [SCRIPT[:100], SCRIPT]

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(len(SCRIPT)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answers.pop(0).encode()})

    async def keep(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [(b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/static/a.js", "headers": headers}
    assets = CompressedAssets(answer)
    for _ in range(3):  # the third is what the second was
        run_alone(assets(scope, receive, keep))
    assert sent[1]["body"] == SCRIPT[:100].encode()
    assert [gzip.decompress(sent[n]["body"]).decode() for n in (3, 5)] == [SCRIPT] * 2


def test_who_knows_a_script_already_is_not_sent_it(base_url: str) -> None:
    address = f"{base_url}/index.js"
    known = requests.get(address, headers=GZIP, timeout=10).headers["ETag"]
    response = requests.get(address, headers={**GZIP, "If-None-Match": known}, timeout=10)
    assert (response.status_code, response.content) == (304, b"")


def test_the_application_has_it() -> None:
    assert CompressedAssets in [middleware.cls for middleware in MIDDLEWARE]
