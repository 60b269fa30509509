"""Everything known about a person, streamed to an analyst or administrator who is signed in."""

from starlette.requests import Request
from starlette.responses import Response

from api.export import attachment
from api.problems import problem
from api.session import signed_in
from core.errors import NotAllowed, NotFound
from core.services.person_export import person_of_link
from core.services.sign_in import Session
from core.store.tenant import TenantStore


@signed_in
def export_person(request: Request, session: Session, store: TenantStore) -> Response:
    """Stream the JSON of the person whom the link's token means, to her company's users.

    The token is encrypted: an address in a URL would stand in every log on the way.
    """
    try:
        pieces = person_of_link(store, session.actor, request.path_params["token"])
    except NotAllowed as error:
        return problem(request, 403, error.message)
    except NotFound as error:
        return problem(request, 404, error.message)
    return attachment(pieces, "person.json")
