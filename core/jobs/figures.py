"""How many jobs wait, run and ended: figures of the whole instance from the job tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.jobs.kinds import NAME_PREFIX
from core.jobs.queue import client_of
from core.jobs.records import ACTIVE, RUNNING, STATES, state_from
from core.jobs.tables import has_jobs, jobs_url
from core.settings import Settings

WINDOW = timedelta(hours=1)
_MOST = 20_000  # of one look; beyond them the figures say as much and not more


@dataclass(frozen=True, kw_only=True)
class JobFigures:
    """By kind of work: how many wait and since how many seconds, how many run, what ended.

    `ended` counts those that ended within `WINDOW`, by kind and outcome (done, failed, stopped);
    `seconds` is the sum of how long these worked, `longest` the longest of them.
    """

    queued: Mapping[str, int]
    oldest: Mapping[str, float]
    running: Mapping[str, int]
    ended: Mapping[tuple[str, str], int]
    seconds: Mapping[str, float]
    longest: Mapping[str, float]


def measure_jobs(settings: Settings, now: datetime) -> JobFigures:
    """Return the figures of `now`; nothing where there are no job tables yet."""
    url = jobs_url(settings)
    if not has_jobs(url):
        return _figures([], [], now)
    client = client_of(url)
    active = client.list_workflows(
        status=list(ACTIVE), limit=_MOST, load_input=False, load_output=False
    )
    ended = client.list_workflows(
        completed_after=(now - WINDOW).isoformat(), limit=_MOST, load_input=False
    )
    return _figures(active, ended, now)


def _figures(active: Iterable[Any], ended: Iterable[Any], now: datetime) -> JobFigures:
    queued, running, outcomes = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    oldest, seconds, longest = (defaultdict[str, float](float) for _ in range(3))
    for job in active:
        kind = _kind_of(job)
        if job.status in STATES[RUNNING]:
            running[kind] += 1
            continue
        queued[kind] += 1
        oldest[kind] = max(oldest[kind], now.timestamp() - job.created_at / 1000)
    for job in ended:
        kind = _kind_of(job)
        outcomes[kind, state_from(job).status] += 1
        worked = (job.completed_at - (job.dequeued_at or job.created_at)) / 1000
        seconds[kind] += worked
        longest[kind] = max(longest[kind], worked)
    return JobFigures(
        queued=queued,
        oldest=oldest,
        running=running,
        ended=outcomes,
        seconds=seconds,
        longest=longest,
    )


def _kind_of(job: Any) -> str:
    return str(job.name).removeprefix(NAME_PREFIX)
