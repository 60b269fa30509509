"""Guessing is slow, and its victim is not locked out: tries are counted by account and by client.

Ten failed tries in fifteen minutes are all that a client gets, and all that an account takes from
clients it was never entered from. A client that it was entered from before has its own ten: who
guesses from elsewhere, without end, does not keep the owner out.

The log has every try, by the beginnings of the hashes of account and client; one that does not pass
has failed.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from core.errors import NotAllowed
from core.i18n import N_
from core.store import tries
from core.store.tenant import Store, Transaction
from core.store.tries import FailureRow

logger = logging.getLogger(__name__)
TRY_WINDOW = timedelta(minutes=15)
MAX_TRIES = 10
_WINDOW_SECONDS = int(TRY_WINDOW.total_seconds())
KNOWN_FOR = timedelta(days=90)
_UNTOLD_FOR = timedelta(days=7)  # when no worker enters failures in the trails
_SITE_BITS = 64  # what one customer of a provider has of IPv6: more addresses than tries

_TOO_MANY = N_("Too many tries. Wait %(minutes)s minutes, then try again.")


@dataclass(frozen=True, kw_only=True)
class Try:
    """A try under way: it counts as failed until it is ended well."""

    attempt_id: str
    username_sha256: str
    client_sha256: str
    failure: FailureRow


def begin_try(store: Store, username: str, client_address: str, *, of_code: bool = False) -> Try:
    """Count a try at the account of a folded name; raise `NotAllowed` when there were too many.

    The name need not be anybody's: what is unknown is counted like what is known. `of_code` tells
    a code of the second factor from a password.
    """
    now = store.now()
    account, client = sha256_of(username), sha256_of(client_of(client_address))
    with store.identity(write=True) as tx:
        tries.lock_tries(tx)
        tries.purge_tries(tx, tries_before=now - TRY_WINDOW, known_before=now - KNOWN_FOR)
        tries.purge_failures(tx, now - _UNTOLD_FOR)
        counted = tries.count_from_client(tx, client, now - TRY_WINDOW)
        if not tries.is_known(tx, account, client):
            counted = max(counted, tries.count_by_strangers(tx, account, now - TRY_WINDOW))
        is_refused = counted >= MAX_TRIES
        failure = _failure(account, now, of_code=of_code, is_refused=is_refused)
        tries.add_failures(tx, failure)
        attempt_id = "" if is_refused else _store_try(tx, account, client, now)
    if is_refused:
        logger.warning("sign-in waits: account %s, client %s", account[:12], client[:12])
        raise NotAllowed(_TOO_MANY, minutes=TRY_WINDOW // timedelta(minutes=1))
    logger.info("sign-in tried: account %s, client %s", account[:12], client[:12])
    return Try(
        attempt_id=attempt_id, username_sha256=account, client_sha256=client, failure=failure
    )


def _store_try(tx: Transaction, account: str, client: str, now: datetime) -> str:
    return tries.store_try(tx, username_sha256=account, client_sha256=client, tried_at=now)


def _failure(account: str, now: datetime, *, of_code: bool, is_refused: bool) -> FailureRow:
    """Return one try as the trail will count it, in the quarter of an hour of `now`."""
    seconds = int(now.timestamp())
    return FailureRow(
        username_sha256=account,
        window_at=datetime.fromtimestamp(seconds - seconds % _WINDOW_SECONDS, UTC),
        passwords=int(not is_refused and not of_code),
        codes=int(not is_refused and of_code),
        refused=int(is_refused),
    )


def end_well(store: Store, attempt: Try, *, enters: bool) -> None:
    """Count a try no more; with `enters` the account is known from this client from now on."""
    with store.identity(write=True) as tx:
        tries.mark_success(tx, attempt.attempt_id)
        tries.add_failures(tx, _taken_back(attempt.failure))
        if enters:
            tries.store_known(tx, attempt.username_sha256, attempt.client_sha256, store.now())
    account, client = attempt.username_sha256[:12], attempt.client_sha256[:12]
    logger.info("sign-in passed: account %s, client %s", account, client)


def _taken_back(failure: FailureRow) -> FailureRow:
    return replace(
        failure,
        passwords=-failure.passwords,
        codes=-failure.codes,
        refused=-failure.refused,
    )


def client_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, the /64 of an IPv6 one.

    >>> client_of("2001:db8:0:1:aaaa::1")
    '2001:db8:0:1::/64'
    >>> client_of("::ffff:192.0.2.7")
    '192.0.2.7'
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, _SITE_BITS), strict=False))


def sha256_of(text: str) -> str:
    """Return what is kept of a name, an address, a ticket or a token."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
