"""Lines of the log: one for a record, in UTC; refusals of a role are among them."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from core.errors import NotAllowed
from core.logs import (
    JsonLine,
    OneLine,
    bind_further,
    bound,
    bound_ids,
    formatter_of,
    with_ids_of_here,
)
from core.services.accounts import Actor, Role, require


def test_a_record_is_one_line_in_utc() -> None:
    record = logging.LogRecord(
        "core.x", logging.WARNING, "x.py", 1, "file %s", ("a\r\n2026 INFO\u2028b\x1b[2Jé",), None
    )
    record.created = 0.0
    written = OneLine().format(record)
    assert written == (r"1970-01-01T00:00:00Z WARNING core.x file a\r\n2026 INFO\u2028b\x1b[2Jé")


def test_what_a_role_does_not_permit_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    viewer = Actor(user_id="4711", username="vera", role=Role.VIEWER, language="en")
    with caplog.at_level(logging.WARNING), pytest.raises(NotAllowed):
        require(viewer, Role.ADMIN)
    assert caplog.messages == ["refused: user 4711 is viewer, not admin"]


def hostile() -> logging.LogRecord:
    record = logging.LogRecord(
        "core.x", logging.WARNING, "x.py", 1, 'file %s"', ("a\r\n2026 INFO\u2028b\x1b[2Jé",), None
    )
    record.created = 0.0
    return record


def test_a_record_is_one_json_object_with_what_it_is_written_for() -> None:
    with bound(request="r-1", tenant="t-1"):
        written = formatter_of("json").format(hostile())
    assert len(written.splitlines()) == 1
    assert json.loads(written) == {
        "time": "1970-01-01T00:00:00Z",
        "level": "WARNING",
        "logger": "core.x",
        "message": 'file a\r\n2026 INFO\u2028b\x1b[2Jé"',
        "request": "r-1",
        "tenant": "t-1",
    }


@pytest.mark.parametrize("make", [OneLine, JsonLine])
def test_a_message_cannot_pass_for_an_id(make: Callable[[], logging.Formatter]) -> None:
    record = logging.LogRecord(
        "core.x", logging.INFO, "x", 1, '","job":"forged" job=forged', (), None
    )
    with bound(job="true"):
        written = make().format(record)
    if make is JsonLine:
        assert json.loads(written)["job"] == "true"
    else:
        assert written.split()[3] == "job=true"


def test_ids_end_with_their_block_and_go_along_into_threads() -> None:
    with bound(request="r-1"):
        with bound(job="j-1"):
            assert bound_ids() == {"request": "r-1", "job": "j-1"}
        copy_context().run(lambda: bind_further(tenant="t-1"))  # as a route's thread does
        assert bound_ids() == {"request": "r-1", "tenant": "t-1"}
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(with_ids_of_here(lambda: dict(bound_ids()))).result() == bound_ids()
            assert pool.submit(lambda: dict(bound_ids())).result() == {}
    assert bound_ids() == {}
