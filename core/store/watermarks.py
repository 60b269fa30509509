"""How far a campaign got, kept outside the database: a backup that is brought back is behind it.

A small file per campaign in the tenant's folder holds the epoch, which is how often the data were
brought back, and the number of the last line that the journal had before a message left.
"""

import os

from core.store.tenant import TenantStore

_FOLDER = ".sent"


def write_watermark(store: TenantStore, campaign_id: str, epoch: int, log_no: int) -> None:
    """Keep the number of the journal's last line; nobody reads half a number."""
    folder = store.folder / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{campaign_id}.{os.getpid()}"
    draft.write_text(f"{epoch} {log_no}")
    draft.replace(folder / campaign_id)


def read_watermark(store: TenantStore, campaign_id: str) -> tuple[int, int]:
    """Return the epoch and the number that were kept, zeros when none are."""
    try:
        epoch, log_no = (store.folder / _FOLDER / campaign_id).read_text().split()
        return int(epoch), int(log_no)
    except (FileNotFoundError, ValueError):
        return 0, 0
