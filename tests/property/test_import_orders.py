"""Overlapping, correcting and returning files lead to one state in every order of arrival."""

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.settings import Settings
from core.store.dataset import load_dataset
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, TenantStore
from tests.property.import_oracle import Expected, expect
from tests.property.import_traps import CREATED, KNOWN
from tests.property.import_worlds import WorldFile, worlds
from tests.sampling import examples

AS_OF = date(2026, 10, 31)
NOW = datetime(2026, 10, 31, 9, 30, tzinfo=UTC)
TENANT = Tenant(tenant_id=str(uuid.UUID(int=7)), key="orders", name="Domaine Test")
FILES = 5
CREATING = {
    "kind": "sales",
    "create_missing": {"products": {"name": "Designation"}, "customers": {"country": "Origin"}},
}

QUIET = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Bench:
    """An empty migrated database, copied for every order that is tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._empty = self._place("empty")
        migrate(self._settings(self._empty))

    def _place(self, name: str) -> Path:
        place = self._folder / name
        place.mkdir()
        return place

    def _settings(self, place: Path) -> Settings:
        return Settings(database_url=f"sqlite:///{place}/crm.db", data_dir=place / "data")

    def arrive(self, imports: Sequence[Sequence[WorldFile]]) -> tuple[str, Expected]:
        """Import the files in this order; return the dataset's hash and the visible state."""
        place = self._folder / uuid.uuid4().hex
        shutil.copytree(self._empty, place)
        store = Store(self._settings(place), now=lambda: NOW)
        tenant = store.tenant_store(TENANT)
        for files in imports:
            paths = [place / file.name for file in files]
            for path, file in zip(paths, files, strict=True):
                path.write_bytes(file.content)
            mapping = place / "mapping.json"
            creating = {file.name: CREATING for file in files if file.version.creates}
            mapping.write_text(json.dumps({"files": creating}))
            import_paths(
                tenant,
                SYSTEM,
                paths,
                mapping_file=mapping if creating else None,
                as_of=AS_OF,
                confirm_opt_outs=True,
            )
        found = _visible(tenant)
        store.dispose()
        shutil.rmtree(place)
        return found


def _visible(tenant: TenantStore) -> tuple[str, Expected]:
    with tenant.read() as tx, duckdb.connect() as con:
        dataset = load_dataset(tx, con)

        def cells(sql: str) -> frozenset[tuple[object, ...]]:
            return frozenset(con.execute(sql).fetchall())

        return dataset, Expected(
            customers=cells(
                "SELECT customer, email, name, phone, country, email_opt_out FROM customers"
            ),
            products=cells("SELECT product_key, name, price_cents FROM products"),
            lines=cells(
                "SELECT document_id, product_key, customer, quantity_milli // 1000, amount_cents,"
                " CAST(sale_date AS VARCHAR), document_status, channel FROM sale_lines"
            ),
            contacts=cells(
                "SELECT customer, email_norm, CAST(contact_date AS VARCHAR), status FROM contacts"
            ),
            barred_persons=cells(
                "SELECT customer, reason FROM suppressions WHERE customer IS NOT NULL"
            ),
            barred_addresses=cells(
                "SELECT email_norm, reason FROM suppressions WHERE email_norm IS NOT NULL"
            ),
        )


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="orders"))
    yield Bench(folder)
    shutil.rmtree(folder)


def check_order(bench: Bench, imports: Sequence[Sequence[WorldFile]], expected: Expected) -> str:
    arriving = " | ".join(", ".join(file.name for file in files) for files in imports)
    dataset, found = bench.arrive(imports)
    for name in Expected.__dataclass_fields__:
        there, wanted = getattr(found, name), getattr(expected, name)
        assert (there - wanted, wanted - there) == (set(), set()), f"{name}: {arriving}"
    return dataset


def told(world: Sequence[WorldFile]) -> str:
    return "\n".join(f"{file.name}\n{file.content.decode()}" for file in world)


@settings(QUIET, max_examples=examples(3, short=2))
@given(world=worlds(FILES), data=st.data())
def test_two_drawn_orders_lead_to_the_expected_state(
    bench: Bench, world: tuple[WorldFile, ...], data: st.DataObject
) -> None:
    check_drawn_orders(bench, world, data, 2)


@pytest.mark.full
@settings(QUIET, max_examples=60)
@given(world=worlds(FILES), data=st.data())
def test_drawn_orders_of_many_worlds_lead_to_the_expected_state(
    bench: Bench, world: tuple[WorldFile, ...], data: st.DataObject
) -> None:
    check_drawn_orders(bench, world, data, 3)


def check_drawn_orders(
    bench: Bench, world: Sequence[WorldFile], data: st.DataObject, count: int
) -> None:
    """Draw orders, some of them with several files in one import."""
    note(told(world))
    expected = expect(file.version for file in world)
    hashes = set()
    for _ in range(count):
        order = data.draw(st.permutations(world))
        cuts = data.draw(st.lists(st.booleans(), min_size=FILES - 1, max_size=FILES - 1))
        hashes.add(check_order(bench, grouped(order, cuts), expected))
    assert len(hashes) == 1


def grouped(order: Sequence[WorldFile], cuts: Sequence[bool]) -> list[list[WorldFile]]:
    imports = [[order[0]]]
    for file, begins in zip(order[1:], cuts, strict=True):
        if begins:
            imports.append([])
        imports[-1].append(file)
    return imports


@pytest.mark.full
@settings(QUIET, max_examples=3, phases=[Phase.explicit, Phase.generate])
@given(world=worlds(FILES))
def test_every_order_of_a_world_leads_to_the_expected_state(
    bench: Bench, world: tuple[WorldFile, ...]
) -> None:
    note(told(world))
    expected = expect(file.version for file in world)
    ways = ([[file] for file in order] for order in permutations(world))
    assert len({check_order(bench, way, expected) for way in ways}) == 1


def test_what_sales_create_is_the_same_in_three_orders(bench: Bench) -> None:
    _, files = KNOWN[CREATED]
    expected = expect(file.version for file in files)
    ways = [[[file] for file in files], [[file] for file in files[::-1]], [files]]
    assert len({check_order(bench, way, expected) for way in ways}) == 1


class TestKnownTraps:
    """Apart from the rest, so that the other worker can take it."""

    @pytest.mark.full
    @pytest.mark.parametrize("name", KNOWN)
    def test_every_order_of_a_known_trap_leads_to_the_expected_state(
        self, bench: Bench, name: str
    ) -> None:
        before, files = KNOWN[name]
        expected = expect(file.version for file in (*before, *files))
        ways = [[*([f] for f in before), *([f] for f in order)] for order in permutations(files)]
        ways.append([[*before, *files]])
        assert len({check_order(bench, way, expected) for way in ways}) == 1
