"""The password check of streamlit-authenticator, without its cookie and its counters."""

from streamlit_authenticator.controllers import AuthenticationController


def check_password(username: str, password_hash: str, password: str) -> bool:
    """Compare a password with a bcrypt hash; the caller has refused what bcrypt cannot read."""
    credentials = {"usernames": {username: {"name": username, "password": password_hash}}}
    controller = AuthenticationController(credentials, auto_hash=False)
    return controller.login(username, password) is True
