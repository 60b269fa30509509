"""E-mail addresses as they are compared: trimmed and without case."""


def normalise_address(address: str) -> str:
    """Return the form in which an address is compared, as DuckDB's `lower` gives it in imports.

    Letter by letter: `str.lower` writes some letters otherwise at the end of a word, or as two.

    >>> normalise_address(" Anne@Example.com ")
    'anne@example.com'
    """
    trimmed = address.strip()
    if trimmed.isascii():
        return trimmed.lower()
    return "".join(letter.lower()[0] for letter in trimmed)
