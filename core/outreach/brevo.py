"""The Brevo client: typed calls, one attempt each, and no word of the vendor in any error."""

from pydantic import SecretStr

from core.outreach.brevo_wire import CONNECT_SECONDS, TOTAL_SECONDS, Failure, Wire
from core.outreach.replies import EmailReply, classify_answer, classify_failure


class BrevoClient:
    """Calls of one account; may be used by several threads at once.

    Raises `SettingsError` for a key or an address that cannot be used. A call connects within
    `connect_seconds` and is over after `total_seconds`, whatever the other side does; only the
    resolution of its name takes as long as the system lets it.
    """

    def __init__(
        self,
        key: SecretStr,
        base_url: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._wire = Wire(key, base_url, connect_seconds, total_seconds)

    def __repr__(self) -> str:
        return f"BrevoClient({self._wire.base_url!r})"

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def send_email(self, body: bytes) -> EmailReply:
        """Post one message, byte for byte; return what is known of it.

        Nothing that the network or Brevo does is raised. A limit is not waited for: the message
        may be sent again under a new key once `wait_seconds` have passed.
        """
        result = self._wire.exchange("POST", "/smtp/email", body=body)
        if isinstance(result, Failure):
            return classify_failure(result.detail, begun=result.begun, status=result.status)
        return classify_answer(result.status, result.headers, result.body)
