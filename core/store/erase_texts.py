"""Erasure in texts and JSON documents: codes and addresses are taken out of them."""

import json
from collections import Counter
from typing import Any

from core.store.erase_rows import in_portions
from core.store.models import data_metadata
from core.store.personal_columns import Fate, columns_of, redacted_tables
from core.store.subjects import Subject
from core.store.tenant import TenantStore, Transaction

_AT_ONCE = 50


def erase_texts(store: TenantStore, subject: Subject) -> Counter[str]:
    """Take the subject out of every text that may name it; return the changed rows by table."""
    return Counter({table: _erase_in(store, subject, table) for table in redacted_tables()})


def _erase_in(store: TenantStore, subject: Subject, table: str) -> int:
    keys = [c.name for c in data_metadata.tables[table].primary_key if c.name != "tenant_id"]
    columns = columns_of(table, Fate.REDACTED)
    changed: list[dict[str, Any]] = []
    with store.read() as tx:
        names = ", ".join((*keys, *columns))
        for rows in tx.stream(f"SELECT {names} FROM {table} WHERE tenant_id = :tenant", _AT_ONCE):
            for row in rows:
                known = dict(zip((*keys, *columns), row, strict=True))
                told = {name: _told(subject, name, known[name]) for name in columns}
                if any(told[name] != known[name] for name in columns):
                    changed.append({**{key: known[key] for key in keys}, **_named(told)})
    sets = ", ".join(f"{name} = :new_{name}" for name in columns)
    where = " AND ".join(f"{key} = :{key}" for key in keys)
    sql = f"UPDATE {table} SET {sets} WHERE tenant_id = :tenant AND {where}"

    def write(tx: Transaction, rows: Any) -> None:
        tx.execute_many(sql, rows)

    in_portions(store, changed, write, _AT_ONCE)
    return len(changed)


def _named(told: dict[str, str | None]) -> dict[str, str | None]:
    return {f"new_{name}": text for name, text in told.items()}


def _told(subject: Subject, column: str, text: str | None) -> str | None:
    if not text:
        return text
    is_json = column.endswith("_json")
    is_escaped = is_json and "\\u" in text  # letters that are not ASCII are not to be seen
    if not is_escaped and not subject.needles.are_in(text.encode()):
        return text
    return redacted_json(subject, text) if is_json else subject.removed_from(text)


def redacted_json(subject: Subject, text: str) -> str:
    """Return a JSON document in which no text names the subject; numbers stay as they are."""
    told = json.loads(text)
    changed = redacted(subject, told)
    return text if changed == told else json.dumps(changed, sort_keys=True, ensure_ascii=False)


def redacted(subject: Subject, value: Any) -> Any:
    """Return JSON-ready data in which no text names the subject.

    A text that is a code goes from a list of texts, such as the customers that a release creates.
    """
    if isinstance(value, dict):
        return {
            subject.removed_from(name) if len(name) > 3 else name: redacted(subject, inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        kept = [e for e in value if not (isinstance(e, str) and subject.is_named_by(e))]
        return [redacted(subject, element) for element in kept]
    return subject.removed_from(value) if isinstance(value, str) else value
