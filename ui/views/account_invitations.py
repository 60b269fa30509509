"""My account: companies that invite."""

import streamlit as st

from core.services.own_account import (
    OwnInvitation,
    accept_invitation,
    decline_invitation,
    own_invitations,
)
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.users_words import role_title


def draw_invitations(session: UiSession) -> None:
    """Draw each company that invites the user, to join or to decline."""
    for asked in own_invitations(session.store.store, session.actor):
        _draw_invitation(session, asked)


def _draw_invitation(session: UiSession, asked: OwnInvitation) -> None:
    store, tenant_id = session.store.store, asked.tenant.tenant_id
    with st.container(border=True, key=f"account_invited_{tenant_id}"):
        st.markdown(
            _(
                "%(company)s invites you to join, with the role %(role)s. From then on no company"
                " alone can reset your password or your second factor.",
                company=plain(asked.tenant.name),
                role=role_title(asked.role),
            )
        )
        with st.container(horizontal=True), error_boundary():
            if st.button(_("Join"), type="primary", key=f"account_join_{tenant_id}"):
                accept_invitation(store, session.actor, tenant_id)
                st.rerun()
            if st.button(_("Decline"), key=f"account_decline_{tenant_id}"):
                decline_invitation(store, session.actor, tenant_id)
                st.rerun()
