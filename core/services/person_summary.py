"""What is known of a person, in figures, and her consent: what a page shows before an export."""

from dataclasses import dataclass

from core.services.accounts import Actor, Role, require
from core.services.erasure import FoundPerson
from core.store.person_rows import ConsentVersion, count_rows_of, load_consent
from core.store.tenant import TenantStore


@dataclass(frozen=True, kw_only=True)
class PersonSummary:
    """How many rows of the main tables name a person; `consent` by version, the newest first."""

    versions: int
    sale_lines: int
    contacts: int
    recommendations: int
    consent: tuple[ConsentVersion, ...]


def person_summary(store: TenantStore, actor: Actor, found: FoundPerson) -> PersonSummary:
    """Return the figures of who was found; raise `NotAllowed` for a viewer."""
    require(actor, Role.ANALYST)
    with store.read() as tx:
        return PersonSummary(
            versions=count_rows_of(tx, "customer", found.subject),
            sale_lines=count_rows_of(tx, "sale_line", found.subject),
            contacts=count_rows_of(tx, "contact_history", found.subject),
            recommendations=count_rows_of(tx, "reco_output", found.subject),
            consent=tuple(load_consent(tx, found.subject)),
        )
