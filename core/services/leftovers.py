"""Passing files that a kill left in the temporary folder: they hold rows of people."""

import os
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISDIR

PREFIX = "iacrm-"
LEFT_AFTER = timedelta(days=1)  # nothing that passes takes as long


def clear_leftovers(now: datetime) -> None:
    """Remove our own folders there that nobody has touched for a day."""
    oldest = (now - LEFT_AFTER).timestamp()
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):  # who made it has just removed it
            told = folder.lstat()
            if S_ISDIR(told.st_mode) and told.st_uid == os.getuid() and told.st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
