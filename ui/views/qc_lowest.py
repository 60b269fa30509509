"""Quality control: the customers of a run by score, and decisions on those shown."""

import streamlit as st

from core.contracts import RunVersion
from core.services.review_desk import listed_products
from core.services.run_records import RunCard, VerdictPage
from core.services.run_reports import lowest_scores
from core.store.tenant import TenantStore
from ui.i18n import _
from ui.session import UiSession
from ui.tables import choose_page, no_rows
from ui.views.customer_table import CUSTOMER_PARAM, choose_customer
from ui.views.qc_filters import PAGE_PARAM, Filters, draw_filters
from ui.views.review_bulk import draw_bulk
from ui.views.review_version import may_decide

_PAGE = 20


def draw_lowest(session: UiSession, run: RunCard, version: RunVersion, filters: Filters) -> None:
    """Draw the customers whom the filters leave, a page at a time; a click opens one."""
    st.header(_("Which customers have the lowest scores?"), anchor=False)
    products = listed_products(session.store, run.run_id, version)
    draw_filters(filters, products)
    lists = (session.tenant.tenant_id, run.run_id, run.review_no, version)
    with st.spinner(_("Looking through the lists"), show_time=False):
        total = _total(*lists, filters, _store=session.store)
    if total and may_decide(session, version):
        draw_bulk(session, run.run_id, filters, total, products)
    place = st.container()
    offset = choose_page(total, _PAGE, key=PAGE_PARAM)
    page = _page(session.store, run.run_id, version, filters, offset=offset, total=total)
    with place:
        if not page.verdicts:
            no_rows()
            return
        choose_customer(
            page.verdicts,
            session.tenant.currency,
            key=f"qc_lowest_{version}_{run.review_no}_{filters.key}_{offset}",
            shown=st.query_params.get(CUSTOMER_PARAM),
        )


def _page(
    store: TenantStore,
    run_id: str,
    version: RunVersion,
    filters: Filters,
    *,
    limit: int = _PAGE,
    offset: int = 0,
    total: int | None = None,
) -> VerdictPage:
    return lowest_scores(
        store,
        run_id,
        limit=limit,
        offset=offset,
        version=version,
        total=total,
        **vars(filters.wanted),
    )


@st.cache_data(max_entries=400, show_spinner=False)
def _total(
    tenant_id: str,  # noqa: ARG001
    run_id: str,
    review_no: int,  # noqa: ARG001
    version: RunVersion,
    filters: Filters,
    _store: TenantStore,
) -> int:
    """Return how many customers the filters leave; the lists of a review never change."""
    return _page(_store, run_id, version, filters, limit=0).total
