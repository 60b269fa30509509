"""Every warning about an import as a whole: code, sentence, remedy and the rule that finds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.i18n import N_
from core.ingest.import_facts import ImportFacts
from core.ingest.suspicion import (
    Warned,
    find_counted_twice,
    find_empty_columns,
    find_kept_opt_outs,
    find_many_changed,
    find_many_held,
    find_many_opt_outs,
    find_many_rejected,
    find_missing_months,
    find_nothing_new,
    find_old_dates,
    find_one_day,
    find_price_jump,
    find_price_level,
    find_renumbered,
    find_shrunk,
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A code, what it says, what to do about it, and the function that finds it.

    After a grave warning nothing is loaded before a person has looked: what would be written is
    likely wrong. The others speak of what loading leaves as it is.
    """

    code: str
    sentence: str
    remedy: str
    find: Callable[[ImportFacts], list[Warned]]
    is_grave: bool = True


_ALL = (
    Rule(
        code="MANY_OPT_OUTS",
        sentence=N_(
            "The files opt %(leaving)s of your %(customers)s customers out of e-mail, and an"
            " import never takes an opt-out back."
        ),
        remedy=N_("Look at the opt-out column; if it is right, confirm it before loading."),
        find=find_many_opt_outs,
    ),
    Rule(
        code="RENUMBERED",
        sentence=N_(
            "Documents that are loaded already, while only one of the two exports numbers its"
            " lines: %(count)s. Loading this file would count them twice."
        ),
        remedy=N_("Undo the earlier import first, or export with the same columns as before."),
        find=find_renumbered,
    ),
    Rule(
        code="COUNTED_TWICE",
        sentence=N_("Months that were over and nearly double: %(months)s."),
        remedy=N_(
            "Look whether the same sales come under other document numbers; load them if they are"
            " another shop or channel."
        ),
        find=find_counted_twice,
    ),
    Rule(
        code="PRICE_JUMP",
        sentence=N_(
            "%(kind)s: %(count)s of %(known)s known prices or amounts are ten times higher or lower"
            " than before, or more."
        ),
        remedy=N_("Check the decimal sign and the unit of the price; answer it in the mapping."),
        find=find_price_jump,
    ),
    Rule(
        code="PRICE_LEVEL",
        sentence=N_(
            "%(kind)s: the median price is %(now_cents)s, in the files before it was"
            " %(before_cents)s."
        ),
        remedy=N_("Check the decimal sign and the unit of the price; answer it in the mapping."),
        find=find_price_level,
    ),
    Rule(
        code="SHRUNK",
        sentence=N_("%(kind)s: this export has %(now)s, the one before had %(before)s."),
        remedy=N_(
            "Nothing is removed by loading it. Check that the export was not filtered or cut off."
        ),
        find=find_shrunk,
    ),
    Rule(
        code="MISSING_MONTH",
        sentence=N_("Months without any sale: %(months)s."),
        remedy=N_("Check whether an export is missing, and drop it together with these."),
        find=find_missing_months,
        is_grave=False,
    ),
    Rule(
        code="ONE_DAY",
        sentence=N_("All %(rows)s sale lines are dated %(day)s."),
        remedy=N_("Check that the date column is that of the sale, not that of the export."),
        find=find_one_day,
    ),
    Rule(
        code="OLD_DATES",
        sentence=N_("The first date of the file is %(day)s."),
        remedy=N_("Look for dates that were blank, and for years of two digits."),
        find=find_old_dates,
        is_grave=False,
    ),
    Rule(
        code="MANY_REJECTED",
        sentence=N_("Rejected rows: %(count)s of %(rows)s."),
        remedy=N_("The reasons are listed below; one wrong column often explains them all."),
        find=find_many_rejected,
    ),
    Rule(
        code="MANY_HELD",
        sentence=N_("Rows that would wait: %(count)s of %(rows)s."),
        remedy=N_("Drop the products and customers files together with these."),
        find=find_many_held,
        is_grave=False,
    ),
    Rule(
        code="MANY_CHANGED",
        sentence=N_('"%(column)s" changes in %(count)s of %(known)s known rows.'),
        remedy=N_("Look at the examples below: two columns may have been exchanged."),
        find=find_many_changed,
    ),
    Rule(
        code="EMPTY_COLUMN",
        sentence=N_('"%(column)s" was filled before and is blank in every row now.'),
        remedy=N_("Nothing is erased by blank cells. Check the export, or map another column."),
        find=find_empty_columns,
        is_grave=False,
    ),
    Rule(
        code="NOTHING_NEW",
        sentence=N_("Everything in these files is there already."),
        remedy=N_("Nothing has to be loaded. Check that these are the newest exports."),
        find=find_nothing_new,
        is_grave=False,
    ),
    Rule(
        code="OPT_OUTS_KEPT",
        sentence=N_(
            "Opt-outs kept: %(count)s. The files say that these customers may be written to; their"
            " opt-outs stand."
        ),
        remedy=N_("Nothing to do. They are listed below, so that your ERP can be corrected."),
        find=find_kept_opt_outs,
        is_grave=False,
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}


def find_warnings(facts: ImportFacts) -> list[tuple[str, Warned]]:
    """Return the code and content of every warning, in the order of the table."""
    return [(rule.code, warned) for rule in RULES.values() for warned in rule.find(facts)]
