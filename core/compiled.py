"""Where the compiled kernels are kept: one folder for each state of their sources.

A kernel's compiled form is kept, and made anew when *its* module changes. But what it calls from
other modules is compiled into it: after an update of those alone it would go on with the old
code. So the folder is named after all modules that have kernels.
"""

import hashlib
import os
import sys
from pathlib import Path

PACKAGES = ("ingest", "reco")
VARIABLE = "NUMBA_CACHE_DIR"


def sources_digest(root: Path) -> str:
    """Return a digest of the modules of `PACKAGES` below `root`."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for module in sorted((root / package).glob("*.py")):
            digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def keep_by_sources() -> None:
    """Name the folder; to be called before any kernel is defined, in every process."""
    root = Path(__file__).parent
    given = os.environ.get(VARIABLE)
    own = root if os.access(root, os.W_OK) else Path.home() / ".cache" / "ia-crm"
    base = Path(given) if given else own / "__pycache__" / "kernels"
    digest = sources_digest(root)
    if base.name == digest:  # named by the process that started this one
        return
    os.environ[VARIABLE] = str(base / digest)
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()
