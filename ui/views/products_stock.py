"""Products: stock and offer of several products of a page, saved together as one change."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from core.contracts import FileKind
from core.errors import NotFound, Refused
from core.services.hand_changes import as_seen, change_products
from core.services.hand_rows import Cell, RowChange
from core.services.products import ProductRow
from ui.i18n import _, ngettext_
from ui.session import UiSession
from ui.tables import without_formulas
from ui.views.hand_saved import hand_boundary, start_change

_SEEN = "products_stock_seen"
_NAME_WIDTH = 180  # what can be changed stands beside the name on a phone too
_FIELDS = ("stock_quantity", "is_active")


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The products of a page as they were seen when the editor was opened."""

    place: str
    change_id: str
    rows: tuple[RowChange, ...]


def draw_stock_editor(
    session: UiSession, products: Sequence[ProductRow], place: str, *, is_locked: bool
) -> None:
    """Draw an editor of stock and offer of `products`; `place` names the page of the list.

    It `is_locked` while a change is on its way: what it shows is not what will be there.
    """
    seen = _seen(session, products, place)
    names = {product.product_key: product.name for product in products}
    frame = pd.DataFrame(
        {
            "name": [names.get(row.key, row.key) for row in seen.rows],
            "stock_quantity": pd.array(
                [row.cells["stock_quantity"] for row in seen.rows], dtype="Int64"
            ),
            "is_active": [row.cells["is_active"] is not False for row in seen.rows],
            "key": [row.key for row in seen.rows],
        }
    )
    key = f"products_stock_{seen.change_id}"
    st.data_editor(
        without_formulas(frame, {}),
        hide_index=True,
        disabled=is_locked or ["name", "key"],
        column_config={
            "name": st.column_config.TextColumn(_("Product"), width=_NAME_WIDTH),
            "key": st.column_config.TextColumn(_("Code"), width=_NAME_WIDTH),
            "stock_quantity": st.column_config.NumberColumn(_("Stock"), min_value=0, step=1),
            "is_active": st.column_config.CheckboxColumn(_("On sale")),
        },
        height="content",
        key=key,
        alt=_("Stock and offer of the products of this page"),
    )
    edited = st.session_state.get(key) or {}
    _draw_saving(session, seen, changed_rows(seen.rows, edited.get("edited_rows", {})))


def changed_rows(
    rows: Sequence[RowChange], edited: Mapping[int, Mapping[str, Cell]]
) -> list[RowChange]:
    """Return the rows that an editor changed, with the changed cells.

    What no file has said of the offer counts as yes: a yes is no change of it.
    """
    changed = []
    for place, told in sorted(edited.items()):
        row = rows[int(place)]
        cells = {name: told[name] for name in _FIELDS if name in told}
        if cells.get("is_active") is True and row.cells["is_active"] is None:
            del cells["is_active"]
        cells = {name: cell for name, cell in cells.items() if cell != row.cells[name]}
        if cells:
            changed.append(replace(row, cells=cells))
    return changed


def _seen(session: UiSession, products: Sequence[ProductRow], place: str) -> _Seen:
    kept: _Seen | None = st.session_state.get(_SEEN)
    if kept is None or kept.place != place:
        keys = [product.product_key for product in products]
        kept = _Seen(place=place, change_id=str(uuid.uuid4()), rows=_rows_of(session, keys))
        st.session_state[_SEEN] = kept
    return kept


def _rows_of(session: UiSession, keys: Sequence[str]) -> tuple[RowChange, ...]:
    found = as_seen(session.store, FileKind.PRODUCTS, keys)
    return tuple(found[key] for key in keys if key in found)


def _draw_saving(session: UiSession, seen: _Seen, changes: Sequence[RowChange]) -> None:
    st.caption(
        _(
            "The next file of products that is exported after this and names a product replaces"
            " what is said here."
        )
    )
    label = ngettext_("Save %(count)s product", "Save %(count)s products", len(changes))
    if st.button(label, type="primary", disabled=not changes, key="products_stock_save"):
        with hand_boundary():
            import_id = _save(session, seen, changes)
            forget_seen()
            start_change(session, import_id)


def _save(session: UiSession, seen: _Seen, changes: Sequence[RowChange]) -> str:
    try:
        return change_products(session.store, session.actor, changes, change_id=seen.change_id)
    except (Refused, NotFound):
        if _rows_of(session, [row.key for row in seen.rows]) != seen.rows:
            forget_seen()  # overtaken: what is there now is what can be changed next
        raise


def forget_seen() -> None:
    """Look anew at what is there when the editor is opened again."""
    st.session_state.pop(_SEEN, None)
