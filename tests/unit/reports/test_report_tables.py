"""Rows of the report that no other test reaches."""

from dataclasses import fields
from datetime import UTC, datetime
from functools import partial

from core.i18n import translate
from core.services.report_tables import decision_rows
from core.services.review_desk import DecisionCard
from core.store.reviews import Decision
from core.store.run_reads import VerdictFilter


def test_every_condition_of_a_filter_is_told() -> None:
    told = VerdictFilter(**{field.name: f"<{field.name}>" for field in fields(VerdictFilter)})
    decision = Decision(
        number=1,
        kind="reject",
        seen_review=0,
        customers_like=told,
        note="",
        decided_at=datetime(2026, 3, 1, tzinfo=UTC),
        decided_by="anna",
    )
    card = DecisionCard(
        decision=decision, product_name=None, replacement_name=None, filtered_name="<product>"
    )
    (row,) = decision_rows([card], "Europe/Paris", "en", partial(translate, "en"))
    assert all(f"<{field.name}>" in row[3] for field in fields(VerdictFilter))
    assert row[5] == "waits to be applied"
