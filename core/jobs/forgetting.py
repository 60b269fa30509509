"""The jobs of a company that leaves."""

from functools import partial

from core.errors import Refused
from core.i18n import N_
from core.jobs.queue import client_of
from core.jobs.records import QUEUED, RUNNING, STATES
from core.jobs.tables import has_jobs, jobs_url
from core.store.reclaim import rewrite_file
from core.store.tenant import TenantStore

_WORKING = N_("Work of this company is under way. Wait until it has ended, then try again.")


def forget_all_jobs(store: TenantStore) -> int:
    """Remove every job of a tenant; return how many. Raises `Refused` while one of them runs."""
    url = jobs_url(store.store.settings)
    if not has_jobs(url):
        return 0
    client = client_of(url)
    find = partial(
        client.list_workflows,
        workflow_id_prefix=f"{store.tenant_id}/",
        load_input=False,
        load_output=False,
    )
    found = find()
    for job in found:
        if job.status in STATES[QUEUED]:  # no worker takes it any more
            client.cancel_workflow(job.workflow_id)
    if find(status=list(STATES[RUNNING])):
        raise Refused(_WORKING)
    client.delete_workflows([job.workflow_id for job in found], delete_children=True)
    if found:
        rewrite_file(url)
    return len(found)
