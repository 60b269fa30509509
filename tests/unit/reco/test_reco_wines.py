"""Which names are one wine in several formats, and which are two wines."""

import numpy as np
import pytest

from core.reco.wines import bare_name, wines_of


def wines(*names: str) -> list[int]:
    same = np.zeros(len(names), np.int32)
    return wines_of(names, [0] * len(names), same, same).tolist()


@pytest.mark.parametrize(
    "names",
    [
        ("Crémant lot 1", "Crémant lot 2"),
        ("Crémant lot 1 75cl", "Crémant lot 2 75cl"),
        ("Crémant Lot 3 x6", "Crémant Lot 4 x6"),
        ("Riesling cuvée 1", "Riesling cuvée 2"),
        ("Riesling cuvée 1 bouteille", "Riesling cuvée 2 bouteille"),
        ("Riesling cuvée n°6 bouteille 75 cl", "Riesling cuvée n°7 bouteille 75 cl"),
        ("Brut No. 6 bottle", "Brut No. 7 bottle"),
        ("Pinot cuvée 6 carton de 6", "Pinot cuvée 12 carton de 6"),
        ("Pinot cuvée 3 x 6", "Pinot cuvée 4 x 6"),
    ],
)
def test_a_number_of_lot_or_cuvee_tells_wines_apart(names: tuple[str, str]) -> None:
    assert wines(*names) == [0, 1]


@pytest.mark.parametrize(
    "names",
    [
        ("Crémant", "Crémant 75cl", "Crémant 150 cl", "Crémant Magnum", "Crémant carton de 6"),
        ("Crémant", "Crémant lot de 6", "Crémant lot x 6", "Crémant lot 6 bouteilles"),
        ("Crémant", "Crémant lot 6 x 75 cl", "Crémant, lot de 6 x 75 cl", "Crémant lot"),
        ("Crémant", "Crémant carton 6", "Crémant 6 bouteilles", "Crémant 6x", "Crémant x6"),
        ("Grande Cuvée", "Grande Cuvée 75 cl", "Grande Cuvée 1,5 L", "Grande Cuvée 6 x 75 cl"),
        ("Grande Cuvée", "Grande Cuvée 6 bouteilles", "Grande Cuvée 6x", "Grande Cuvée magnum"),
        ("Cuvée 3", "Cuvée 3 75cl", "Cuvée 3 Magnum", "Cuvée 3 carton de 6", "Cuvée 3 - 6 x 75 cl"),
        ("Crémant lot 3", "Crémant lot 3 150 cl", "Crémant lot 3, carton de 6 x 75cl"),
        ("Brut n° 7", "Brut n°7 Magnum (1,5 L)", "Brut N° 7 demi-bouteille"),
    ],
)
def test_formats_of_a_wine_are_one(names: tuple[str, ...]) -> None:
    assert wines(*names) == [0] * len(names)


def test_families_and_grapes_tell_equal_names_apart() -> None:
    numbers = np.arange(2, dtype=np.int32)
    same = np.zeros(2, np.int32)
    assert wines_of(["Cuvée 3"] * 2, [0, 0], numbers, same).tolist() == [0, 1]
    assert wines_of(["Cuvée 3"] * 2, [0, 0], same, numbers).tolist() == [0, 1]


def test_a_name_of_nothing_but_a_format_is_its_own() -> None:
    assert bare_name("Magnum 1,5 L") == ""
    assert wines("Magnum", "Magnum") == [0, 1]
