"""The messy sample: bytes, and verdicts checked by reading the files with other means.

What is left when the rejected, held and duplicate rows are taken out and the merged ones are
added up must be the clean sample: that proves the verdicts without any importer.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest

from core.contracts import COLUMNS, FileKind
from samples.isavigne.generate import Sample, build_sample
from samples.messy.french import HEADERS
from samples.messy.generate import FOLDER, YEARS, build_files, build_sheets
from samples.messy.sheet import BUCKETS, Row, Sheet

AS_OF = date(2026, 10, 31)
SALES_FILES = tuple(f"sales_{year}.csv" for year in YEARS)
FILES = ("clients.csv", "products.csv", *SALES_FILES, "contacts.csv")
DEFECTS = {
    "clients.csv": {
        "missing_key",
        "bad_boolean",
        "bad_choice",
        "impossible_date",
        "missing_cells",
        "extra_cells",
        "exact_duplicate",
        "changed_duplicate",
        "header_repeated",
        "missing_email",
        "malformed_email",
    },
    "products.csv": {
        "missing_key",
        "missing_name",
        "bad_number",
        "out_of_range",
        "bad_boolean",
        "missing_cells",
        "extra_cells",
        "exact_duplicate",
        "changed_duplicate",
        "header_repeated",
        "total_line",
    },
    "contacts.csv": {
        "missing_key",
        "missing_value",
        "impossible_date",
        "bad_choice",
        "missing_cells",
        "extra_cells",
        "exact_duplicate",
        "unknown_customer",
        "header_repeated",
    },
}
SALES_DEFECTS = {
    "missing_value",
    "bad_number",
    "impossible_date",
    "future_date",
    "bad_boolean",
    "bad_choice",
    "missing_cells",
    "extra_cells",
    "exact_duplicate",
    "repeated_scan",
    "equal_scan_other_amount",
    "scan_and_duplicate",
    "bad_row_twice",
    "held_row_twice",
    "conflicting_dates",
    "unknown_customer",
    "customer_rejected",
    "unknown_product",
    "product_rejected",
    "unknown_label",
    "return_without_sale",
    "sale_rejected_then_returned",
    "return_of_rejected",
    "return_of_cancelled",
    "return_before_sale",
    "header_repeated",
    "total_line",
}
Record = dict[str, str]


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build_sample()


@pytest.fixture(scope="module")
def sheets(sample: Sample) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in build_sheets(sample)}


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, int], Record]:
    text = (FOLDER / "expected/verdicts.csv").read_text(encoding="utf-8")
    return {(row["file"], int(row["line"])): row for row in csv.DictReader(io.StringIO(text))}


def records_of(name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record of a file with the physical line on which it starts, header first."""
    text = (FOLDER / name).read_bytes().decode("cp1252")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    start = 1
    for record in reader:
        yield start, record
        start = reader.line_num + 1


def kept(name: str, verdicts: dict[tuple[str, int], Record]) -> list[Record]:
    """Return the rows of a file that count: loaded or merged, in order."""
    (_, header), *records = records_of(name)
    return [
        dict(zip(header, record, strict=True))
        for line, record in records
        if verdicts.get((name, line), {"bucket": "loaded"})["bucket"] in {"loaded", "merged"}
    ]


def number(text: str) -> Decimal:
    plain = text.replace("\u00a0", "").replace(" ", "").replace("€", "").replace(",", ".")
    return Decimal(plain)


def cents_of(row: Record) -> int:
    amount = number(row["Montant TTC"] if "Montant TTC" in row else row["Montant HT"])
    with_tax = amount if "Montant TTC" in row else amount * Decimal("1.20")
    return int((with_tax * 100).quantize(Decimal(1), ROUND_HALF_UP))


def day_of(text: str) -> date:
    return datetime.strptime(text[:10].replace("-", "/"), "%d/%m/%Y").date()  # noqa: DTZ007


def test_generator_reproduces_the_committed_bytes(sheets: dict[str, Sheet]) -> None:
    for name, content in build_files(list(sheets.values())).items():
        assert content == (FOLDER / name).read_bytes(), name


