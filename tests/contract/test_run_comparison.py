"""Two runs compared: counts that add up, and causes that are true of each customer."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core.errors import NotAllowed, NotFound, Refused
from core.services import run_basis
from core.services.accounts import SYSTEM, Role
from core.services.cause_questions import answer_causes, answer_of, ask_causes, question_of
from core.services.cause_trial import try_causes
from core.services.comparison_records import KINDS, Cause
from core.services.comparison_report import comparison_data, comparison_lines
from core.services.comparison_words import cause_lines, difference_lines
from core.services.execute_run import create_run, execute
from core.services.export_run import export_file
from core.services.policies import save_policy
from core.services.run_comparison import (
    compare_runs,
    customer_of_comparison,
    customers_of_comparison,
)
from core.store.identity import new_id
from core.store.models import FOUND_BY
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant
from tests.golden.small_tenant import AS_OF, run_small_tenant, store_row, store_small_tenant

LATER = AS_OF + timedelta(days=60)


@pytest.fixture
def small(tenant: TenantStore) -> TenantStore:
    store_small_tenant(tenant)
    return tenant


def run(tenant: TenantStore, as_of: date = AS_OF) -> str:
    run_id = create_run(tenant, SYSTEM, as_of=as_of)
    execute(tenant, run_id)
    return run_id


def publish(tenant: TenantStore, seq: int, *rows: tuple[str, dict[str, Any]]) -> None:
    """Show `rows` from `seq` on, as an import does."""
    with tenant.begin() as tx:
        for table, row in rows:
            store_row(tx, table, seq, row)
        tx.execute("UPDATE tenant_head SET seq = :seq WHERE tenant_id = :tenant", seq=seq)


def sale(customer: str, day: date, key: str = "new") -> tuple[str, dict[str, Any]]:
    return "sale_line", {
        "line_key": key, "document_id": key, "product_key": "RIE23", "customer": customer,
        "quantity_milli": 6000, "amount_cents": 9000, "sale_date": day,
    }  # fmt: skip


def lists_in(tenant: TenantStore, run_id: str) -> dict[str, list[tuple[str, ...]]]:
    content = b"".join(export_file(tenant, run_id, "reco_output.csv")).decode()
    lists: dict[str, list[tuple[str, ...]]] = {}
    for row in csv.DictReader(io.StringIO(content)):
        lists.setdefault(row["customer_code"].lstrip("'"), []).append(
            (row["scenario"], row["product_key"])
        )
    return lists


def why(tenant: TenantStore, before: str, after: str, customer: str) -> str:
    comparison = compare_runs(tenant, before, after)
    found = customer_of_comparison(tenant, before, after, customer)
    return "\n".join(cause_lines(comparison, found, "en"))


def test_the_same_of_everything_changes_nobody(small: TenantStore) -> None:
    before, after = run(small), run(small)
    comparison = compare_runs(small, before, after)
    assert (comparison.causes, comparison.tables) == ((), ())
    assert comparison.counts["unchanged"] == 12
    assert sum(comparison.counts.values()) == 12
    assert customers_of_comparison(small, before, after) == ()
    assert difference_lines(comparison, "en")[0].startswith("The same data, as-of date")


def test_a_policy_alone_is_the_cause(small: TenantStore) -> None:
    before = run(small)
    save_policy(small, SYSTEM, {"top_n": 2, "audit.gate_score": 100})
    after = run(small)
    comparison = compare_runs(small, before, after)
    assert comparison.causes == (Cause.POLICY,)
    assert {c.field for c in comparison.policy_changes} == {"top_n", "audit.gate_score"}
    assert (comparison.older.policy_version, comparison.newer.policy_version) == (0, 1)
    old, new = lists_in(small, before), lists_in(small, after)
    changed = sorted(c for c in {*old, *new} if old.get(c) != new.get(c))
    page = customers_of_comparison(small, before, after, kind="list", limit=50)
    assert [c.customer for c in page] == changed
    assert comparison.counts["list"] == len(changed) > 0
    for found in page:
        shown = [(item.scenario, item.product_key) for item in found.after]
        assert shown == new.get(found.customer, [])
    assert why(small, before, after, changed[0]) == (
        "Policy: Length of a list: 5 → 2; Gate: 80 → 100."
    )


def test_a_date_alone_is_the_cause(small: TenantStore) -> None:
    publish(small, 2, sale("B3", AS_OF + timedelta(days=10)))
    before, after = run(small), run(small, LATER)
    comparison = compare_runs(small, before, after)
    assert comparison.causes == (Cause.DATE,)
    said = why(small, before, after, "B3")
    assert said.startswith("As-of date: 1 March 2025, then 30 April 2025.")
    assert "2 of her sale lines lie between the dates." in said  # one stood there before
    assert "Her state: New, then Active." in said


def test_own_data_are_told_from_those_of_others(small: TenantStore) -> None:
    before = run(small)
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    after = run(small)
    comparison = compare_runs(small, before, after)
    assert comparison.causes == (Cause.DATA,)
    assert comparison.tables == ("sale_lines",)
    assert why(small, before, after, "B3") == "Data: her own differ: 1 sale line."
    for found in customers_of_comparison(small, before, after, limit=50):
        if found.customer != "B3":
            assert not found.own.is_any
            line = "\n".join(cause_lines(comparison, found, "en"))
            assert line.startswith("Data: none of hers differ")


def test_a_changed_record_names_its_fields(small: TenantStore) -> None:
    before = run(small)
    with small.begin() as tx:
        row = tx.row("SELECT * FROM customer WHERE tenant_id = :tenant AND customer = 'B3'")
        assert row is not None
        tx.execute("UPDATE customer SET to_seq = 2 WHERE tenant_id = :tenant AND customer = 'B3'")
    left_out = ("tenant_id", "from_seq", "to_seq", "file_id", *FOUND_BY)
    changed = {name: value for name, value in row.items() if name not in left_out}
    changed |= {"email": None, "email_norm": None}
    newcomer = {"customer": "Z9", "email": "z9@example.fr", "email_norm": "z9@example.fr"}
    publish(small, 2, ("customer", changed), ("customer", newcomer))
    with small.begin() as tx:
        tx.execute("UPDATE customer SET to_seq = 2 WHERE tenant_id = :tenant AND customer = 'a2'")
    after = run(small)
    comparison = compare_runs(small, before, after)
    assert why(small, before, after, "B3") == "Data: her own differ: address."
    assert why(small, before, after, "Z9") == "Data: she is new among the customers."
    assert why(small, before, after, "a2").endswith("not among the customers any more.")
    assert (comparison.counts["only_before"], comparison.counts["only_after"]) == (1, 1)
    for kind, customer in (("only_before", "a2"), ("only_after", "Z9")):
        (found,) = customers_of_comparison(small, before, after, kind=kind)
        assert found.customer == customer
    backwards = compare_runs(small, after, before)
    assert (backwards.counts["only_before"], backwards.counts["only_after"]) == (1, 1)


def test_contacts_and_suppressions_follow_the_address(small: TenantStore) -> None:
    with small.read() as tx:
        address = tx.scalar(
            "SELECT email_norm FROM customer WHERE tenant_id = :tenant AND customer = 'B3'"
        )
    before = run(small)
    contact = {
        "event_key": "x", "email_norm": address, "contact_date": AS_OF, "status": "sent",
        "channel": "email",
    }  # fmt: skip
    publish(small, 2, ("contact_history", contact))
    with small.begin() as tx:
        tx.execute(
            "INSERT INTO suppression (tenant_id, suppression_id, email_norm, reason, source, since)"
            " VALUES (:tenant, 's', :address, 'unsubscribe', 'link', :day)",
            address=address,
            day=small.store.now().date(),
        )
    after = run(small)
    assert compare_runs(small, before, after).tables == ("contacts", "suppressions")
    assert why(small, before, after, "B3") == "Data: her own differ: 1 contact, 1 suppression."


def test_several_causes_are_said_to_be_undecided(
    small: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run(small)
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    save_policy(small, SYSTEM, {"top_n": 2})
    monkeypatch.setattr(run_basis, "code_digest", lambda: "0" * 64)
    after = run(small, LATER)
    comparison = compare_runs(small, before, after)
    assert comparison.causes == tuple(Cause)
    lines = why(small, before, after, "B3").splitlines()
    assert lines[0].startswith("Several things differ")
    assert [line.split(":")[0] for line in lines[1:]] == ["Data", "As-of date", "Policy", "Program"]
    assert "(00000000)" in lines[-1]


def test_after_an_undo_it_is_said_that_nobody_knows(small: TenantStore) -> None:
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    before = run(small)
    publish(small, 1)
    with small.begin() as tx:
        tx.execute("DELETE FROM sale_line WHERE tenant_id = :tenant AND from_seq = 2")
    after = run(small)
    assert why(small, before, after, "B3").endswith("whether hers do is not known any more.")


def test_counts_and_pages_agree_for_every_kind(small: TenantStore) -> None:
    before = run(small)
    save_policy(small, SYSTEM, {"top_n": 3, "audit.silence_window_days": 0})
    after = run(small, LATER)
    counts = compare_runs(small, before, after).counts
    for kind in KINDS:
        whole = [
            c.customer for c in customers_of_comparison(small, before, after, kind=kind, limit=99)
        ]
        assert len(whole) == counts[kind]
        assert whole == sorted(whole, key=str.encode)
        pages = [
            c.customer
            for offset in range(0, len(whole), 5)
            for c in customers_of_comparison(
                small, before, after, kind=kind, limit=5, offset=offset
            )
        ]
        assert pages == whole
    assert counts["changed"] + counts["unchanged"] == 12


def test_a_report_says_it_in_both_languages(small: TenantStore) -> None:
    before = run(small)
    save_policy(small, SYSTEM, {"top_n": 2})
    after = run(small)
    comparison = compare_runs(small, before, after)
    page = customers_of_comparison(small, before, after)
    english, french = (comparison_lines(comparison, page, lang) for lang in ("en", "fr"))
    assert english != french
    assert "Policy: Length of a list: 5 → 2." in english
    data = comparison_data(comparison, page, "en")
    assert data["counts"]["changed"] == len(data["customers"])


@pytest.mark.parametrize("read", [compare_runs, customers_of_comparison])
def test_what_cannot_be_compared_is_refused(
    small: TenantStore, read: Callable[..., object]
) -> None:
    before, waiting = run(small), create_run(small, SYSTEM, as_of=AS_OF)
    with pytest.raises(Refused):
        read(small, before, before)
    with pytest.raises(NotFound):
        read(small, before, waiting)
    with pytest.raises(NotFound):
        read(new_tenant(small.store), before, before)


def test_runs_of_earlier_versions_are_refused_in_words(small: TenantStore) -> None:
    before, after = run_small_tenant(small), run_small_tenant(small)
    with small.begin() as tx:
        tx.execute(
            "UPDATE run SET basis_json = NULL WHERE tenant_id = :tenant AND run_id = :run_id",
            run_id=before,
        )
    with pytest.raises(Refused, match="Launch it again"):
        compare_runs(small, before, after)
    with pytest.raises(NotFound):
        customer_of_comparison(small, before, after, "nobody")
    with pytest.raises(Refused, match="kind"):
        customers_of_comparison(small, before, after, kind="colour")


def test_trials_tell_several_causes_apart(small: TenantStore) -> None:
    before = run(small)
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    save_policy(small, SYSTEM, {"audit.gate_score": 79})
    after = run(small)
    assert len(compare_runs(small, before, after).causes) == 2
    trials = try_causes(small, before, after, "B3")
    assert (trials.whole, trials.nothing) == ((Cause.DATA,), (Cause.POLICY,))
    assert trials.is_like
    assert trials.lines("en") == [
        "The data alone: makes the whole change.",
        "The policy alone: changes nothing.",
    ]
    with pytest.raises(NotFound):
        try_causes(small, before, after, "nobody")


def test_a_trial_on_older_data_knows_no_later_opt_out(small: TenantStore) -> None:
    before = run(small)
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    import_id = new_id()
    with small.begin() as tx:
        tx.execute(
            "INSERT INTO imports"
            " (tenant_id, import_id, status, seq, as_of, created_at, created_by, loaded_at)"
            " VALUES (:tenant, :import_id, 'loaded', 2, :day, :now, 'anne', :now)",
            import_id=import_id,
            day=AS_OF,
            now=small.store.now(),
        )
        tx.execute(
            "INSERT INTO suppression"
            " (tenant_id, suppression_id, customer, reason, source, since, import_id)"
            " VALUES (:tenant, 's', 'B3', 'opt_out', 'import', :day, :import_id)",
            day=AS_OF,
            import_id=import_id,
        )
    save_policy(small, SYSTEM, {"audit.gate_score": 79})
    after = run(small)
    found = customer_of_comparison(small, before, after, "B3")
    assert found.reason_before != found.reason_after == "OPTOUT_OR_BOUNCE"
    trials = try_causes(small, before, after, "B3")
    assert (trials.whole, trials.nothing) == ((Cause.DATA,), (Cause.POLICY,))
    assert trials.is_like


def test_trials_need_the_data_of_both_runs(small: TenantStore) -> None:
    publish(small, 2, sale("B3", AS_OF - timedelta(days=1)))
    before = run(small)
    publish(small, 1)
    after = run(small)
    with pytest.raises(Refused, match="gone"):
        try_causes(small, before, after, "B3")


def test_a_trial_of_the_whole_change_is_the_newer_run(small: TenantStore) -> None:
    before, after = run(small), run(small, LATER)
    for found in customers_of_comparison(small, before, after)[:3]:
        trials = try_causes(small, before, after, found.customer)
        assert (trials.whole, trials.part, trials.nothing) == ((Cause.DATE,), (), ())


def test_a_question_is_answered_once_and_is_ones_own(small: TenantStore) -> None:
    before, after = run(small), run(small, LATER)
    asked = (before, after, "B3")
    assert question_of(small, SYSTEM, *asked) is None
    trial_id = ask_causes(small, SYSTEM, *asked)
    assert ask_causes(small, SYSTEM, *asked) == question_of(small, SYSTEM, *asked) == trial_id
    assert answer_of(small, trial_id) is None
    answer_causes(small, trial_id)
    assert answer_of(small, trial_id) == try_causes(small, *asked)
    other = new_tenant(small.store)
    for read in (answer_of, answer_causes):
        with pytest.raises(NotFound):
            read(other, trial_id)
    ask_causes(small, SYSTEM, before, after, "A1")  # takes the place of the first
    with pytest.raises(NotFound):
        answer_of(small, trial_id)
    with pytest.raises(NotAllowed):
        ask_causes(small, replace(SYSTEM, role=Role.VIEWER), *asked)
