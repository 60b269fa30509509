"""Where the data lie does not matter to an import, whatever sign the folder's name has."""

import csv
import io
from datetime import date
from pathlib import Path

from core.services.accounts import SYSTEM
from core.services.import_files import load, receive
from core.services.import_paths import import_paths
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store
from tests.contract.conftest import NOW, new_tenant
from tests.contract.test_import_files import FILES, bring, rows, write

AS_OF = date(2026, 10, 31)
SALES = "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
OLDER = SALES + "D9,1,P1,C1,1,9.50,2024-12-01\nD8,1,P1,C1,-1,-9.50,2024-12-02\n"
WRONG = SALES + "D5,1,P1,C1,x,9.50,2026-01-05\n"


def test_imports_under_a_folder_with_an_apostrophe(tmp_path: Path) -> None:
    folder = tmp_path / "l'atelier"
    folder.mkdir()
    settings = Settings(database_url=f"sqlite:///{tmp_path}/crm.db", data_dir=folder / "data")
    migrate(settings)
    store = Store(settings, now=lambda: NOW)
    try:
        tenant = new_tenant(store)
        bring(tenant, folder / "first", FILES)
        planned = write(folder / "planned", {"sales_20250101.csv": OLDER})
        import_paths(tenant, SYSTEM, planned, as_of=AS_OF, only_plan=True)
        bring(tenant, folder / "older", {"sales_20250101.csv": OLDER})
        report = bring(tenant, folder / "wrong", {"sales_20260301.csv": WRONG})
        wrong = str(report["import_id"])
        content = b"".join(rejects_file(tenant, wrong, 1, "en").content).decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(content)))) == 2
        mended = write(folder / "mended", {"mended.csv": content.replace(",x,", ",1,")})
        load(tenant, receive(tenant, SYSTEM, [(mended[0].name, mended[0])]))
        documents = {row[0] for row in rows(tenant, "sale_lines", "document_id")}
        assert documents == {"D1", "D2", "D5", "D8", "D9"}
        undo(tenant, SYSTEM, wrong)
        assert ("D5",) not in rows(tenant, "sale_lines", "document_id")
    finally:
        store.dispose()
