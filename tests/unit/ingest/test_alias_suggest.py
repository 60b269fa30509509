"""Suggestions: the right vintage, the right number, and nothing sure that is not."""

import pytest

from core.ingest.alias_suggest import (
    SURE,
    Catalogue,
    CatalogueProduct,
    find_sure,
    is_article,
    propose_key,
    suggest_products,
)

NAMES = {
    "CRB": "Crémant d'Alsace Brut",
    "CRB-C": "Crémant d'Alsace Brut carton de 6",
    "GEW-22": "Gewurztraminer Tradition 2022",
    "PNB-22": "Pinot Noir Barrique 2022",
    "RIB-21": "Riesling Grand Cru Brand 2021",
    "RIE-19": "Riesling Vieilles Vignes 2019",
    "RIE-21": "Riesling Vieilles Vignes 2021",
    "SYL": "Sylvaner",
}
CATALOGUE = Catalogue([CatalogueProduct(product_key=k, name=n) for k, n in NAMES.items()])


def keys(label: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    return [s.product_key for s in suggest_products([label], catalogue)[0]]


@pytest.mark.parametrize(
    ("label", "first"),
    [
        ("RIESLING VIELLES VIGNES 2021", "RIE-21"),
        ("Riesling VV 2019", "RIE-19"),
        ("2021 Vieilles Vignes, Riesling", "RIE-21"),
        ("Riesl. GC Brand 21", "RIB-21"),
        ("rie 19", "RIE-19"),
        ("Cremant brut", "CRB"),
        ("Crémant d'Alsace brut ctn 6", "CRB-C"),
        ("Pinot N. bq 2022", "PNB-22"),
        ("Gewurz trad.", "GEW-22"),
    ],
)
def test_the_likeliest_product_comes_first(label: str, first: str) -> None:
    assert keys(label)[0] == first


@pytest.mark.parametrize("label", ["Riesling Vieilles Vignes 2020", "Sylvaner VV", "Bouchons", ""])
def test_nothing_is_suggested_where_nothing_fits(label: str) -> None:
    assert not {"RIE-19", "RIE-21"} & set(keys(label)[:1])


def test_two_digits_at_the_end_are_a_vintage_of_the_catalogue() -> None:
    assert set(keys("Riesling 21")) == {"RIB-21", "RIE-21"}


def test_a_vintage_column_dates_a_name_without_one() -> None:
    catalogue = Catalogue(
        [
            CatalogueProduct(product_key=f"R{year}", name="Riesling", vintage=year)
            for year in (2019, 2020, 2021)
        ]
    )
    assert keys("riesling 2021", catalogue) == ["R2021"]
    assert find_sure(["Riesling 2021", "Riesling"], catalogue)[0] is not None
    assert find_sure(["Riesling"], catalogue) == [None]


@pytest.mark.parametrize(
    ("label", "is_sure"),
    [
        ("Riesling Vielles Vignes 2021", True),
        ("Riesling Vieilles Vignes", False),
        ("Crémant d'Alsace Brut carton de 12", False),
        ("Crémant d'Alsace Brut carton 6", True),
        ("Sylvaner 2021", False),
    ],
)
def test_sure_is_what_nobody_need_look_at(label: str, is_sure: bool) -> None:
    assert (find_sure([label], CATALOGUE)[0] is not None) == is_sure


def test_two_products_of_one_name_are_never_sure() -> None:
    twins = Catalogue([CatalogueProduct(product_key=k, name="Muscat 2022") for k in ("B", "A")])
    assert keys("Muscat 2022", twins) == ["A", "B"]
    assert find_sure(["Muscat 2022"], twins) == [None]


def test_both_ways_of_scoring_agree() -> None:
    labels = [name.lower().replace("e", "é", 1) for name in NAMES.values()]
    for label, sure in zip(labels, find_sure(labels, CATALOGUE), strict=True):
        best = suggest_products([label], CATALOGUE)[0]
        if sure is not None:
            assert best[0] == sure
        else:
            assert best[0].score < SURE or best[0].score == best[1].score


def test_without_products_nothing_is_suggested() -> None:
    assert suggest_products(["Riesling"], Catalogue([])) == [()]
    assert find_sure(["Riesling"], Catalogue([])) == [None]


def test_a_proposed_key_is_free_and_plain() -> None:
    taken = frozenset({"CREMANT-BRUT", "CREMANT-BRUT-2"})
    assert propose_key("Crémant  brut!", taken) == "CREMANT-BRUT-3"
    assert propose_key("***", frozenset()) == "PRODUCT"
    assert len(propose_key("x" * 500, frozenset())) <= 40


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Frais de port", False),
        ("REMISE FIDÉLITÉ", False),
        ("Carte cadeau 50 €", False),
        ("Gift card", False),
        ("Coffret cadeau", True),
        ("Porto Tawny", True),
        ("Le Bon Vin", True),
    ],
)
def test_what_reads_like_no_article_is_not_recommended(name: str, expected: bool) -> None:
    assert is_article(name) == expected
