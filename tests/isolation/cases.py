"""Every public function of services and store that reaches a database, and how each is called.

A function has a case when its parameters are known to `tests.isolation.given` by name or type, or
when a story of `tests.isolation.stories` enters it. One that has neither fails the suite by its
name; a line in `only.ONLY` is its case.
"""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from core import services, store
from core.store.tenant import Store, TenantStore
from core.store.transaction import Transaction
from tests.isolation.given import TYPES
from tests.isolation.only import ALSO, ONLY

_ACCESS = (Store, TenantStore, Transaction)
_IDENTITY = tuple(
    f"store.{name}."
    for name in (
        "api_tokens",
        "identity",
        "members",
        "schedules",
        "second_factors",
        "sessions",
        "tickets",
        "tries",
        "webhook_secrets",
    )
)


@dataclass(frozen=True)
class Function:
    """A public function by its name below `core`."""

    name: str
    call: Callable[..., Any]

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What it takes."""
        return list(inspect.signature(self.call).parameters.values())

    @property
    def code(self) -> CodeType:
        """Its code, that of the generator below a context manager."""
        return inspect.unwrap(self.call).__code__

    @property
    def reaches_rows(self) -> bool:
        """Whether it is handed a store, a transaction, or a record that holds one."""
        return any(_holds_rows(parameter.annotation) for parameter in self.parameters)

    @property
    def in_transaction(self) -> bool:
        """Whether it works in the transaction of its caller."""
        return any(p.annotation is Transaction for p in self.parameters)

    @property
    def on_identity(self) -> bool:
        """Whether its transaction is one on the identity tables."""
        return self.name.startswith(_IDENTITY)


def _holds_rows(annotation: Any) -> bool:
    if annotation in _ACCESS or annotation in ("Store", "TenantStore", "Transaction"):
        return True
    if not dataclasses.is_dataclass(annotation):
        return False
    hints = (field.type for field in dataclasses.fields(annotation))
    return any(_holds_rows(hint) for hint in hints)


@lru_cache(maxsize=1)
def functions() -> dict[str, Function]:
    """Return every public function of `core.services` and `core.store` by its name."""
    return {found.name: found for package in (services, store) for found in _functions(package)}


def _functions(package: Any) -> Iterator[Function]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" in module.name:
            continue
        place = importlib.import_module(module.name)
        for name, found in vars(place).items():
            is_own = getattr(found, "__module__", None) == module.name
            if inspect.isfunction(found) and is_own and not name.startswith("_"):
                yield Function(f"{module.name.removeprefix('core.')}.{name}", found)


def arguments(
    function: Function, values: Mapping[str, Any], case: str = ""
) -> dict[str, Any] | None:
    """Return what the function is called with beside its store; None when something is unknown.

    `case` names one of `only.ALSO`.
    """
    only = ALSO[case] if case in ALSO else ONLY.get(function.name, {})
    chosen = dict(only(values) if callable(only) else only)
    for parameter in function.parameters:
        name, kind = parameter.name, getattr(parameter.annotation, "__name__", "")
        if name in chosen or parameter.annotation in _ACCESS:
            continue
        if kind in TYPES:
            given = TYPES[kind]
            chosen[name] = given(values) if callable(given) else given
        elif name in values and parameter.default is parameter.empty:
            chosen[name] = values[name]
        elif parameter.default is parameter.empty:
            return None
    return chosen


# What meets other companies by its nature, and why; every other function must not.
MEETS: Mapping[str, str] = {
    "services.accounts.list_tenants": "the worker looks for work of every company",
    "store.schedules.load_due": "the worker looks for what is due in every company",
    "store.identity.load_tenants": "the worker looks for work of every company",
    "services.own_account.own_invitations": "the invited sees who invites, whichever company",
    "store.members.load_invitations_to": "the invited sees who invites, whichever company",
    "services.own_account.own_tenants": "a person who belongs to both may choose between them",
    "services.own_account.own_sessions": "a person sees all the sessions of the own account",
    "store.members.names_of": "a password is held against all her companies, and never shown",
    "store.members.load_tenants_of": "a person who belongs to both may choose between them",
    "store.sessions.load_open_sessions": "a person sees all the sessions of the own account",
    "store.members.belongs_elsewhere": "an account of two companies is in the hands of neither",
    "store.brevo_erasures.others_know": "companies share the contacts of one account at Brevo",
    "store.identity.load_user_ids": "the worker asks whose a name is that somebody tried",
    "services.backup.back_up": "a backup holds every company",
    "services.tenant_erasure.erase_tenant": "who belongs to another company too stays",
    "store.tenant_rows.shut_tenant_out": "who belongs to another company too stays",
    "services.instance_figures.measure_instance": "figures are of the whole instance",
    "services.instance_check.check_instance": "an operator sees what is wrong with any company",
    "store.sessions.revoke_all_sessions": "a restore ends the sessions of everybody",
    "store.sessions.purge_sessions": "what is over by its age is over for everybody",
}
# What Postgres gives in whatever order it finds it.
UNORDERED = frozenset(("store.revived.stream_known",))
