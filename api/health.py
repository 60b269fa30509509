"""What a supervisor or a load balancer asks: is the process alive, and can it serve."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from core.services.instance import app_store, find_health, probe_of

router = APIRouter(tags=["health"])


class HealthTold(BaseModel):
    """`status` is ok or degraded; `worker` is whether one has given a sign of life lately."""

    status: str
    db: bool
    migrations: bool
    worker: bool


class LifeTold(BaseModel):
    """The process answers."""

    status: str


_UNWELL: dict[int | str, dict[str, object]] = {
    503: {"description": "No page can be served", "model": HealthTold}
}


@router.get("/health", responses=_UNWELL)
async def health(response: Response) -> HealthTold:
    """Answer 200 while pages can be served, 503 when the database or its schema is not there.

    It takes two seconds at most: a database that is silent so long is not there.
    """
    found = await find_health(probe_of(app_store()))
    response.status_code = 200 if found.database and found.migrations else 503
    response.headers["Cache-Control"] = "no-store"
    return HealthTold(
        status="ok" if found.is_ok else "degraded",
        db=found.database,
        migrations=found.migrations,
        worker=found.worker,
    )


@router.get("/health/live")
async def live() -> LifeTold:
    """Answer as long as the process does, whatever became of the database: else restart it."""
    return LifeTold(status="ok")


@router.get("/health/ready", responses=_UNWELL)
async def ready(response: Response) -> HealthTold:
    """Answer as `/health` does: 503 means send nobody here at the moment."""
    return await health(response)
