"""What a comparison of runs says in sentences: what differs, and why a customer changed."""

from collections.abc import Mapping

from core.formats import format_date
from core.i18n import N_, translate, translate_plural
from core.policy import STATE_TITLES
from core.services.comparison_records import Cause, CustomerDifference, RunComparison
from core.services.policy_fields import change_line
from core.store.own_changes import OwnChanges

_TABLES: Mapping[str, str] = {
    "customers": N_("customers"),
    "products": N_("catalogue"),
    "sale_lines": N_("sales"),
    "contacts": N_("contacts"),
    "suppressions": N_("suppressed addresses"),
    "sent_items": N_("sent messages"),
}
_FIELDS: Mapping[str, str] = {
    "customer": N_("her record"),
    "email": N_("address"),
    "email_opt_out": N_("opt-out"),
    "consent_source": N_("source of the consent"),
    "consent_date": N_("date of the consent"),
    "language": N_("language"),
    "customer_type": N_("private or trade"),
}
_OTHER_FIELD = N_("%(field)s of her record")


def difference_lines(comparison: RunComparison, language: str) -> list[str]:
    """Return what differs between the runs as a whole, a sentence for each cause."""
    lines = [_difference(comparison, cause, language) for cause in comparison.causes]
    return lines or [
        translate(language, N_("The same data, as-of date, policy and program: the same lists."))
    ]


def cause_lines(
    comparison: RunComparison, customer: CustomerDifference, language: str
) -> list[str]:
    """Return why a customer changed, as far as the runs tell; nothing for one who did not."""
    if not customer.is_changed:
        return []
    if customer.reason_after is None:
        return [translate(language, N_("Data: she is not among the customers any more."))]
    if customer.reason_before is None:
        return [translate(language, N_("Data: she is new among the customers."))]
    lines = [_cause(comparison, customer, cause, language) for cause in comparison.causes]
    if len(lines) > 1:
        said = N_("Several things differ; the runs do not tell which of them decided:")
        return [translate(language, said), *lines]
    return lines or [translate(language, N_("Nothing that the runs keep differs."))]


def _difference(comparison: RunComparison, cause: Cause, language: str) -> str:
    if cause is Cause.DATA:
        tables = ", ".join(translate(language, _TABLES[table]) for table in comparison.tables)
        return translate(language, N_("Data: these differ: %(tables)s."), tables=tables)
    if cause is Cause.DATE:
        return translate(
            language, N_("As-of date: %(before)s, then %(after)s."),
            before=format_date(comparison.older.as_of, language),
            after=format_date(comparison.newer.as_of, language),
        )  # fmt: skip
    if cause is Cause.POLICY:
        return translate(
            language, N_("Policy: %(changes)s."), changes=_policy_changes(comparison, language)
        )
    before, after = comparison.code
    return translate(
        language, N_("Program: %(before)s, then %(after)s."), before=before, after=after
    )


def _cause(
    comparison: RunComparison, customer: CustomerDifference, cause: Cause, language: str
) -> str:
    if cause is Cause.DATA:
        return _data_cause(customer, language)
    if cause is Cause.DATE:
        return " ".join(
            [_difference(comparison, cause, language), *_date_evidence(customer, language)]
        )
    return _difference(comparison, cause, language)


def _data_cause(customer: CustomerDifference, language: str) -> str:
    if not customer.is_own_known:
        said = N_("Data: they differ; whether hers do is not known any more.")
        return translate(language, said)
    parts = _own_parts(customer.own, language)
    if not parts:
        said = N_(
            "Data: none of hers differ, those of others do: the catalogue, other customers, or"
            " what they bought."
        )
        return translate(language, said)
    said = N_("Data: her own differ: %(parts)s.")
    return translate(language, said, parts=", ".join(parts))


def _own_parts(own: OwnChanges, language: str) -> list[str]:
    lines, contacts, messages = own.lines, own.contacts, own.messages
    counted = [
        (lines, translate_plural(language, "%(count)s sale line", "%(count)s sale lines", lines)),
        (
            contacts,
            translate_plural(language, "%(count)s contact", "%(count)s contacts", contacts),
        ),
        (
            own.suppressions,
            translate_plural(
                language, "%(count)s suppression", "%(count)s suppressions", own.suppressions
            ),
        ),
        (
            messages,
            translate_plural(
                language, "%(count)s sent message", "%(count)s sent messages", messages
            ),
        ),
    ]
    fields = [_field(name, language) for name in own.fields if name != "email_norm"]
    return [*(text for count, text in counted if count), *fields]


def _field(name: str, language: str) -> str:
    if name in _FIELDS:
        return translate(language, _FIELDS[name])
    return translate(language, _OTHER_FIELD, field=name)


def _date_evidence(customer: CustomerDifference, language: str) -> list[str]:
    evidence = []
    if customer.own.lines_between:
        evidence.append(
            translate_plural(
                language,
                "%(count)s of her sale lines lies between the dates.",
                "%(count)s of her sale lines lie between the dates.",
                customer.own.lines_between,
                count=customer.own.lines_between,
            )
        )
    before, after = customer.state_before, customer.state_after
    if before != after and before and after:
        evidence.append(
            translate(
                language, N_("Her state: %(before)s, then %(after)s."),
                before=translate(language, STATE_TITLES.get(before, before)),
                after=translate(language, STATE_TITLES.get(after, after)),
            )
        )  # fmt: skip
    return evidence


def _policy_changes(comparison: RunComparison, language: str) -> str:
    return "; ".join(change_line(change, language) for change in comparison.policy_changes)
