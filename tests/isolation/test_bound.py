"""What is taken for bound to the tenant without a filter is bound, and nothing else is."""

import pytest

from tests.isolation.bound import why_bound

_KEPT = "EXISTS (SELECT 1 FROM held AS kept WHERE kept.tenant_id = :tenant AND kept.x = who.x)"


@pytest.mark.parametrize(
    ("sql", "is_bound"),
    [
        ("SELECT x FROM who WHERE «who.tenant_id = :tenant»", False),
        # Joined to what is bound, but not as the side that may be missing, nor to a namesake.
        (
            "SELECT x FROM who JOIN held AS kept ON kept.tenant_id = who.tenant_id"
            " WHERE kept.tenant_id = :tenant AND «who.tenant_id = :tenant»",
            True,
        ),
        (
            "SELECT x FROM who LEFT JOIN held AS kept ON kept.tenant_id = who.tenant_id"
            " AND kept.tenant_id = :tenant WHERE «who.tenant_id = :tenant»",
            False,
        ),
        (
            "SELECT x FROM who WHERE who.tenant_id = :tenant AND EXISTS (SELECT 1 FROM held AS"
            f" kept WHERE «kept.tenant_id = :tenant») AND {_KEPT}",
            False,
        ),
        (
            "SELECT x FROM who WHERE who.tenant_id = :tenant UNION"
            " SELECT x FROM who WHERE «who.tenant_id = :tenant»",
            False,
        ),
        (
            "SELECT x FROM who WHERE «who.tenant_id = :tenant» AND NOT EXISTS"
            " (SELECT 1 FROM held WHERE held.tenant_id = who.tenant_id"
            " AND held.tenant_id = :tenant)",
            False,
        ),
        (
            "SELECT x FROM who WHERE «who.tenant_id = :tenant»"
            " AND (who.x = 1 OR who.tenant_id = :tenant)",
            False,
        ),
        # A query that is read is bound within or without.
        (
            "SELECT x FROM (SELECT tenant_id, x FROM who WHERE «tenant_id = :tenant»"
            " GROUP BY tenant_id, x) AS kept WHERE tenant_id = :tenant",
            True,
        ),
        (
            "SELECT x FROM (SELECT tenant_id, min(x) AS x FROM who WHERE «tenant_id = :tenant»"
            ") AS kept WHERE kept.x = 1",
            False,
        ),
        (
            "SELECT x FROM (SELECT * FROM who WHERE tenant_id = :tenant) AS kept"
            " WHERE «tenant_id = :tenant»",
            True,
        ),
        (
            "DELETE FROM who WHERE «tenant_id = :tenant» AND rowid IN (SELECT value FROM :places)",
            True,
        ),
    ],
)
def test_what_is_bound_without_a_filter(sql: str, is_bound: bool) -> None:
    before, lost, after = sql.replace("»", "«").split("«")
    whole, start = before + lost + after, len(before)
    reason = why_bound(whole, start, start + len(lost), f"{before}1 = 1{after}")
    assert bool(reason) == is_bound
