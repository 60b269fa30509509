from datetime import date, timedelta

import pytest

from core.reco.profiles import HALF_LIFE_DAYS, Taste, profile

AS_OF = date(2026, 3, 14)


def bought(cents, ago=0, document=None, product="P", aroma=None, **traits):
    return Taste(
        day=AS_OF - timedelta(days=ago),
        document=document or f"D{ago}",
        product=product,
        amount_cents=cents,
        traits=traits,
        aroma=aroma or {},
    )


def of(purchases, trait):
    return [(one.value, one.share) for one in profile(purchases, AS_OF) if one.trait == trait]


def test_shares_weigh_amount_and_recency():
    purchases = [
        bought(1000, family="Rouge", grape="Syrah"),
        bought(2000, ago=HALF_LIFE_DAYS, family="Blanc", grape="Riesling"),
        bought(2000, family="Blanc", grape=None),
    ]
    assert of(purchases, "family") == [("Blanc", 0.75), ("Rouge", 0.25)]
    assert of(purchases, "grape") == [("Riesling", 0.5), ("Syrah", 0.5)]


def test_confidence_grows_with_documents_and_with_what_is_known():
    one, two = bought(1000, family="Rouge", sweetness="sec"), bought(1000, ago=1, family="Rouge")
    sure = {(v.trait, n): v.confidence for n in (1, 2) for v in profile([one, two][:n], AS_OF)}
    assert sure["family", 1] == pytest.approx(1 / 3)
    assert sure["family", 2] == pytest.approx(1 / 2)
    assert sure["sweetness", 2] == pytest.approx(1 / 4, rel=1e-2)


def test_two_lines_of_a_document_are_one_proof():
    lines = [bought(500, document="D", family="Rouge"), bought(500, document="D", family="Rouge")]
    [family] = profile(lines, AS_OF)
    assert family.confidence == pytest.approx(1 / 3)


def test_an_aroma_is_the_mean_level_of_what_is_known():
    purchases = [
        bought(3000, aroma={"aroma_fruit": 4.0, "aroma_body": None}),
        bought(1000, aroma={"aroma_fruit": 0.0, "aroma_body": 5.0}),
    ]
    assert of(purchases, "aroma") == [("aroma_body", 5.0), ("aroma_fruit", 3.0)]


def test_what_was_taken_back_or_cost_nothing_says_nothing():
    purchases = [
        bought(500, product="P", family="Rouge"),
        bought(-500, product="P", family="Rouge"),
        bought(0, product="Q", family="Rosé"),
        bought(900, product="R", family="Blanc"),
        bought(-600, product="R", family="Blanc"),
        bought(300, product="S", family="Bulles"),
    ]
    assert of(purchases, "family") == [("Blanc", pytest.approx(0.5)), ("Bulles", 0.5)]
    assert profile(purchases[:3], AS_OF) == ()
