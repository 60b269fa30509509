"""How the time of a run grows with the customers: the exponent of seconds by customers.

    python -m benchmarks.recommender.growth FOLDER [CUSTOMERS ...]

Writes a tenant of each size (50,000 to 2,000,000 customers, 20 lines each) to `FOLDER`, runs
each in a process of its own, and fits a line through the logarithms.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.recommender.make_tenant import make_tenant
from benchmarks.recommender.speed import measured, recommend

SIZES = (50_000, 200_000, 500_000, 2_000_000)


def main(folder: Path, sizes: tuple[int, ...]) -> None:
    """Print seconds and peak memory of each size, and the exponent."""
    taken = []
    for customers in sizes:
        tenant = folder / str(customers)
        if not tenant.exists():
            make_tenant(tenant, customers)
        seconds, peak = measured(recommend, tenant)
        taken.append(sum(seconds.values()))
        print(f"{customers:>9} customers: {taken[-1]:7.1f} s, peak {peak:.1f} GB", flush=True)
    exponent, _ = np.polyfit(np.log(sizes), np.log(taken), 1)
    print(f"seconds grow with customers to the power of {exponent:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(map(int, sys.argv[2:])) or SIZES)
