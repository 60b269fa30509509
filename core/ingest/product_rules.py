"""Which products a mapping names: codes, or regular expressions between slashes."""

from collections.abc import Sequence

import duckdb


def split_rules(rules: Sequence[str]) -> list[list[str]]:
    """Return the plain codes and the regular expressions, without their slashes.

    >>> split_rules(["PORT", "/FRAIS.*/"])
    [['PORT'], ['FRAIS.*']]
    """
    patterns = [r for r in rules if len(r) > 1 and r[0] == r[-1] == "/"]
    return [[r for r in rules if r not in patterns], [p[1:-1] for p in patterns]]


def wrong_rule(rules: Sequence[str]) -> str | None:
    """Return the first regular expression that the database cannot use, with its slashes."""
    patterns = split_rules(rules)[1]
    if not patterns:
        return None
    with duckdb.connect() as con:
        for pattern in patterns:
            try:
                con.execute("SELECT regexp_full_match('', ?)", [pattern])
            except duckdb.Error:
                return f"/{pattern}/"
    return None
