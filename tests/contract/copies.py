"""Companies that begin with imports: these are worked once in each database, then copied.

Most tests of imports begin with the same few files. Working them takes a second, copying what
came of it a few hundredths.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    NullPool,
    create_engine,
    func,
    literal,
    select,
)

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.store.engine import normalise_url
from core.store.models import FOUND_BY, data_metadata
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant

AS_OF = date(2026, 10, 31)
_WORKED: dict[tuple[str, str], TenantStore] = {}


def begin_with(tenant: TenantStore, *imports: Mapping[str, str]) -> TenantStore:
    """Give a company without any rows what these imports (name to content), in order, lead to."""
    key = (tenant.store.settings.database_url, json.dumps(imports))
    if key not in _WORKED:
        _WORKED[key] = _worked(tenant, imports)
    _copy(_WORKED[key], tenant)
    return tenant


def _worked(tenant: TenantStore, imports: tuple[Mapping[str, str], ...]) -> TenantStore:
    company = new_tenant(tenant.store)
    if len(imports) > 1:
        begin_with(company, *imports[:-1])
    files = imports[-1]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        import_paths(company, SYSTEM, paths, as_of=AS_OF, confirm_opt_outs=True)
    return company


def _copy(source: TenantStore, target: TenantStore) -> None:
    with _engine(source.store.settings.database_url).begin() as connection:
        for table in data_metadata.sorted_tables:
            columns = [column for column in table.columns if column.name not in FOUND_BY]
            cells = [_copied(column, source, target) for column in columns]
            rows = select(*cells).where(table.c.tenant_id == source.tenant_id)
            connection.execute(
                table.insert().from_select([column.name for column in columns], rows)
            )
    shutil.copytree(source.folder, target.folder)
    for report in target.folder.glob("runs/*/report.json"):
        report.write_text(report.read_text().replace(source.tenant.key, target.tenant.key))


@lru_cache
def _engine(database_url: str) -> Engine:
    """Return an engine that keeps its compiled statements, which take longest, and nothing open."""
    return create_engine(normalise_url(database_url), poolclass=NullPool)


def _copied(
    column: Column[object], source: TenantStore, target: TenantStore
) -> ColumnElement[object]:
    """Return the column as copied: for the other company, whose folder stands in its reports."""
    if column.name == "tenant_id":
        return literal(target.tenant_id, column.type)
    if column.name == "report_json":
        return func.replace(column, source.tenant.key, target.tenant.key)
    return column
