from core.store.tenant import Store


def test_one_database_sorts_text_the_french_way(every_store: dict[str, Store]) -> None:
    sql = "SELECT x FROM (VALUES ('B'), ('a'), ('é'), ('f')) AS v (x) ORDER BY x"
    found = {}
    for kind in ("postgres", "french"):
        with every_store[kind].identity() as tx:
            found[kind] = [row["x"] for row in tx.rows(sql)]
    assert found["french"] == ["a", "B", "é", "f"] != found["postgres"]
