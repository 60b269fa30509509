"""What may be a password, and what is kept of one.

A new one is refused when it is among those that are tried first: the 30,000 most used, a word of
the field, the names of the product, of the person and of her companies, each also with digits and
signs around it or written several times.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import bcrypt

from core.errors import Refused
from core.i18n import N_

MIN_PASSWORD_CHARS = 12
_MAX_PASSWORD_BYTES = 72  # bcrypt reads no further
_MIN_DIFFERENT = 5  # characters
# Of the trade, the product and its roles, without accents: what who knows the company tries.
FIELD_WORDS = frozenset(
    {"admin", "administrateur", "administrator", "analyst", "analyste", "viewer", "lecteur"}
    | {"iacrm", "brevo", "streamlit", "utilisateur", "bienvenue", "welcome", "changeme"}
    | {"bordeaux", "bourgogne", "champagne", "chateau", "domaine", "vignoble", "vigneron"}
    | {"caviste", "cave", "cellar", "cuvee", "millesime", "vendange", "vendanges", "sommelier"}
    | {"vin", "vins", "wine", "wines", "winery", "vineyard", "rouge", "blanc", "rose", "bulles"}
    | {"cabernet", "chardonnay", "merlot", "pinot", "pinotnoir", "sauvignon", "syrah", "riesling"}
    | {"boutique", "client", "clients", "customer", "customers", "commerce", "magasin"}
)
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")

SAME_PASSWORD = N_("This is the password you have now. Choose another.")
_GUESSED = N_(
    "This password is one of the first that are tried: a much used one, a word of the trade or a"
    " name, perhaps with digits around it. Choose a few words that have nothing to do with each"
    " other."
)


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def is_checkable(password: str) -> bool:
    """Tell whether bcrypt can read the whole password."""
    if not password or "\x00" in password:
        return False
    try:
        return len(password.encode()) <= _MAX_PASSWORD_BYTES
    except UnicodeEncodeError:
        return False


def check_new_password(password: str, names: Iterable[str], *, is_demo: bool = False) -> None:
    """Raise `Refused` for a password that may not be taken.

    `names`: of the user, and of the companies she belongs to. A demo user may have a short one.
    """
    if not is_checkable(password) or password != password.strip():
        raise Refused(
            N_("A password has at most 72 bytes and neither begins nor ends with a blank.")
        )
    if is_demo:
        return
    if len(password) < MIN_PASSWORD_CHARS:
        raise Refused(N_("A password has at least %(count)s characters."), count=MIN_PASSWORD_CHARS)
    if is_guessed(password, names):
        raise Refused(_GUESSED)


def is_guessed(password: str, names: Iterable[str]) -> bool:
    """Tell whether a password is among those that are tried first.

    >>> is_guessed("Soleil123456", []), is_guessed("CaveDuPort!2026", ["Cave du Port"])
    (True, True)
    >>> is_guessed("the cellar of my aunt", ["Cave du Port"])
    False
    """
    folded = password.casefold()
    listed = _most_used() | FIELD_WORDS | _spellings(names)
    return len(set(folded)) < _MIN_DIFFERENT or any(
        form in listed for form in _forms(folded) if form
    )


def _spellings(names: Iterable[str]) -> set[str]:
    """Return how names are written together, whole and before an `@`, with their digits or not."""
    whole = {_plain(part) for name in names for part in (name, name.partition("@")[0])}
    return whole | {_AROUND.sub("", name) for name in whole}


def _forms(folded: str) -> Iterator[str]:
    """Yield a password as it is, without what stands around it, and once where it is repeated."""
    plain = _plain(folded)
    for form in (folded, _AROUND.sub("", folded), plain, _AROUND.sub("", plain)):
        yield form
        yield form[: (form + form).find(form, 1)]


def _plain(text: str) -> str:
    """Return the letters and digits of a text, small and without accents."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parted if char.isalnum())


@cache
def _most_used() -> frozenset[str]:
    # Where it is needed: the lists take 30 ms and 10 MB, and few processes take a password.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
