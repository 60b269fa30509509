"""The server's log of requests, without the secrets that stand in their paths."""

import logging
import re

_LOGGER = "uvicorn.access"
_SECRET_PATHS = re.compile(r"(/u/|/brevo/webhook/|/auth/enter\?|/imports\?)[^\s\"]*")
_HIDDEN = "***"


class SecretsHidden(logging.Filter):
    """Replaces unsubscribe tokens, webhook secrets, sign-in tickets and names of files by `***`.

    A file may be called after a person.

    Streamlit's own server logs no requests; `uvicorn app:app` does.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record before it is written; let all pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(hide(arg) for arg in record.args)
        return True


def hide(value: object) -> object:
    """Return a text without the secret parts of paths, anything else as it is.

    >>> hide("/u/AbC?x=1"), hide("/imports?name=anne.csv"), hide("/health"), hide(200)
    ('/u/***', '/imports?***', '/health', 200)
    """
    return _SECRET_PATHS.sub(rf"\1{_HIDDEN}", value) if isinstance(value, str) else value


def hide_secrets() -> None:
    """Keep secrets out of the log of requests from now on."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(known, SecretsHidden) for known in logger.filters):
        logger.addFilter(SecretsHidden())
