"""Bring the French catalogue in step with the code: `make messages`.

New sentences enter untranslated, for which the tests then ask; what no code says any more leaves.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "core/locales/fr/LC_MESSAGES/messages.po"
PACKAGES = ("api", "core", "etl", "pages", "ui")
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"N_": None, "_": None, "ngettext_": (1, 2), "translate_plural": (2, 3)}

Source = str | tuple[str, str]

_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: ia-crm\\n"
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""


def extract_sources() -> set[Source]:
    """Return every sentence of the code; (one, many) for a plural."""
    found: set[Source] = set()
    for package in PACKAGES:
        for _file, _line, message, *_rest in extract_from_dir(
            ROOT / package, method_map=METHODS, keywords=KEYWORDS
        ):
            found.add(message if isinstance(message, str) else (message[0], message[1]))
    return found - {""}


def read_catalogue() -> Catalog:
    """Return the French catalogue as it stands."""
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="fr")


def update() -> None:
    """Write the catalogue anew, sorted by sentence, with every translation that is still needed."""
    sources = extract_sources()
    said = {part for source in sources for part in _parts(source)}
    kept = {m.id: m.string for m in read_catalogue() if m.id and set(_parts(m.id)) <= said}
    known = {part for source in kept for part in _parts(source)}
    for source in sources:
        if not set(_parts(source)) <= known:
            kept[source] = ""
    catalogue = Catalog(locale="fr", fuzzy=False)
    for source in sorted(kept, key=_parts):
        catalogue.add(source, kept[source])
    with CATALOGUE.open("wb") as stream:
        stream.write(_HEADER.encode())
        write_po(stream, catalogue, omit_header=True, no_location=True, width=100)


def _parts(source: Source) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source)


if __name__ == "__main__":
    update()
