"""Bytes in any chunks are UTF-8 exactly when Python can decode them."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.ingest.utf8_check import is_utf8

letters = st.sampled_from(["a", "é", "€", "𝄞", "\x00", "\uffff"]).map(str.encode)
damage = st.sampled_from(
    [b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x80"]
)


def is_decoded(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=500, deadline=None)
@example(parts=["𝄞".encode()], size=1)
@example(parts=[b"a", "€".encode()[:2]], size=2)
@example(parts=[], size=1)
@given(
    parts=st.lists(st.one_of(letters, letters, letters, damage), max_size=30),
    size=st.integers(1, 9),
)
def test_utf8_is_what_python_decodes(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert is_utf8(chunks) is is_decoded(data)
