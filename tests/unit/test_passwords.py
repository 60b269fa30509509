"""What may not be a password: what is tried first by who knows lists, the trade or the company."""

import pytest

from core.errors import Refused
from core.services.passwords import check_new_password

NAMES = ("anne.b@cave-33", "Château Bel-Air", "cave-33")


@pytest.mark.parametrize(
    "password",
    [
        "1qaz2wsx3edc",  # among the most used as it is
        "P@ssw0rd1234",  # with what is put behind
        "!!123Qwerty!!",  # or around
        "dragondragon",  # or twice
        "Millésime-2026",  # of the trade, with its accent
        "administrator1",
        "ia-crm-ia-crm",
        "chateaubelair",  # the company as a name of a file has it
        "Château Bel-Air 2026",
        "ANNE.B@CAVE-33",
        "anneb-anneb-1",
        "cave33cave33cave33",
        "abcdabcdabcd",
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(Refused, match="first that are tried"):
        check_new_password(password, NAMES)


@pytest.mark.parametrize(
    "password",
    ["dragon under the stairs", "le vin et la pluie", "anne b likes riesling", "7h2k9q4m8x1w"],
)
def test_words_that_stand_beside_others_are_taken(password: str) -> None:
    check_new_password(password, NAMES)
