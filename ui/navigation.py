"""The pages of the application, in the order of the work."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.i18n import N_
from core.services.accounts import Role, includes
from ui.i18n import _

ROOT = Path(__file__).resolve().parent.parent
LOGO = ROOT / "ui" / "static" / "logo.svg"
FAVICON = ROOT / "ui" / "static" / "favicon.svg"


@dataclass(frozen=True, kw_only=True)
class PageEntry:
    """A page file with its title, its icon and what it answers."""

    path: str
    title: str
    icon: str
    answers: str
    least_role: Role = Role.VIEWER

    @property
    def file(self) -> Path:
        """The page's script."""
        return ROOT / "pages" / f"{self.path}.py"


PAGES = (
    PageEntry(
        path="home",
        title=N_("Home"),
        icon=":material/home:",
        answers=N_("See how your data, runs and campaigns stand, and what is next."),
    ),
    PageEntry(
        path="upload",
        title=N_("Upload"),
        icon=":material/upload_file:",
        answers=N_("Bring in clients, products, sales and contacts."),
    ),
    PageEntry(
        path="waiting",
        title=N_("Waiting rows"),
        icon=":material/hourglass_empty:",
        answers=N_("Decide what unknown labels, products and customers are."),
    ),
    PageEntry(
        path="runs",
        title=N_("Runs"),
        icon=":material/play_circle:",
        answers=N_("Compute whom to write to, about which product, and why."),
    ),
    PageEntry(
        path="qc",
        title=N_("Quality control"),
        icon=":material/fact_check:",
        answers=N_("See what the audit found before anybody is written to."),
    ),
    PageEntry(
        path="campaigns",
        title=N_("Campaigns"),
        icon=":material/mail:",
        answers=N_("Prepare an e-mailing of a run, rehearse it, then send it."),
    ),
    PageEntry(
        path="exports",
        title=N_("Exports"),
        icon=":material/download:",
        answers=N_("Download the files of a run."),
    ),
    PageEntry(
        path="customers",
        title=N_("Customers"),
        icon=":material/groups:",
        answers=N_("Find a customer and see everything about one."),
    ),
    PageEntry(
        path="products",
        title=N_("Products"),
        icon=":material/wine_bar:",
        answers=N_("See what sells, who comes back for it, and whether the stock lasts."),
    ),
    PageEntry(
        path="insights",
        title=N_("Insights"),
        icon=":material/insights:",
        answers=N_("Look back: would the recommender have named what customers then bought?"),
    ),
    PageEntry(
        path="jobs",
        title=N_("Jobs"),
        icon=":material/pending_actions:",
        answers=N_("See what is worked on and what waits, and stop it."),
    ),
    PageEntry(
        path="schedules",
        title=N_("Schedules"),
        icon=":material/event_repeat:",
        answers=N_("Let imports, runs and rehearsals happen by themselves."),
    ),
    PageEntry(
        path="settings",
        title=N_("Settings"),
        icon=":material/tune:",
        answers=N_("Change the numbers by which lists are made and judged."),
    ),
    PageEntry(
        path="privacy",
        title=N_("Data protection"),
        icon=":material/shield_person:",
        answers=N_("Export or erase a person, and erase who was kept long enough."),
        least_role=Role.ANALYST,
    ),
    PageEntry(
        path="users",
        title=N_("Users"),
        icon=":material/group:",
        answers=N_("See who may sign in for your company, and what each may do."),
        least_role=Role.ADMIN,
    ),
    PageEntry(
        path="trail",
        title=N_("Audit trail"),
        icon=":material/history:",
        answers=N_("See who did what, and when."),
        least_role=Role.ADMIN,
    ),
    PageEntry(
        path="account",
        title=N_("My account"),
        icon=":material/person:",
        answers=N_("Change your password and see where you are signed in."),
    ),
)


def register_pages(role: Role) -> list[st.Page]:
    """Return the pages for `st.navigation`, titled in the current language.

    What `role` may not do is not in the list of pages; the page itself refuses it by its address.

    The root leads to the first page: Streamlit serves a default page at the root alone, and its
    own address would not be found.
    """
    pages = [
        st.Page(
            entry.file,
            title=_(entry.title),
            icon=entry.icon,
            url_path=entry.path,
            help=_(entry.answers),
            visibility="visible" if includes(role, entry.least_role) else "hidden",
        )
        for entry in PAGES
    ]

    def open_first() -> None:
        st.switch_page(pages[0])

    root = st.Page(open_first, title="ia-crm", url_path="start", default=True, visibility="hidden")
    return [root, *pages]
