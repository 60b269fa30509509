"""Uploads over HTTP: the offset protocol, who may use it, and every way a part can fail."""

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import pytest
from starlette.requests import Request

import api.uploads
import core.services.uploads
from api.session import is_foreign
from core.services import accounts
from core.services.accounts import Role, tenant_by_key
from core.services.sign_in import SESSION_COOKIE, sign_in
from core.services.upload_digest import forget_digest
from core.services.uploads import STALE_AFTER, clear_stale_uploads
from core.store.tenant import Store, TenantStore
from tests.unit.api.conftest import PASSWORD, Client

CONTENT = b"client_code;email\n" + bytes(range(256)) * 9_000  # 2.3 MB: several blocks
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Signed = Callable[[str], Client]


@pytest.fixture(scope="module")
def analysts(store: Store) -> None:
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda: salt)
        for username, key in (("ada", "first"), ("bea", "first"), ("cleo", "second")):
            company = tenant_by_key(store, key)
            accounts.create_user(store, company, username, PASSWORD, Role.ANALYST)


@pytest.fixture
def signed(base_url: str, store: Store, analysts: None) -> Iterator[Signed]:
    """Return a function that signs a user in: `signed("ada")`."""
    opened: list[Client] = []

    def client(username: str) -> Client:
        opened.append(Client(base_url))
        ticket = sign_in(store, username, PASSWORD, "127.0.0.1")
        opened[-1].get("/auth/enter", params={"ticket": ticket})
        return opened[-1]

    yield client
    for session in opened:
        session.close()


@pytest.fixture
def ada(signed: Signed, store: Store) -> Iterator[Client]:
    yield signed("ada")
    for path in uploads_of(store).glob("*"):
        forget_digest(path)
        path.unlink()


def company(store: Store, key: str = "first") -> TenantStore:
    return store.tenant_store(tenant_by_key(store, key))


def uploads_of(store: Store, key: str = "first") -> Path:
    return company(store, key).folder / "uploads"


def begin(client: Client, name: str = "ventes.csv", **changed: Any) -> dict[str, Any]:
    claim = {"name": name, "bytes": len(CONTENT), "modified": 1, "sample": "a", **changed}
    response = client.post("/uploads", json=claim)
    assert response.status_code == 200, response.text
    return dict(response.json())


def send(client: Client, upload_id: str, offset: int, part: bytes) -> dict[str, Any]:
    response = client.patch(f"/uploads/{upload_id}?offset={offset}", data=part)
    return {"status": response.status_code, **response.json()}


def held(client: Client, upload_id: str) -> int:
    return int(client.get(f"/uploads/{upload_id}").json()["offset"])


def sha256_of(store: Store, upload_id: str) -> str | None:
    described = json.loads((uploads_of(store) / f"{upload_id}.json").read_text())
    return described["sha256"]


def content_of(store: Store, upload_id: str) -> bytes:
    return (uploads_of(store) / f"{upload_id}.bytes").read_bytes()


@pytest.mark.parametrize("size", [len(CONTENT), 1_000_000, 700_001])
def test_parts_of_any_size_make_the_file(ada: Client, store: Store, size: int) -> None:
    upload = begin(ada)
    assert (upload["offset"], upload["complete"]) == (0, False)
    for offset in range(0, len(CONTENT), size):
        told = send(ada, upload["id"], offset, CONTENT[offset : offset + size])
    assert (told["offset"], told["complete"]) == (len(CONTENT), True)
    assert content_of(store, upload["id"]) == CONTENT
    assert sha256_of(store, upload["id"]) == SHA256
    assert begin(ada)["complete"] is True


def test_a_file_without_a_byte_is_completed_by_an_empty_part(ada: Client, store: Store) -> None:
    upload = begin(ada, bytes=0)
    assert send(ada, upload["id"], 0, b"")["complete"] is True
    assert sha256_of(store, upload["id"]) == hashlib.sha256(b"").hexdigest()


def test_a_part_sent_twice_changes_nothing(ada: Client, store: Store) -> None:
    upload_id = begin(ada)["id"]
    for start, end in ((0, 900_000), (0, 900_000), (100, 2_000), (500_000, 1_500_000)):
        told = send(ada, upload_id, start, CONTENT[start:end])
    assert told["offset"] == 1_500_000
    send(ada, upload_id, 1_400_000, CONTENT[1_400_000:])
    assert send(ada, upload_id, 0, CONTENT)["complete"] is True
    assert content_of(store, upload_id) == CONTENT
    assert sha256_of(store, upload_id) == SHA256


