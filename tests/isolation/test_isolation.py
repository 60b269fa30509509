"""Nothing of one company shows in what another is given, and each filter by tenant is needed.

Every public function of `core.services` and `core.store` that reaches rows is called for `alpha`
in two worlds: alone in the database, and beside `beta`, which has canaries in every table under the
same ids, addresses, files and product keys. What the case gives, raises, leaves in tables and files
must be the same in both; nothing of `beta` may stand in it, in a log or in what any public function
gave on the way; and the rows of `beta` stay as they were.

A new function needs nothing when its parameters are known to `given` by name or type, and else one
line in `only.ONLY`, or a story that enters it. A statement whose rows one call cannot meet, or does
not make, has a line in `only.ALSO`.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import bcrypt
import pytest
from pydantic import SecretStr

from core.services import prepare_campaign
from core.store import identity, paces, run_rows
from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.tenant import Store
from tests.conftest import SAMPLE_SEED
from tests.contract.campaign_data import NOW
from tests.contract.conftest import MakeStore
from tests.contract.live_data import LIVE_SETTINGS, Clock
from tests.isolation import filters
from tests.isolation.canaries import canaries
from tests.isolation.cases import MEETS, functions
from tests.isolation.given import known_values
from tests.isolation.rows import insert_rows, read_rows
from tests.isolation.runs import Case, Outcome, cases, digest_of
from tests.isolation.seed import fill
from tests.isolation.users import user_canaries
from tests.isolation.world import ALPHA, BETA, World, make_worlds

# What only one database has to do.
ONLY_ON = {
    "store.bulk.fetch_by_copy": "postgres",
    "store.run_outputs.copy_output": "postgres",
    "store.bulk.fetch_by_chunks": "sqlite",
    "store.sqlite_steps.insert_in_steps": "sqlite",
}
SAMPLED_FILTERS = 12
# Filters whose other conditions no canary meets yet, by what stands around them: which company
# demands a second factor, the last administrator, the day of a file, a person whom a row that waits
# alone names, what a schedule is at work on, and the role of a token by its id.
UNMET = (
    "«tenant.tenant_id = session.tenant_id» LEFT JOIN identity.second_factor",
    "«tenant.tenant_id = membership.tenant_id» WHERE app_user.user_id = :user_id",
    "AND membership.user_id <> :user_id AND membership.role = :role",
    "min(imports.loaded_at)",
    "FROM held_row WHERE «tenant_id = :tenant» AND (row_json",
    "FROM occurrence WHERE «tenant_id = :tenant» AND outcome = 'open'",
    "FROM occurrence WHERE «tenant_id = :tenant» AND schedule_id = :schedule_id AND outcome",
    "WHERE «tenant_id = :tenant» AND occurrence_id = :occurrence_id AND outcome = 'open'",
    "SELECT role FROM identity.api_token WHERE «tenant_id = :tenant_id»",
)
Worlds = dict[str, World]


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Iterator[None]:
    """Let passwords cost little and batches be small: neither has to do with tenants."""
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
        patched.setattr(paces, "_LEAST", 1)
        patched.setattr(run_rows, "_DELETED_CUSTOMERS", 1)
        patched.setattr(bcrypt, "gensalt", lambda *_rounds: salt)
        yield


@pytest.fixture(scope="module")
def seed(make_store: MakeStore) -> tuple[Store, Mapping[str, Any]]:
    """A company that has done everything, on SQLite, and what cases of it are given."""
    store = opened(make_store("sqlite"))
    with store.identity(write=True) as tx:
        identity.store_tenant(tx, ALPHA, NOW)
    told = fill(store.tenant_store(ALPHA))
    values = {**known_values(store.tenant_store(ALPHA)), **told}
    store.dispose()
    return store, values


def opened(store: Store) -> Store:
    """Let a store send, on a clock of its own, to nobody."""
    live: dict[str, object] = {**LIVE_SETTINGS, "brevo_in_flight": 1}
    live |= {name: SecretStr(str(live[name])) for name in ("brevo_api_key", "token_secret")}
    live["brevo_base_url"] = "http://127.0.0.1:9"
    store.settings = store.settings.model_copy(update=live)
    store.now = Clock(NOW)
    return store


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def worlds(
    request: pytest.FixtureRequest,
    make_store: MakeStore,
    seed: tuple[Store, Mapping[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worlds]:
    """Both worlds in one kind of database."""
    filled, values = seed
    made = []
    for is_paired in (False, True):
        made.append(opened(make_store(request.param)))
        _copy(filled, made[-1], values["shared_user"].user_id if is_paired else None)
    worlds = make_worlds(*made, tmp_path_factory.mktemp("saved"))
    for world in worlds.values():
        world.values = values
    yield worlds
    for world in worlds.values():
        world.store.dispose()


def _copy(filled: Store, store: Store, shared_id: str | None) -> None:
    """Give a new store the rows and files of the company that is filled.

    With a shared account it is paired: `beta` comes first in every table, so that what forgets
    the tenant meets its rows before.
    """
    source = World(store=filled, is_paired=False)
    target = World(store=store, is_paired=shared_id is not None)
    made_up: dict[str, Any] = {
        "identity": partial(user_canaries, shared_id=str(shared_id)),
        "data": partial(canaries, ids=_ids(source)),
    }
    for part, metadata in (("identity", identity_metadata), ("data", data_metadata)):
        with source.as_owner(part) as from_, target.as_owner(part) as to:
            for table in metadata.sorted_tables:
                rows = read_rows(from_, table)
                others = made_up[part](table, rows, BETA) if target.is_paired else []
                insert_rows(to, table, [*others, *rows])
    shutil.copytree(filled.settings.data_dir, store.settings.data_dir)


def _ids(filled: World) -> Mapping[str, list[str]]:
    """Return the ids of what other rows belong to, by column."""
    with filled.as_owner() as connection:
        return {
            f"{name.removesuffix('s')}_id": [
                str(row[f"{name.removesuffix('s')}_id"])
                for row in read_rows(connection, data_metadata.tables[name])
            ]
            for name in ("campaign", "run", "imports")
        }


def test_every_table_holds_rows_of_both(worlds: Worlds) -> None:
    mine, other = worlds["paired"].rows_of(ALPHA, BETA)
    assert [name for name in mine if not (mine[name] and other[name])] == []
    for shared in ("person1@example.com", "P1", worlds["paired"].values["sha256"]):
        assert str(shared) in str(mine)
        assert str(shared) in str(other)


@pytest.fixture(scope="module")
def outcomes(worlds: Worlds) -> Mapping[str, tuple[Outcome, Outcome] | str]:
    """What each case came to, alone and paired, or why it could not be run."""
    asked = cases(worlds["paired"].values)
    here = {name: case for name, case in asked.items() if _is_for(name, worlds)}
    return {name: _both(case, worlds) for name, case in here.items()}


def _is_for(name: str, worlds: Worlds) -> bool:
    """Tell whether the database of these worlds has anything to do with a function."""
    kind = "sqlite" if worlds["paired"].is_sqlite else "postgres"
    return ONLY_ON.get(name, kind) == kind


def _both(case: Case, worlds: Worlds) -> tuple[Outcome, Outcome] | str:
    try:
        return case.run(worlds["alone"]), case.run(worlds["paired"])
    except Exception as error:  # noqa: BLE001 - it is told by its name, with the others
        return f"{type(error).__name__}: {error}"


def test_nothing_of_another_company_shows_anywhere(
    worlds: Worlds, outcomes: Mapping[str, tuple[Outcome, Outcome] | str]
) -> None:
    (others,) = worlds["paired"].rows_of(BETA)
    crossed = {name: _crossed(outcome, others) for name, outcome in outcomes.items()}
    assert {name: found for name, found in crossed.items() if found and name not in MEETS} == {}
    assert {name for name in MEETS if not crossed[name]} == set(), "these need no exception"


def _crossed(outcome: tuple[Outcome, Outcome] | str, others: Mapping[str, str]) -> list[str]:
    """Return where a case of `alpha` met rows of `beta`."""
    if isinstance(outcome, str):
        return [outcome]
    alone, paired = outcome
    places = sorted({*alone.told, *paired.told})
    found = [place for place in places if alone.told.get(place) != paired.told.get(place)]
    changed = (
        table for table, digest in paired.others.items() if digest != digest_of(others[table])
    )
    return [*found, *paired.seen, *(f"the other's {name}" for name in changed)]


def test_every_function_that_reaches_rows_has_a_case(
    worlds: Worlds, outcomes: Mapping[str, tuple[Outcome, Outcome] | str]
) -> None:
    entered = {name for pair in outcomes.values() if len(pair) == 2 for name in pair[1].entered}
    missing = {f.name for f in functions().values() if f.reaches_rows} - entered
    assert {name for name in missing if _is_for(name, worlds)} == set()


@pytest.mark.parametrize("worlds", ["sqlite"], indirect=True)
def test_each_filter_by_tenant_is_needed(
    request: pytest.FixtureRequest,
    worlds: Worlds,
    outcomes: Mapping[str, tuple[Outcome, Outcome]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Drop each in turn on SQLite, where nothing else keeps tenants apart."""
    base = {name: pair[1] for name, pair in outcomes.items()}
    trial = filters.Trial(worlds["paired"], cases(worlds["paired"].values), base)
    chosen = trial.mutants()
    known = len(chosen)
    if request.config.option.markexpr == "not full":
        draw = random.Random(f"{os.environ[SAMPLE_SEED]} filters")
        chosen = draw.sample(chosen, SAMPLED_FILTERS)
    verdicts = {mutant: trial.judge(mutant) for mutant in chosen}
    with capsys.disabled():
        print(f"\ntenant filters, {len(chosen)} of {known} dropped in turn:")
        for verdict, number in sorted(Counter(verdicts.values()).items()):
            print(f"  {number} {verdict}")
        wrong = (filters.SURVIVED, filters.CONTRADICTED)
        unmet = [f"{m} {verdict}" for m, verdict in verdicts.items() if verdict.startswith(wrong)]
        print(*(f"  {each}" for each in unmet), sep="\n")
    assert [each for each in unmet if not any(around in each for around in UNMET)] == []
