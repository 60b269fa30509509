"""What a run was computed from: the revision of the data and the code, beside its policy."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import core
from core import __version__
from core.store.dataset import Revision, head_of, import_at
from core.store.runs import Run
from core.store.tenant import Transaction

_COMPUTING = (
    "reco", "audit", "contracts", "compiled.py", "policy.py", "services/compute_lists.py",
    "store/dataset.py",
)  # fmt: skip
_LIBRARIES = ("duckdb", "numba", "numpy", "pyarrow")  # that compute what is proposed


def basis_of(revision: Revision, read_at: datetime) -> dict[str, Any]:
    """Return what is kept of a run's basis, JSON-ready; `read_at` is when its data were read."""
    return {
        "read_at": read_at.isoformat(),
        "data": asdict(revision),
        "code": {"version": __version__, "sha256": code_digest()},
    }


def basis_in(run: Run) -> dict[str, Any]:
    """Return the basis that a run keeps; empty for runs of earlier versions."""
    basis: dict[str, Any] = json.loads(run.basis_json or "{}")
    return basis


def intact_seq(tx: Transaction, run: Run) -> int | None:
    """Return where the data of a run stand among the imports; None when that is not known.

    Once an import is undone, the data of the runs that read it are gone, and its number is used
    again.
    """
    data = basis_in(run).get("data")
    if data is None or data["seq"] > head_of(tx):
        return None
    return int(data["seq"]) if import_at(tx, data["seq"]) == data["import_id"] else None


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Return the sha256 of the sources and libraries that decide what a run proposes and judges.

    Two builds can carry one version; the digest tells them apart.
    """
    root = Path(core.__file__).parent
    digest = hashlib.sha256()
    for name in _COMPUTING:
        place = root / name
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{source.relative_to(root).as_posix()}\n".encode())
            digest.update(source.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()


code_digest()  # of the files that this process has loaded: they may be replaced under it
