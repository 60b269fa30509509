"""Lines of the log: one for a record, in UTC; refusals of a role are among them."""

import logging

import pytest

from core.errors import NotAllowed
from core.logs import OneLine
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