@pytest.mark.parametrize("name", FILES)
def test_files_look_like_a_french_export(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert content.endswith(b"\r\n")
    assert content.split(b"\r\n", 1)[0].count(b";") >= 5


@pytest.mark.parametrize("name", FILES)
def test_counts_add_up_and_agree_with_the_verdicts(
    name: str, verdicts: dict[tuple[str, int], Record]
) -> None:
    counts = json.loads((FOLDER / "expected/counts.json").read_text())[name]
    lines = {line for line, _ in list(records_of(name))[1:]}
    listed = Counter(v["bucket"] for (file, _), v in verdicts.items() if file == name)
    assert counts["rows_in"] == len(lines) == sum(counts[bucket] for bucket in BUCKETS)
    assert {line for file, line in verdicts if file == name} <= lines
    for bucket in set(BUCKETS) - {"loaded"}:
        assert counts[bucket] == listed[bucket]


@pytest.mark.parametrize("name", FILES)
def test_every_defect_is_present(name: str, verdicts: dict[tuple[str, int], Record]) -> None:
    assert {v["defect"] for (file, _), v in verdicts.items() if file == name} == DEFECTS.get(
        name, SALES_DEFECTS
    )


def test_a_few_hundred_rows_are_bad(verdicts: dict[tuple[str, int], Record]) -> None:
    bad = [v for v in verdicts.values() if v["bucket"] in {"rejected", "held"}]
    assert 300 <= len(bad) <= 700
    assert all(v["code"] for v in bad)


def test_ragged_rows_are_the_only_ones_of_another_width(
    verdicts: dict[tuple[str, int], Record],
) -> None:
    for name in FILES:
        (_, header), *records = records_of(name)
        for line, record in records:
            code = verdicts.get((name, line), {"code": ""})["code"]
            assert (len(record) < len(header)) == (code == "MISSING_CELLS")
            assert (len(record) > len(header)) == (code == "EXTRA_CELLS")


def test_sales_that_count_are_those_of_the_clean_sample(
    sample: Sample, verdicts: dict[tuple[str, int], Record]
) -> None:
    keys = {article.name: article.product_key for article in sample.catalogue}
    quantities: Counter[tuple[str, ...]] = Counter()
    amounts: Counter[tuple[str, ...]] = Counter()
    for name in SALES_FILES:
        for row in kept(name, verdicts):
            key = row["Référence"] or keys[row["Désignation"]]
            day = day_of(row["Date"]).isoformat()
            line = (row["N° pièce"], key, row["Code client"], day, row["Statut"], row["Cadeau"])
            quantities[line] += int(number(row["Qté"]))
            amounts[line] += cents_of(row)
    words = {"valid": "Validée", "cancelled": "Annulée", "1": "oui", "0": "non"}
    clean = {
        (
            record["document_id"],
            record["product_key"],
            record["client_code"],
            record["sale_date"],
            words[record["document_status"]],
            words[record["is_gift"]],
        ): (int(record["quantity"]), int(record["amount"].replace(".", "")))
        for record in sample.records(FileKind.SALES)
    }
    assert {line: (quantities[line], amounts[line]) for line in quantities} == clean


@pytest.mark.parametrize("kind", [FileKind.CLIENTS, FileKind.PRODUCTS])
def test_cards_that_count_are_those_of_the_clean_sample(
    sample: Sample, verdicts: dict[tuple[str, int], Record], kind: FileKind
) -> None:
    headers = HEADERS[kind]
    code = "client_code" if kind is FileKind.CLIENTS else "product_key"
    last = {row[headers[code]]: row for row in kept(f"{kind.value}.csv", verdicts)}
    clean = {record[code]: record for record in sample.records(kind)}
    assert last.keys() == clean.keys()
    plain = {"email", "postal_code", "name", "phone", "replaces", "vintage"} & headers.keys()
    for key, record in clean.items():
        for name in plain:
            assert last[key][headers[name]].strip() == record.get(name, "")
    if kind is FileKind.CLIENTS:
        out = {key for key, row in last.items() if row["Newsletter"] == "non"}
        assert out == {key for key, record in clean.items() if record["email_opt_out"] == "1"}
    else:
        prices = {key: number(row["Prix TTC"]) for key, row in last.items()}
        assert prices == {key: Decimal(record["price_ttc"]) for key, record in clean.items()}


def test_contacts_that_count_are_those_of_the_clean_sample(
    sample: Sample, verdicts: dict[tuple[str, int], Record]
) -> None:
    left = Counter(
        (row["Code client"], day_of(row["Date"]).isoformat(), row["Campagne"])
        for row in kept("contacts.csv", verdicts)
    )
    clean = Counter(
        (record["client_code"], record["contact_date"], record["campaign"])
        for record in sample.records(FileKind.CONTACTS)
    )
    assert left == clean


def test_held_returns_find_no_earlier_sale(verdicts: dict[tuple[str, int], Record]) -> None:
    sold: dict[tuple[str, str], list[date]] = defaultdict(list)
    for name in SALES_FILES:
        for row in kept(name, verdicts):
            if row["Statut"] == "Validée" and number(row["Qté"]) > 0:
                sold[row["Code client"], row["Référence"]].append(day_of(row["Date"]))
    held = []
    for name in SALES_FILES:
        (_, header), *records = records_of(name)
        for line, record in records:
            if verdicts.get((name, line), {"code": ""})["code"] == "RETURN_WITHOUT_SALE":
                held.append(dict(zip(header, record, strict=True)))
    assert held
    for row in held:
        earlier = sold[row["Code client"], row["Référence"]]
        assert not any(day <= day_of(row["Date"]) for day in earlier)


def test_unknown_codes_are_unknown(sample: Sample, verdicts: dict[tuple[str, int], Record]) -> None:
    known = {
        "UNKNOWN_CUSTOMER": ("Code client", {c.client_code for c in sample.customers}),
        "UNKNOWN_PRODUCT": ("Référence", {a.product_key for a in sample.catalogue}),
        "UNKNOWN_LABEL": ("Désignation", {a.name for a in sample.catalogue}),
    }
    for name in (*SALES_FILES, "contacts.csv"):
        (_, header), *records = records_of(name)
        for line, record in records:
            code = verdicts.get((name, line), {"code": ""})["code"]
            if code in known:
                column, codes = known[code]
                assert record[header.index(column)] not in codes


def test_future_dates_are_after_the_as_of_date_and_no_others(
    verdicts: dict[tuple[str, int], Record],
) -> None:
    for name in SALES_FILES:
        (_, header), *records = records_of(name)
        assert all(day_of(row["Date"]) <= AS_OF for row in kept(name, verdicts))
        future = [
            record[header.index("Date")]
            for line, record in records
            if verdicts.get((name, line), {"code": ""})["code"] == "FUTURE_DATE"
        ]
        assert future
        assert all(day_of(text) > AS_OF for text in future)


def test_one_file_is_before_tax_and_another_orders_its_columns_otherwise() -> None:
    headers = {name: next(records_of(name))[1] for name in SALES_FILES}
    assert "Montant HT" in headers["sales_2024.csv"]
    assert "Montant TTC" not in headers["sales_2024.csv"]
    assert headers["sales_2023.csv"][0] == "Vendeur"


def test_numbers_and_texts_are_typed_as_people_type_them() -> None:
    text = "".join((FOLDER / name).read_bytes().decode("cp1252") for name in FILES)
    for shape in ("1\u00a0", "1 0", " €", '""', ' ; lot ""caveau""\r\nà part"', "37,5"):
        assert shape in text, shape


def test_mapping_names_headers_and_columns_that_exist() -> None:
    files = json.loads((FOLDER / "mapping.json").read_text())["files"]
    for key, mapping in files.items():
        header = next(records_of(key if key.endswith(".csv") else f"{key}.csv"))[1]
        derived = [rule["of"] for rule in mapping.get("derive", {}).values()]
        assert set(mapping["columns"].values()) | set(derived) <= set(header)
        assert set(mapping["columns"]) <= {c.name for c in COLUMNS[FileKind(mapping["kind"])]}


def test_line_numbers_pass_over_cells_of_several_lines() -> None:
    rows = [
        Row(cells={"a": "x\r\ny", "b": "1"}),
        Row(cells={"a": "z"}, cut=1),
        Row(cells={"a": "z", "b": "2"}, extra=("3",)),
    ]
    sheet = Sheet(name="t.csv", header=("a", "b"), rows=rows)
    assert sheet.to_bytes() == b'a;b\r\n"x\r\ny";1\r\nz\r\nz;2;3\r\n'
    assert [line for line, _ in sheet.verdicts()] == [2, 4, 5]
