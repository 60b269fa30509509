import numpy as np
import pytest

from core.reco.lines import COLUMNS, FEW_RECORDS, arrange, day_of, is_gift, product_of

# customer 1 has no lines, customer 2 more than are sorted by insertion
LINES_OF = (30, 0, 4 * FEW_RECORDS, FEW_RECORDS, FEW_RECORDS + 1, 1, 0)


def random_columns(seed):
    """Lines with many ties in every column, in any order; documents are hashes of 64 bits."""
    rng = np.random.default_rng(seed)
    customer = rng.permutation(np.repeat(np.arange(len(LINES_OF)), LINES_OF)).astype(np.int32)
    number = len(customer)
    hashes = rng.integers(0, 2**64, 6, dtype=np.uint64, endpoint=False)
    return {
        "customer_no": customer,
        "product_no": rng.integers(0, 3, number).astype(np.int32),
        "document": rng.choice(hashes, number),
        "day": rng.choice([-400, 0, 20_000, 20_001], number).astype(np.int32),
        "quantity_milli": rng.integers(1, 3, number) * 1000,
        "amount_cents": rng.integers(-1, 2, number) * 700,
        "gift": rng.integers(0, 2, number).astype(np.uint8),
    }


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_lines_come_by_customer_day_document_and_product(seed, threads):
    columns = random_columns(seed)
    columns["document"] = columns["document"].astype(np.int64)
    keys = ("customer_no", "day", "document", "product_no", "gift", "quantity_milli")
    order = np.lexsort([columns["amount_cents"], *(columns[name] for name in reversed(keys))])
    given = random_columns(seed)
    parts = [{name: given[name][part] for name in COLUMNS} for part in (slice(90), slice(90, None))]
    found = arrange(parts, len(LINES_OF), threads)
    word = found.records[:, 0]
    brought = {
        "customer_no": np.repeat(np.arange(len(LINES_OF)), np.diff(found.offsets)),
        "product_no": product_of.py_func(word),
        "document": found.records[:, 1],
        "day": day_of.py_func(word),
        "quantity_milli": found.records[:, 2],
        "amount_cents": found.records[:, 3],
        "gift": is_gift.py_func(word),
    }
    assert found.customers == len(LINES_OF)
    for name in COLUMNS:
        assert np.array_equal(brought[name], columns[name][order]), name
