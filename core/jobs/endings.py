"""What becomes of an import, a run or a campaign when its work ends without having ended it.

The services bring what they work on to an honest end themselves when an error reaches them. A
worker that is killed every time, and a job that is stopped before it began, never get that far.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from core.errors import CrmError, NotFound
from core.jobs.kinds import BACKTEST, PREPARE, RUN, SCHEDULE, SEND, TAKE
from core.outreach.outcomes import PauseReason
from core.services.backtest import fail_backtest
from core.services.execute_run import fail
from core.services.import_archive import archive_of
from core.services.live_outcomes import pause_campaign
from core.services.prepare_campaign import give_up
from core.services.schedule_work import end_occurrence
from core.store.tenant import TenantStore

_End = Callable[[TenantStore, str, CrmError], object]


def end_work(store: TenantStore, kind: str, subject: str, why: CrmError) -> None:
    """Bring what a job works on to the end `why`; what has ended already stays as it is.

    A run, a backtest and what a schedule does fail with the sentence. A campaign that is not
    prepared yet is given up. A prepared one pauses, or a worker would ask for it again; so it would
    for an import of the inbox, which is left to a person. Another import is unpublished and can be
    loaded as before.
    """
    end = _ENDS.get(kind)
    if end is not None:
        with suppress(NotFound):  # what is gone needs no end
            end(store, subject, why)


def _leave_import(store: TenantStore, import_id: str, _why: CrmError) -> None:
    archive_of(store, import_id).leave_to_a_person()


def _give_up(store: TenantStore, campaign_id: str, _why: CrmError) -> None:
    give_up(store, campaign_id)


def _pause(store: TenantStore, campaign_id: str, _why: CrmError) -> None:
    pause_campaign(store, campaign_id, PauseReason.WORK_ENDED)


_ENDS: Mapping[str, _End] = {
    RUN: fail,
    SCHEDULE: end_occurrence,
    BACKTEST: fail_backtest,
    PREPARE: _give_up,
    SEND: _pause,
    TAKE: _leave_import,
}
