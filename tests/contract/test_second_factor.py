"""The second factor: codes of an app and recovery codes, on every database."""

from base64 import b32decode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from core.errors import NotAllowed, Refused
from core.services import accounts, second_factor, users
from core.services.accounts import SYSTEM, Actor, Role
from core.services.second_factor import STEP_SECONDS, code_at, factor_state
from core.services.sign_in import STEP_LIFE, redeem_ticket, session_of, sign_in
from core.services.sign_in_steps import Stage, answer_code, next_step
from core.services.tries import MAX_TRIES
from core.store.identity import new_id
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock

PASSWORD, HERE = "a long enough one", "10.9.8.7"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def cave(store: Store, clock: Clock) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port"))


@pytest.fixture
def anne(cave: TenantStore) -> Actor:
    return accounts.create_user(cave.store, cave.tenant, f"u{new_id()[:8]}", PASSWORD, Role.ANALYST)


def code_now(store: Store, secret: bytes, steps: int = 0) -> str:
    return code_at(secret, int(store.now().timestamp()) // STEP_SECONDS + steps)


def set_up(cave: TenantStore, anne: Actor, clock: Clock) -> tuple[bytes, tuple[str, ...]]:
    """Switch the factor on as the page does; return the secret and the recovery codes."""
    begun = second_factor.begin_second_factor(cave.store, anne, PASSWORD, new_id())
    secret = b32decode(begun.secret)
    code = code_now(cave.store, secret)
    codes = second_factor.confirm_second_factor(cave.store, anne, code, new_id())
    clock.pass_by(timedelta(minutes=2))
    return secret, codes


def begin(cave: TenantStore, anne: Actor) -> str:
    ticket = sign_in(cave.store, anne.username, PASSWORD, new_id())
    assert next_step(cave.store, ticket).stage is Stage.CODE
    return ticket


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    """RFC 6238, appendix B; six digits are the last six of its eight."""
    assert code_at(b"12345678901234567890", moment // STEP_SECONDS) == code[-6:]


def test_a_session_opens_after_the_code_and_the_code_opens_once(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    secret, codes = set_up(cave, anne, clock)
    assert factor_state(cave.store, anne).codes_left == len(set(codes)) == 10
    first, second = begin(cave, anne), begin(cave, anne)
    code = code_now(cave.store, secret)
    with pytest.raises(NotAllowed):
        redeem_ticket(cave.store, first)
    for wrong in ("", "12345", "٣٣٣٣٣٣", code_now(cave.store, secret, 5)):
        with pytest.raises(NotAllowed):
            answer_code(cave.store, first, wrong, new_id())
    answer_code(cave.store, first, f" {code[:3]} {code[3:]}", new_id())
    assert session_of(cave.store, redeem_ticket(cave.store, first)) is not None
    for used in (code, code_now(cave.store, secret, -1)):
        with pytest.raises(NotAllowed):
            answer_code(cave.store, second, used, new_id())
    answer_code(cave.store, second, code_now(cave.store, secret, 1), new_id())


def test_a_recovery_code_opens_once_until_there_are_new_ones(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    _secret, codes = set_up(cave, anne, clock)
    answer_code(cave.store, begin(cave, anne), codes[0].upper().replace("-", " "), new_id())
    assert factor_state(cave.store, anne).codes_left == 9
    renew = second_factor.renew_recovery_codes
    with pytest.raises(NotAllowed):
        renew(cave.store, anne, PASSWORD, codes[0], new_id())  # used
    renewed = renew(cave.store, anne, PASSWORD, codes[1], new_id())
    ticket = begin(cave, anne)
    for gone in codes[1:3]:
        with pytest.raises(NotAllowed):
            answer_code(cave.store, ticket, gone, new_id())
    answer_code(cave.store, ticket, renewed[0], new_id())


def test_guesses_of_codes_and_of_the_present_password_share_the_tries(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    secret, _codes = set_up(cave, anne, clock)
    ticket = begin(cave, anne)
    for _ in range(MAX_TRIES // 2):
        with pytest.raises(NotAllowed):
            answer_code(cave.store, ticket, "000000", HERE)
        with pytest.raises(NotAllowed):
            second_factor.stop_second_factor(cave.store, anne, "guess", "", HERE)
    code = code_now(cave.store, secret)
    with pytest.raises(NotAllowed, match="Too many"):
        answer_code(cave.store, ticket, code, HERE)
    with pytest.raises(NotAllowed, match="Too many"):
        second_factor.stop_second_factor(cave.store, anne, PASSWORD, code, HERE)
    assert factor_state(cave.store, anne).is_on


def test_a_sign_in_without_its_code_expires(cave: TenantStore, anne: Actor, clock: Clock) -> None:
    secret, _codes = set_up(cave, anne, clock)
    ticket = begin(cave, anne)
    clock.pass_by(STEP_LIFE)
    with pytest.raises(NotAllowed):
        answer_code(cave.store, ticket, code_now(cave.store, secret), new_id())


def test_a_factor_is_set_up_by_its_owner_and_asked_for_once_confirmed(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    with pytest.raises(NotAllowed):
        second_factor.begin_second_factor(cave.store, anne, "not hers", new_id())
    with pytest.raises(Refused):
        second_factor.confirm_second_factor(cave.store, anne, "123456", new_id())
    begun = second_factor.begin_second_factor(cave.store, anne, PASSWORD, new_id())
    asked = parse_qs(urlsplit(begun.uri).query)
    assert (asked["secret"], asked["issuer"]) == ([begun.secret], ["ia-crm"])
    assert redeem_ticket(cave.store, sign_in(cave.store, anne.username, PASSWORD, new_id()))
    with pytest.raises(NotAllowed):
        second_factor.confirm_second_factor(cave.store, anne, "000000", new_id())
    secret, _codes = set_up(cave, anne, clock)
    with pytest.raises(Refused):
        second_factor.begin_second_factor(cave.store, anne, PASSWORD, new_id())
    stop, code = second_factor.stop_second_factor, code_now(cave.store, secret)
    for password, given in (("not hers", code), (PASSWORD, "000000"), (PASSWORD, "")):
        with pytest.raises(NotAllowed):
            stop(cave.store, anne, password, given, new_id())
    stop(cave.store, anne, PASSWORD, code, new_id())
    assert factor_state(cave.store, anne) == second_factor.FactorState(is_on=False, codes_left=0)


def test_an_admin_takes_a_lost_factor_away(cave: TenantStore, anne: Actor, clock: Clock) -> None:
    secret, _codes = set_up(cave, anne, clock)
    ticket = begin(cave, anne)
    answer_code(cave.store, ticket, code_now(cave.store, secret), new_id())
    token = redeem_ticket(cave.store, ticket)
    users.reset_second_factor(cave, SYSTEM, anne.user_id)
    assert session_of(cave.store, token) is None
    assert redeem_ticket(cave.store, sign_in(cave.store, anne.username, PASSWORD, new_id()))


def test_the_secret_is_kept_sealed_and_bound_to_its_user(
    cave: TenantStore, anne: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, codes = set_up(cave, anne, clock)
    other = accounts.create_user(
        cave.store, cave.tenant, f"u{new_id()[:8]}", PASSWORD, Role.ANALYST
    )
    set_up(cave, other, clock)
    with cave.store.identity(write=True) as tx:
        kept = str(tx.rows("SELECT * FROM identity.second_factor"))
        kept += str(tx.rows("SELECT * FROM identity.recovery_code"))
        tx.execute(
            """
            UPDATE identity.second_factor
            SET secret_sealed = (
                SELECT secret_sealed FROM identity.second_factor WHERE user_id = :from_
            )
            WHERE user_id = :to
            """,
            from_=anne.user_id,
            to=other.user_id,
        )
    assert not [text for text in (*codes, secret.hex()) if text in kept]
    with pytest.raises(NotAllowed):
        answer_code(cave.store, begin(cave, other), code_now(cave.store, secret), new_id())
    rekeyed = cave.store.settings.model_copy(update={"data_dir": cave.folder})
    monkeypatch.setattr(cave.store, "settings", rekeyed)
    ticket = begin(cave, anne)
    with pytest.raises(NotAllowed):
        answer_code(cave.store, ticket, code_now(cave.store, secret), new_id())
    answer_code(cave.store, ticket, codes[0], new_id())


def test_a_factor_goes_over_to_a_new_secret_with_the_next_code(
    cave: TenantStore, anne: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, present = SecretStr("o" * 32), SecretStr("n" * 32)

    def rotate(secret: SecretStr, previous: SecretStr | None) -> None:
        given = {"token_secret": secret, "token_secret_previous": previous}
        monkeypatch.setattr(cave.store, "settings", cave.store.settings.model_copy(update=given))

    rotate(former, None)
    secret, _codes = set_up(cave, anne, clock)
    for previous in (former, None):
        rotate(present, previous)
        answer_code(cave.store, begin(cave, anne), code_now(cave.store, secret), new_id())
        clock.pass_by(timedelta(minutes=2))
