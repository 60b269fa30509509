"""Products: the form that changes one product, creates one, or creates the next vintage of one.

What is open stands in the session until it is saved or dismissed: the row as it was seen, so that a
change that somebody else made meanwhile is noticed, and the id of the import to be, so that a form
sent twice is one change.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from core.contracts import AROMA_FIELDS, PRODUCT_COLUMNS, FileKind
from core.services.hand_changes import as_seen, change_products, create_product
from core.services.hand_rows import Cell, RowChange
from core.services.waiting_rows import propose_product
from ui.i18n import _
from ui.session import UiSession
from ui.views.column_titles import column_title
from ui.views.hand_saved import hand_boundary, start_change
from ui.views.waiting_reads import product_names_of

OPEN_PARAM = "open"  # what an address opens of a product: `edit`, `history` or `labels`
_OPEN = "product_form"
_AROMA_PIXELS = 150
_KEPT = ("family", "sweetness", "grape", "price_cents", *AROMA_FIELDS)  # the next vintage too
_NAMES = {column.field: column.name for column in PRODUCT_COLUMNS}


@dataclass(frozen=True, kw_only=True)
class _Form:
    """An open form: of `product` as it was seen, or of a new one with what is proposed.

    `place` is the product on whose page it was opened, None for the list: who leaves that page by
    the browser leaves the form.
    """

    change_id: str
    place: str | None
    product: RowChange
    proposed: Mapping[str, Cell]

    @property
    def is_new(self) -> bool:
        return self.product.seen is None

    def shown(self, name: str) -> Cell:
        """Return what the form shows of a cell at first."""
        return self.proposed.get(name, self.product.cells.get(name))


def draw_edit_buttons(session: UiSession, product_key: str) -> None:
    """Draw what can be done with a product by hand, for whoever may work."""
    if not session.may_work:
        return
    with st.container(horizontal=True):
        if st.button(_("Edit"), key="product_edit", icon=":material/edit:"):
            _open_edit(session, product_key)
        if st.button(_("A new vintage of this"), key="product_successor"):
            _open_successor(session, product_key)
    if st.query_params.get(OPEN_PARAM) == "edit":
        del st.query_params[OPEN_PARAM]
        _open_edit(session, product_key)
    draw_open_form(session, product_key)


def draw_creation_button(session: UiSession) -> None:
    """Draw the button that opens the form of a new product."""
    if session.may_work and st.button(_("Create a product"), key="product_create"):
        _open(None, RowChange(key="", cells={}, seen=None), {})


def _open_edit(session: UiSession, product_key: str) -> None:
    product = as_seen(session.store, FileKind.PRODUCTS, [product_key])[product_key]
    _open(product_key, product, {})


def _open(place: str | None, product: RowChange, proposed: Mapping[str, Cell]) -> None:
    st.session_state[_OPEN] = _Form(
        change_id=str(uuid.uuid4()), place=place, product=product, proposed=proposed
    )


def _open_successor(session: UiSession, product_key: str) -> None:
    before = as_seen(session.store, FileKind.PRODUCTS, [product_key])[product_key]
    vintage = before.cells["vintage"]
    year = int(vintage) + 1 if vintage is not None else None
    name = str(before.cells["name"] or product_key)
    if vintage is not None:
        name = name.replace(str(vintage), str(year))
    cells: dict[str, Cell] = {field: before.cells[field] for field in _KEPT}
    proposed = {**cells, "name": name, "vintage": year, "replaces": product_key}
    key = propose_product(session.store, name).product_key
    _open(product_key, RowChange(key=key, cells={}, seen=None), proposed)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


def draw_open_form(session: UiSession, place: str | None = None) -> None:
    """Draw the form that was opened on the page of the product `place`, or on the list."""
    form: _Form | None = st.session_state.get(_OPEN)
    if form is None:
        return
    if form.place != place:
        _close()
        return
    title = _("Create a product") if form.is_new else _("Edit this product")

    @st.dialog(title, width="medium", on_dismiss=_close)
    def dialog() -> None:
        with hand_boundary():
            _draw_form(session, form)

    dialog()


def _draw_form(session: UiSession, form: _Form) -> None:
    with st.form(f"product_form_{form.change_id}", border=False):
        key = form.product.key
        if form.is_new:
            key = st.text_input(column_title("product_key"), key, key="form_product_key")
        cells = _draw_cells(session, form)
        st.caption(
            _(
                "A filled cell can be changed, not emptied. The next file of products that is"
                " exported after this and names it replaces what it says."
            )
        )
        label = _("Create this product") if form.is_new else _("Save the change")
        if st.form_submit_button(label, type="primary", key="product_save"):
            _save(session, form, key, cells)


def _save(session: UiSession, form: _Form, key: str, cells: Mapping[str, Cell]) -> None:
    store, actor = session.store, session.actor
    if form.is_new:
        import_id = create_product(store, actor, key, cells, change_id=form.change_id)
    else:
        wanted = {name: cell for name, cell in cells.items() if cell != form.shown(name)}
        change = replace(form.product, cells=wanted)
        import_id = change_products(store, actor, [change], change_id=form.change_id)
    _close()
    start_change(session, import_id)


def _draw_cells(session: UiSession, form: _Form) -> dict[str, Cell]:
    cells: dict[str, Cell] = {"name": _text(form, "name")}
    left, right = st.columns(2)
    with left:
        cells |= {name: _text(form, name) for name in ("family", "grape")}
        cells["price_cents"] = _price(form)
    with right:
        cells["sweetness"] = _text(form, "sweetness")
        cells["vintage"] = _number(form, "vintage", 1800, 2200)
        cells["stock_quantity"] = _number(form, "stock_quantity", 0, 1_000_000_000)
    with st.expander(_("How it tastes, from 0 to 5")), st.container(horizontal=True):
        cells |= {name: _aroma(form, name) for name in AROMA_FIELDS}
    cells["replaces"] = _predecessor(session, form)
    offered = {"is_active": _("On sale"), "is_recommendable": _("It may be recommended")}
    return cells | {name: _flag(form, name, title) for name, title in offered.items()}


def _text(form: _Form, name: str) -> Cell:
    shown = form.shown(name)
    typed = st.text_input(_title(name), "" if shown is None else str(shown), key=f"form_{name}")
    return typed or None


def _title(name: str) -> str:
    return column_title(_NAMES[name])


def _number(form: _Form, name: str, least: int, most: int) -> Cell:
    shown = form.shown(name)
    value = shown if isinstance(shown, int) and least <= shown <= most else None
    found: int | None = st.number_input(
        _title(name),
        min_value=least,
        max_value=most,
        value=value,
        step=1,
        placeholder=_("Unknown"),
        key=f"form_{name}",
    )
    return shown if found == value else found


def _aroma(form: _Form, name: str) -> Cell:
    shown = form.shown(name)
    found = st.number_input(
        _title(name),
        min_value=0.0,
        max_value=5.0,
        value=None if shown is None else float(shown),
        step=0.5,
        format="%.1f",
        placeholder=_("Unknown"),
        key=f"form_{name}",
        width=_AROMA_PIXELS,
    )
    return shown if found == shown else found


def _price(form: _Form) -> Cell:
    shown = form.shown("price_cents")
    found = st.number_input(
        _title("price_cents"),
        min_value=0.0,
        value=int(shown) / 100 if shown is not None else None,
        step=0.5,
        format="%.2f",
        placeholder=_("Unknown"),
        key="form_price_cents",
    )
    return None if found is None else round(found * 100)


def _predecessor(session: UiSession, form: _Form) -> Cell:
    shown = form.shown("replaces")
    products = {
        key: name for key, name in product_names_of(session).items() if key != form.product.key
    }
    keys = list(products)
    found = st.selectbox(
        _("It is the successor of"),
        keys,
        index=keys.index(str(shown)) if shown in products else None,
        format_func=lambda key: f"{products[key]} ({key})",
        placeholder=_("No earlier vintage"),
        key="form_replaces",
    )
    return shown if found is None and shown not in products else found


def _flag(form: _Form, name: str, title: str) -> Cell:
    """Draw a yes or no; what no file has said counts as yes, and stays unsaid until it is no."""
    shown = form.shown(name)
    ticked = st.checkbox(title, shown is not False, key=f"form_{name}")
    return shown if ticked == (shown is not False) else ticked