def test_a_part_that_leaves_a_gap_is_told_where_to_go_on(ada: Client) -> None:
    upload_id = begin(ada)["id"]
    send(ada, upload_id, 0, CONTENT[:10])
    told = send(ada, upload_id, 11, CONTENT[11:20])
    assert (told["status"], told["title"]) == (
        409,
        "A part before this one is missing. Go on at byte 10.",
    )
    assert held(ada, upload_id) == 10


def test_the_same_file_is_found_again_and_another_of_its_name_is_not(ada: Client) -> None:
    first = begin(ada)
    send(ada, first["id"], 0, CONTENT[:5_000])
    assert begin(ada) == {**first, "offset": 5_000}
    others = [begin(ada, **changed) for changed in ({"modified": 2}, {"sample": "b"})]
    assert len({first["id"], *(other["id"] for other in others)}) == 3
    assert [other["offset"] for other in others] == [0, 0]


def cut_off(client: Client, base_url: str, upload_id: str, sent: bytes) -> None:
    """Announce the whole file, send `sent`, and pull the plug."""
    address = urlsplit(base_url)
    head = (
        f"PATCH /uploads/{upload_id}?offset=0 HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Cookie: {SESSION_COOKIE}={client.cookies[SESSION_COOKIE]}\r\n"
        f"Content-Length: {len(CONTENT)}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as connection:
        connection.sendall(head.encode() + sent)
        until = time.monotonic() + 5
        while held(client, upload_id) < len(sent) // (1 << 20) << 20 and time.monotonic() < until:
            time.sleep(0.02)


def test_what_came_before_the_line_broke_is_kept(ada: Client, base_url: str, store: Store) -> None:
    upload_id = begin(ada)["id"]
    cut_off(ada, base_url, upload_id, CONTENT[:1_500_000])
    until = time.monotonic() + 5
    while (offset := begin(ada)["offset"]) < 1_500_000 and time.monotonic() < until:
        time.sleep(0.02)
    assert offset == 1_500_000
    assert send(ada, upload_id, offset, CONTENT[offset:])["complete"] is True
    assert content_of(store, upload_id) == CONTENT
    assert sha256_of(store, upload_id) == SHA256


def test_a_restart_in_between_gives_the_same_sha256(ada: Client, store: Store) -> None:
    upload_id = begin(ada)["id"]
    send(ada, upload_id, 0, CONTENT[:1_234_567])
    forget_digest(uploads_of(store) / f"{upload_id}.bytes")
    send(ada, upload_id, 1_234_567, CONTENT[1_234_567:])
    assert sha256_of(store, upload_id) == SHA256


def test_a_sender_that_falls_silent_is_let_go(
    ada: Client, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.uploads, "SILENCE_SECONDS", 0.3)
    upload_id = begin(ada)["id"]
    address = urlsplit(base_url)
    head = (
        f"PATCH /uploads/{upload_id}?offset=0 HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Cookie: {SESSION_COOKIE}={ada.cookies[SESSION_COOKIE]}\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as connection:
        connection.sendall(head.encode() + CONTENT[:60])
        connection.settimeout(5)
        assert b"408" in connection.recv(100)
    assert held(ada, upload_id) == 60


def test_cancelling_removes_every_byte(ada: Client, store: Store) -> None:
    upload_id = begin(ada)["id"]
    send(ada, upload_id, 0, CONTENT[:5_000])
    assert ada.delete(f"/uploads/{upload_id}").status_code == 204
    assert list(uploads_of(store).iterdir()) == []
    assert send(ada, upload_id, 5_000, CONTENT[5_000:])["status"] == 404


def test_another_users_or_companys_upload_is_not_there(ada: Client, signed: Signed) -> None:
    upload_id = begin(ada)["id"]
    send(ada, upload_id, 0, CONTENT[:100])
    for stranger in (signed("bea"), signed("cleo")):
        for method in ("get", "patch", "delete"):
            response = stranger.request(method, f"/uploads/{upload_id}?offset=100")
            assert response.status_code == 404
        assert begin(stranger)["offset"] == 0
    assert held(ada, upload_id) == 100


@pytest.mark.parametrize("upload_id", ["..%2F..%2Fcrm", "x" * 32, "0" * 32, "%00"])
def test_an_id_of_nothing_is_not_found(ada: Client, upload_id: str) -> None:
    begin(ada)
    assert ada.get(f"/uploads/{upload_id}").status_code == 404


def test_nobody_without_a_session_and_no_viewer(client: Client, signed: Signed) -> None:
    claim = {"name": "a.csv", "bytes": 1, "modified": 1, "sample": ""}
    assert client.post("/uploads", json=claim).status_code == 401
    assert client.patch(f"/uploads/{'0' * 32}?offset=0", data=CONTENT).status_code == 401
    assert signed("first-user").post("/uploads", json=claim).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "{base}"}, 200),
        ({"Origin": "{base}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "{base}0"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
def test_only_our_own_page_writes(
    ada: Client, base_url: str, headers: dict[str, str], status: int
) -> None:
    upload_id = begin(ada)["id"]
    named = {name: value.format(base=base_url) for name, value in headers.items()}
    claim = {"name": "ventes.csv", "bytes": len(CONTENT), "modified": 1, "sample": "a"}
    address = f"/uploads/{upload_id}"
    assert ada.post("/uploads", json=claim, headers=named).status_code == status
    assert ada.patch(f"{address}?offset=0", data=b"c", headers=named).status_code == status
    expected = 204 if status == 200 else status
    assert ada.delete(address, headers=named).status_code == expected


def test_a_listed_origin_may_write() -> None:
    headers = [(b"host", b"localhost:8501"), (b"origin", b"https://crm.example.com")]
    request = Request({"type": "http", "headers": headers})
    assert is_foreign(request, ())
    assert not is_foreign(request, ("https://crm.example.com",))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "big.csv is larger than 2048 MB, the most that this instance takes"),
        ("fr", "big.csv dépasse 2048\u00a0Mo, le plus que cette instance accepte"),
    ],
)
def test_a_file_above_the_limit_is_refused_before_it_is_sent(
    ada: Client, language: str, sentence: str
) -> None:
    claim = {"name": "big.csv", "bytes": 2_048_000_001, "modified": 1, "sample": ""}
    response = ada.post("/uploads", json=claim, headers={"Accept-Language": language})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"].startswith(sentence)


