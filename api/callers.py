"""Who calls the HTTP API: a program by its token, or whoever is signed in on a page."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.session import session_in
from core.errors import NotSignedIn
from core.i18n import N_
from core.logs import TENANT, bind_further
from core.services.accounts import Actor
from core.services.api_tokens import bearer_of
from core.services.instance import app_store
from core.store.tenant import TenantStore

_NO_TOKEN = N_("This needs a token that is good, as a bearer token in the header Authorization.")
_SCHEME = HTTPBearer(
    auto_error=False, description="A token of your company: page *Users*, or `token create`."
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The company that is called for, and who asks."""

    store: TenantStore
    actor: Actor


def program(credentials: Credentials) -> Caller:
    """Return whom the token speaks for; raise `NotSignedIn`."""
    bearer = credentials and bearer_of(app_store(), credentials.credentials)
    if not bearer:
        raise NotSignedIn(_NO_TOKEN)
    bind_further(**{TENANT: bearer.tenant.tenant_id})
    return Caller(store=app_store().tenant_store(bearer.tenant), actor=bearer.actor)


def anybody(request: Request, credentials: Credentials) -> Caller:
    """Return whom the token speaks for, without one who is signed in; raise `NotSignedIn`.

    For what only reads: a browser sends the cookie with what a foreign page asks for, too.
    """
    if credentials is not None or "authorization" in request.headers:
        return program(credentials)
    session = session_in(request, app_store())
    if session is None:
        raise NotSignedIn(_NO_TOKEN)
    return Caller(store=app_store().tenant_store(session.tenant), actor=session.actor)


Program = Annotated[Caller, Depends(program)]
Anybody = Annotated[Caller, Depends(anybody)]
