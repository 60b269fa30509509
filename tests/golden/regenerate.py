"""Write the expected files of `small_tenant/` anew, on purpose: python -m tests.golden.regenerate

Read the difference before committing it: it is what every user's files would change by.
"""

import tempfile
from pathlib import Path

from tests.golden.small_tenant import FOLDER, comparable_files, open_tenant, run_small_tenant


def regenerate() -> None:
    """Run the small tenant on a fresh SQLite and keep its files."""
    expected = FOLDER / "expected"
    expected.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tenant = open_tenant(Path(folder))
        for name, content in comparable_files(tenant, run_small_tenant(tenant)).items():
            (expected / name).write_bytes(content)


if __name__ == "__main__":
    regenerate()
