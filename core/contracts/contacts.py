"""The columns of the contacts file."""

from core.contracts.clients import CLIENT_COLUMNS
from core.contracts.columns import Column, ColumnType, names

CONTACT_STATUSES = (
    "sent",
    "delivered",
    "open",
    "click",
    "soft_bounce",
    "hard_bounce",
    "unsubscribe",
    "complaint",
)

CONTACT_COLUMNS: tuple[Column, ...] = (
    Column(
        name="client_code",
        field="customer",
        type=ColumnType.CODE,
        synonyms=CLIENT_COLUMNS[0].synonyms,
    ),
    Column(name="email", field="email", type=ColumnType.EMAIL, synonyms=CLIENT_COLUMNS[1].synonyms),
    Column(
        name="contact_date",
        field="contact_date",
        type=ColumnType.DATE,
        required=True,
        synonyms=names(
            "date | date contact | date de contact | date envoi | sent at | ts | "
            "date evenement | event date"
        ),
    ),
    Column(
        name="status",
        field="status",
        type=ColumnType.CHOICE,
        required=True,
        synonyms=names("statut | event | evenement | etat | type evenement | resultat"),
        choices={
            **{status.replace("_", ""): status for status in CONTACT_STATUSES},
            "envoye": "sent",
            "request": "sent",
            "requests": "sent",
            "livre": "delivered",
            "delivre": "delivered",
            "opened": "open",
            "ouvert": "open",
            "ouverture": "open",
            "uniqueopened": "open",
            "clic": "click",
            "clicked": "click",
            "clique": "click",
            "rebonddouble": "hard_bounce",
            "rebonddefinitif": "hard_bounce",
            "rebonddur": "hard_bounce",
            "rebondtemporaire": "soft_bounce",
            "rebondmou": "soft_bounce",
            "unsubscribed": "unsubscribe",
            "desinscrit": "unsubscribe",
            "desinscription": "unsubscribe",
            "desabonnement": "unsubscribe",
            "spam": "complaint",
            "plainte": "complaint",
            "complaints": "complaint",
        },
    ),
    Column(name="channel", field="channel", type=ColumnType.TEXT, synonyms=names("canal | media")),
    Column(
        name="campaign",
        field="campaign",
        type=ColumnType.TEXT,
        synonyms=names("campagne | campaign name | nom campagne | operation"),
    ),
)
