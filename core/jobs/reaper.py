"""Taking over what dead workers were doing: jobs that run under a slot which nobody holds."""

from dbos import DBOSClient

from core.jobs.records import RUNNING, STATES
from core.store.slots import abandoned_slot
from core.store.tenant import Store

_LOOKS = 2  # a worker that lost its session in a restart of the database takes its slot again first


class Reaper:
    """Looks after the slots of the others; called at each beat of a worker that holds `own`."""

    def __init__(self, store: Store, client: DBOSClient, own: str) -> None:
        self._store = store
        self._client = client
        self._own = own
        self._seen_free: dict[str, int] = {}

    def look(self) -> int:
        """Put back the jobs of slots that were free at two looks in a row; return how many."""
        running = self._client.list_workflows(
            status=list(STATES[RUNNING]), load_input=False, load_output=False
        )
        slots = {str(row.executor_id) for row in running} - {self._own}
        self._seen_free = {slot: self._seen_free.get(slot, 0) for slot in slots}
        return sum(self._reap(slot) for slot in sorted(slots))

    def _reap(self, slot: str) -> int:
        """Put the jobs of a slot back into their queues while nobody can take the slot."""
        with abandoned_slot(self._store, slot) as is_free:
            self._seen_free[slot] = self._seen_free[slot] + 1 if is_free else 0
            if self._seen_free[slot] < _LOOKS:
                return 0
            left = self._client.list_workflows(
                status=list(STATES[RUNNING]), executor_id=slot, load_input=False, load_output=False
            )
            for row in left:
                self._client.resume_workflow(row.workflow_id, queue_name=row.queue_name)
            return len(left)
