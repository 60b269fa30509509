"""Tenants, users, signing in and sessions, on every database."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import CrmError, NotAllowed, NotFound, Refused
from core.services import accounts
from core.services.accounts import Actor, Role
from core.services.instance import check_health
from core.services.sign_in import (
    SESSION_IDLE,
    SESSION_LIFE,
    TICKET_LIFE,
    redeem_ticket,
    session_of,
    sign_in,
    sign_out,
)
from core.services.tries import MAX_TRIES, TRY_WINDOW
from core.settings import Settings
from core.store.identity import beat, new_id, worker_alive
from core.store.tenant import Store, Tenant, utc_now
from tests.contract.conftest import Clock

PASSWORD = "a long enough one"
HERE = "10.1.2.3"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def company(store: Store) -> Tenant:
    return accounts.create_tenant(store, f"t{new_id()[:8]}", "Domaine Test")


@pytest.fixture
def user(store: Store, company: Tenant) -> Actor:
    return accounts.create_user(store, company, f"anne-{new_id()[:8]}", PASSWORD, Role.ANALYST)


@pytest.fixture
def from_somewhere() -> str:
    return new_id()


def sentence_of(call: Callable[[], object]) -> str:
    with pytest.raises(NotAllowed) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("", "Name"),
        ("../etc", "Name"),
        ("Upper", "Name"),
        ("-first", "Name"),
        ("a" * 64, "Name"),
        ("a.b", "Name"),
        ("new\n", "Name"),
        ("fine", "  "),
        ("fine", "two\nlines"),
    ],
)
def test_a_tenant_key_that_cannot_name_a_folder_is_refused(
    store: Store, key: str, name: str
) -> None:
    with pytest.raises(Refused):
        accounts.create_tenant(store, key, name)


@pytest.mark.parametrize(
    "options", [{"language": "de"}, {"currency": "ZZQ"}, {"time_zone": "../../etc/passwd"}]
)
def test_a_tenant_setting_that_nothing_knows_is_refused(
    store: Store, options: dict[str, str]
) -> None:
    with pytest.raises(Refused):
        accounts.create_tenant(store, "settings", "Name", **options)


def test_a_tenant_is_found_by_its_key_and_its_key_is_taken_once(
    store: Store, company: Tenant
) -> None:
    assert accounts.tenant_by_key(store, company.key) == company
    assert company in accounts.list_tenants(store)
    with pytest.raises(Refused):
        accounts.create_tenant(store, company.key, "Another")
    with pytest.raises(NotFound):
        accounts.tenant_by_key(store, "nobody")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("", PASSWORD),
        ("two words", PASSWORD),
        ("n" * 65, PASSWORD),
        ("bob", "short"),
        ("bob", " a blank before it"),
        ("bob", "é" * 37),
        ("bob", "a nul byte \x00 inside"),
        ("bob", "a lone surrogate \ud800"),
        ("a-long-name-too", "A-Long-Name-Too"),
    ],
)
def test_a_name_or_password_that_cannot_be_used_is_refused(
    store: Store, company: Tenant, username: str, password: str
) -> None:
    with pytest.raises(Refused):
        accounts.create_user(store, company, username, password, Role.VIEWER)


def test_a_user_name_has_one_spelling(store: Store, company: Tenant, user: Actor) -> None:
    with pytest.raises(Refused):
        accounts.create_user(store, company, f" {user.username.upper()} ", PASSWORD, Role.VIEWER)


@pytest.mark.parametrize(
    ("role", "needed", "is_enough"),
    [
        (Role.VIEWER, Role.VIEWER, True),
        (Role.VIEWER, Role.ANALYST, False),
        (Role.ANALYST, Role.ADMIN, False),
        (Role.ADMIN, Role.ANALYST, True),
    ],
)
def test_each_role_includes_those_before_it(role: Role, needed: Role, is_enough: bool) -> None:
    actor = Actor(user_id="u", username="u", role=role, language="en")
    if is_enough:
        accounts.require(actor, needed)
    else:
        with pytest.raises(NotAllowed):
            accounts.require(actor, needed)


def test_a_right_password_leads_to_a_session_that_sign_out_revokes(
    store: Store, company: Tenant, user: Actor, from_somewhere: str
) -> None:
    token = redeem_ticket(store, sign_in(store, user.username.upper(), PASSWORD, from_somewhere))
    session = session_of(store, token)
    assert session is not None
    assert session.actor.user_id == user.user_id
    assert session.actor.role is Role.ANALYST
    assert session.tenant == company
    sign_out(store, token)
    assert session_of(store, token) is None


def test_what_the_database_keeps_opens_nothing(
    store: Store, user: Actor, from_somewhere: str
) -> None:
    token = redeem_ticket(store, sign_in(store, user.username, PASSWORD, from_somewhere))
    with store.identity() as tx:
        kept = [row["token_sha256"] for row in tx.rows("SELECT * FROM identity.session")]
    assert token not in kept
    assert all(session_of(store, value) is None for value in kept)


def test_a_wrong_password_and_an_unknown_name_get_one_sentence_and_one_check(
    store: Store, user: Actor, from_somewhere: str
) -> None:
    checked = []

    def check(_username: str, password_hash: str, _password: str) -> bool:
        checked.append(password_hash)
        return False

    sentences = {
        sentence_of(lambda name=name: sign_in(store, name, "wrong", from_somewhere, check=check))
        for name in (user.username, "nobody", "")
    }
    assert len(sentences) == 1
    assert len(checked) == 3
    assert {value[:4] for value in checked} == {"$2b$"}


@pytest.mark.parametrize("password", ["", "é" * 37, PASSWORD + "\x00", "\ud800"])
def test_a_password_that_bcrypt_would_cut_or_choke_on_is_only_wrong(
    store: Store, user: Actor, from_somewhere: str, password: str
) -> None:
    with pytest.raises(NotAllowed):
        sign_in(store, user.username, password, from_somewhere, check=lambda *_: True)


@pytest.mark.parametrize("same", ["account", "address"])
def test_the_eleventh_try_waits_and_the_window_ends(
    store: Store, user: Actor, clock: Clock, same: str
) -> None:
    def again(password: str, number: int) -> str:
        name = user.username if same == "account" or password == PASSWORD else f"guess{number}"
        place = HERE if same == "address" else new_id()
        return sign_in(store, name, password, place)

    refusals = [sentence_of(lambda n=n: again("wrong", n)) for n in range(MAX_TRIES)]
    assert len(set(refusals)) == 1
    assert sentence_of(lambda: again(PASSWORD, 0)) not in refusals
    clock.pass_by(TRY_WINDOW)
    assert again(PASSWORD, 0)


def test_tries_that_were_refused_unseen_do_not_lengthen_the_wait(
    store: Store, user: Actor, clock: Clock, from_somewhere: str
) -> None:
    for _ in range(MAX_TRIES):
        sentence_of(lambda: sign_in(store, user.username, "wrong", from_somewhere))
    clock.pass_by(TRY_WINDOW / 2)
    for _ in range(MAX_TRIES):
        sentence_of(lambda: sign_in(store, user.username, "wrong", from_somewhere))
    clock.pass_by(TRY_WINDOW / 2)
    assert sign_in(store, user.username, PASSWORD, from_somewhere)


def test_signing_in_often_is_no_offence(store: Store, user: Actor, from_somewhere: str) -> None:
    tickets = {
        sign_in(store, user.username, PASSWORD, from_somewhere) for _ in range(MAX_TRIES + 2)
    }
    assert len(tickets) == MAX_TRIES + 2


def test_a_ticket_opens_once(store: Store, user: Actor, from_somewhere: str) -> None:
    ticket = sign_in(store, user.username, PASSWORD, from_somewhere)
    redeem_ticket(store, ticket)
    for used in (ticket, "never issued", ""):
        with pytest.raises(NotAllowed):
            redeem_ticket(store, used)


def test_a_ticket_expires(store: Store, user: Actor, clock: Clock, from_somewhere: str) -> None:
    ticket = sign_in(store, user.username, PASSWORD, from_somewhere)
    clock.pass_by(TICKET_LIFE)
    with pytest.raises(NotAllowed):
        redeem_ticket(store, ticket)


def test_an_idle_session_ends(store: Store, user: Actor, clock: Clock, from_somewhere: str) -> None:
    token = redeem_ticket(store, sign_in(store, user.username, PASSWORD, from_somewhere))
    clock.pass_by(SESSION_IDLE - timedelta(minutes=1))
    assert session_of(store, token) is not None
    clock.pass_by(SESSION_IDLE - timedelta(minutes=1))
    assert session_of(store, token) is not None
    clock.pass_by(SESSION_IDLE)
    assert session_of(store, token) is None


def test_a_session_in_use_ends_after_seven_days(
    store: Store, user: Actor, clock: Clock, from_somewhere: str
) -> None:
    token = redeem_ticket(store, sign_in(store, user.username, PASSWORD, from_somewhere))
    hours = 0
    while session_of(store, token) is not None:
        clock.pass_by(timedelta(hours=6))
        hours += 6
    assert timedelta(hours=hours) == SESSION_LIFE


@pytest.mark.parametrize(
    ("enabled", "is_direct", "address", "may"),
    [
        (True, True, "127.0.0.1", True),
        (True, True, "::1", True),
        (False, True, "127.0.0.1", False),
        (True, False, "127.0.0.1", False),
        (True, True, "192.168.1.5", False),
        (True, True, "not an address", False),
    ],
)
def test_the_demo_user_comes_in_from_this_machine_only(
    store: Store,
    company: Tenant,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    enabled: bool,
    is_direct: bool,
    address: str,
    may: bool,
) -> None:
    clock.pass_by(TRY_WINDOW)
    set_demo(store, monkeypatch, enabled)
    name = f"demo-{new_id()[:8]}"
    accounts.create_user(store, company, name, "demo", Role.ADMIN, is_demo=True)
    if may:
        assert sign_in(store, name, "demo", address, is_direct=is_direct)
    else:
        with pytest.raises(CrmError):
            sign_in(store, name, "demo", address, is_direct=is_direct)


def test_a_demo_session_ends_when_demo_data_is_switched_off(
    store: Store, company: Tenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.pass_by(TRY_WINDOW)
    set_demo(store, monkeypatch, True)
    name = f"demo-{new_id()[:8]}"
    accounts.create_user(store, company, name, "demo", Role.ADMIN, is_demo=True)
    token = redeem_ticket(store, sign_in(store, name, "demo", "127.0.0.1", is_direct=True))
    assert session_of(store, token) is not None
    set_demo(store, monkeypatch, False)
    assert session_of(store, token) is None


def set_demo(store: Store, monkeypatch: pytest.MonkeyPatch, enabled: bool) -> None:
    settings = store.settings.model_copy(update={"enable_demo_data": enabled})
    monkeypatch.setattr(store, "settings", settings)


def test_a_chosen_language_is_kept(store: Store, user: Actor, from_somewhere: str) -> None:
    token = redeem_ticket(store, sign_in(store, user.username, PASSWORD, from_somewhere))
    before = session_of(store, token)
    assert before is not None
    assert before.chosen_language is None
    assert before.actor.language == "fr"
    accounts.choose_language(store, user, "en")
    after = session_of(store, token)
    assert after is not None
    assert after.chosen_language == "en"
    with pytest.raises(Refused):
        accounts.choose_language(store, user, "de")


def test_a_worker_is_alive_for_fifteen_seconds_after_its_last_beat(
    store: Store, clock: Clock
) -> None:
    clock.pass_by(timedelta(days=1))
    assert not worker_alive(store)
    beat(store, "one")
    clock.pass_by(timedelta(seconds=10))
    beat(store, "one")
    clock.pass_by(timedelta(seconds=14))
    assert worker_alive(store)
    assert check_health(store).is_ok
    clock.pass_by(timedelta(seconds=1))
    assert not worker_alive(store)
    assert not check_health(store).is_ok
    assert check_health(store).migrations


def test_a_database_without_the_schema_is_not_well(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/empty.db", data_dir=tmp_path)
    empty = Store(settings, utc_now)
    assert not check_health(empty).migrations
    empty.dispose()
