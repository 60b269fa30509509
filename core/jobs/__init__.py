"""Durable jobs around the services: the pages enqueue and read progress, workers do the work.

A job is a workflow of one idempotent step. Its id is made of the tenant, the kind of work and
the subject, so two clicks are one job. A worker holds a slot by a lock that dies with it; the
slot names its executor, so the worker that takes a free slot goes on with what its former
holder left, and living workers take over what was left under a slot that nobody holds. Each queue
has a partition per tenant, of which a worker does one job at a time: nobody waits for the queue of
another.
"""

from core.jobs.forgetting import forget_all_jobs
from core.jobs.kinds import (
    BACKTEST,
    CAUSES,
    CLEAR,
    ERASE,
    FORGET,
    LOAD,
    PLAN,
    PREPARE,
    PREVIEW,
    RECONCILE,
    RETAIN,
    REVIEW,
    RUN,
    SCHEDULE,
    SEND,
    SYNC,
    TAKE,
)
from core.jobs.queue import enqueue, forget_jobs, job_of
from core.jobs.records import JobState
from core.jobs.tables import jobs_url, migrate_jobs

__all__ = [
    "BACKTEST",
    "CAUSES",
    "CLEAR",
    "ERASE",
    "FORGET",
    "LOAD",
    "PLAN",
    "PREPARE",
    "PREVIEW",
    "RECONCILE",
    "RETAIN",
    "REVIEW",
    "RUN",
    "SCHEDULE",
    "SEND",
    "SYNC",
    "TAKE",
    "JobState",
    "enqueue",
    "forget_all_jobs",
    "forget_jobs",
    "job_of",
    "jobs_url",
    "migrate_jobs",
]