def test_a_stream_longer_than_announced_is_refused_on_the_way(ada: Client, store: Store) -> None:
    upload_id = begin(ada, bytes=1_500_000)["id"]
    told = send(ada, upload_id, 0, CONTENT)
    assert (told["status"], told["title"]) == (
        413,
        "ventes.csv is longer than announced: it has changed. Choose the file again.",
    )
    assert len(content_of(store, upload_id)) <= 1_500_000


def test_a_full_disk_is_said_and_given_its_room_back(ada: Client, store: Store) -> None:
    upload_id = begin(ada)["id"]
    content = uploads_of(store) / f"{upload_id}.bytes"
    content.unlink()
    content.symlink_to("/dev/full")
    told = send(ada, upload_id, 0, CONTENT)
    assert told["status"] == 507
    assert "has no room for ventes.csv" in told["title"]
    assert list(uploads_of(store).iterdir()) == []


def test_a_file_the_disk_cannot_hold_is_not_begun(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(core.services.uploads.shutil, "disk_usage", lambda _folder: Usage)
    claim = {"name": "a.csv", "bytes": 1_000_001, "modified": 1, "sample": ""}
    assert ada.post("/uploads", json=claim).status_code == 507


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\Ventes été.csv", "Ventes été.csv"),
        ("a\r\nSet-Cookie: x.csv", "a_Set-Cookie_ x.csv"),
        ("<img src=x>.csv", "_img src_x_.csv"),
        ("/", "file"),
        ("é" * 900 + ".csv", "é" * 116 + ".csv"),
    ],
)
def test_a_name_is_made_safe(ada: Client, store: Store, name: str, shown: str) -> None:
    assert begin(ada, name)["name"] == shown
    assert all(path.parent == uploads_of(store) for path in uploads_of(store).rglob("*"))


@pytest.mark.parametrize(
    "changed", [{"bytes": -1}, {"bytes": "1"}, {"name": ""}, {"sample": 1}, {"more": 1}]
)
def test_a_malformed_description_is_refused(ada: Client, changed: dict[str, object]) -> None:
    claim = {"name": "a.csv", "bytes": 1, "modified": 1, "sample": "", **changed}
    assert ada.post("/uploads", json=claim).status_code == 400
    assert ada.post("/uploads", data=b"{" * 100_000).status_code == 400


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "9" * 30])
def test_an_offset_that_is_no_number_is_refused(ada: Client, offset: str) -> None:
    upload_id = begin(ada)["id"]
    assert ada.patch(f"/uploads/{upload_id}?offset={offset}", data=b"c").status_code == 400


@pytest.mark.parametrize("tenant_key", ["first", "*"])
def test_what_nobody_goes_on_with_for_a_day_is_removed(
    ada: Client, store: Store, tenant_key: str
) -> None:
    old, young = begin(ada, "old.csv")["id"], begin(ada, "young.csv")["id"]
    past = (store.now() - STALE_AFTER - timedelta(minutes=1)).timestamp()
    os.utime(uploads_of(store) / f"{old}.bytes", (past, past))
    clear_stale_uploads(store, "second")
    assert (uploads_of(store) / f"{old}.bytes").exists()
    clear_stale_uploads(store, tenant_key)
    left = {path.stem for path in uploads_of(store).iterdir()}
    assert left == {young}
