"""`GET /metrics` in the format of Prometheus, for whoever has the METRICS_TOKEN.

Jobs, messages and workers are read from the database, so they are those of the whole instance,
however many processes there are; requests are those of this process. No label names a company.
"""

import hmac
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from core.errors import StoreUnavailable
from core.i18n import N_
from core.jobs.figures import JobFigures, measure_jobs
from core.services.instance import Health, app_store, find_health, probe_of
from core.services.instance_figures import InstanceFigures, measure_instance
from core.store.tenant import Store

KEPT_SECONDS = 15.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER, _PAGES = "other", "pages"
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_NOTHING = N_("There is nothing at this address.")
_NO_TOKEN = N_("This needs the METRICS_TOKEN, as a bearer token in the header Authorization.")

WEB = CollectorRegistry()
REQUESTS = Counter(
    "iacrm_http_requests", "Requests answered", ("route", "method", "status"), registry=WEB
)
SECONDS = Histogram(
    "iacrm_http_request_seconds",
    "Time until a request was answered whole",
    ("route",),
    buckets=_BUCKETS,
    registry=WEB,
)


class RequestsCounted:
    """Count requests by the template of their route, never by the path that was asked for.

    `templates` are those that are told apart; all else is the pages.
    """

    def __init__(self, app: ASGIApp, templates: Callable[[], frozenset[str]]) -> None:
        self.app = app
        self.templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), "500"

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            path = getattr(scope.get("route"), "path", "")
            route = path if path in self.templates() else _PAGES
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            REQUESTS.labels(route, method, status).inc()
            SECONDS.labels(route).observe(time.perf_counter() - began)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Figures(Collector):
    """The figures of the instance as Prometheus' metrics; the last two None without a database."""

    health: Health
    jobs: JobFigures | None
    instance: InstanceFigures | None

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        yield _one("iacrm_database_up", "1 while the database answers", self.health.database)
        yield _one("iacrm_schema_ready", "1 while its schema is this one's", self.health.migrations)
        yield _one("iacrm_worker_alive", "1 while a worker gives signs of life", self.health.worker)
        if self.jobs is not None:
            yield from _of_jobs(self.jobs)
        if self.instance is not None:
            yield from _of_instance(self.instance)


def _of_jobs(jobs: JobFigures) -> Iterator[Metric]:
    kind = ("kind",)
    yield _by(kind, "iacrm_jobs_queued", "Jobs that wait", jobs.queued)
    yield _by(kind, "iacrm_jobs_oldest_seconds", "Age of the one that waits longest", jobs.oldest)
    yield _by(kind, "iacrm_jobs_running", "Jobs under way", jobs.running)
    ended = "Jobs that ended within the last hour"
    yield _by(("kind", "outcome"), "iacrm_jobs_ended_last_hour", ended, jobs.ended)
    worked = "Time that these worked, in all"
    yield _by(kind, "iacrm_jobs_seconds_last_hour", worked, jobs.seconds)
    yield _by(kind, "iacrm_jobs_longest_seconds_last_hour", "Time of the longest", jobs.longest)


def _of_instance(told: InstanceFigures) -> Iterator[Metric]:
    yield _by(("mode", "state"), "iacrm_messages", "Messages by state", told.messages)
    yield _one("iacrm_messages_in_review", "Live messages a person must decide on", told.in_review)
    beats = "Time since each worker's last sign of life"
    yield _by(("worker",), "iacrm_worker_beat_age_seconds", beats, told.beats)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _by(
    labels: tuple[str, ...],
    name: str,
    text: str,
    values: Mapping[str, float] | Mapping[tuple[str, str], float],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric((key,) if isinstance(key, str) else key, value)
    return family


class _Kept:
    """The figures of one store, kept for some seconds: whoever asks often costs nothing."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._until = 0.0
        self._measured: tuple[JobFigures, InstanceFigures] | None = None

    def text(self, health: Health) -> bytes:
        """Return the figures as text; without a database nobody waits for who still asks it."""
        if not (health.database and health.migrations):
            return _told(health)
        try:
            return _told(health, *self._figures())
        except StoreUnavailable:
            return _told(Health(database=False, migrations=False, worker=False))

    def _figures(self) -> tuple[JobFigures, InstanceFigures]:
        with self._lock:
            if self._measured is None or time.monotonic() >= self._until:
                jobs = measure_jobs(self._store.settings, self._store.now())
                self._measured = jobs, measure_instance(self._store)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._measured


def _told(
    health: Health, jobs: JobFigures | None = None, instance: InstanceFigures | None = None
) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Figures(health=health, jobs=jobs, instance=instance))
    return generate_latest(registry)


@lru_cache(maxsize=4)
def _kept_of(store: Store) -> _Kept:
    return _Kept(store)


async def metrics(request: Request) -> Response:
    """Answer with every metric; 404 where no token is set, 401 to whoever has another."""
    store = app_store()
    token = store.settings.metrics_token
    if token is None:
        return problem(request, 404, _NOTHING)
    given = request.headers.get("authorization", "")
    wanted = f"Bearer {token.get_secret_value()}"
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        refusal = problem(request, 401, _NO_TOKEN)
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    health = await find_health(probe_of(store))
    figures = await run_in_threadpool(_kept_of(store).text, health)
    return Response(
        generate_latest(WEB) + figures,
        headers={"Cache-Control": "no-store"},
        media_type=CONTENT_TYPE_LATEST,
    )
