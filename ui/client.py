"""From where a page is looked at."""

import streamlit as st

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


def read_client() -> tuple[str, bool]:
    """Return the client's address and whether it reached a server bound to localhost directly."""
    address = str(st.context.ip_address or "127.0.0.1")  # None is Streamlit's word for loopback
    headers = st.context.headers
    host = str(headers.get("Host") or "localhost").rsplit(":", 1)[0]
    is_bound_here = st.get_option("server.address") in _LOOPBACK_NAMES
    is_proxied = any(name in headers for name in _PROXY_HEADERS)
    return address, is_bound_here and host in _LOOPBACK_NAMES and not is_proxied
