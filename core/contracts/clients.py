"""The columns of the clients file."""

from core.contracts.columns import Column, ColumnType, names

CLIENT_COLUMNS: tuple[Column, ...] = (
    Column(
        name="client_code",
        field="customer",
        type=ColumnType.CODE,
        required=True,
        synonyms=names(
            "customer_code | customer_id | client_id | id_client | code client | "
            "codeclient | numero client | n° client | no client | num client | "
            "customer | client | compte client | code tiers | reference client | "
            "ref client"
        ),
    ),
    Column(
        name="email",
        field="email",
        type=ColumnType.EMAIL,
        synonyms=names(
            "e-mail | mail | courriel | adresse email | adresse e-mail | adresse "
            "mail | email address | adresse electronique | mel"
        ),
    ),
    Column(
        name="name",
        field="name",
        type=ColumnType.TEXT,
        synonyms=names(
            "full name | nom complet | raison sociale | company | societe | nom "
            "prenom | display name | designation client"
        ),
    ),
    Column(
        name="first_name",
        field="first_name",
        type=ColumnType.TEXT,
        synonyms=names("prenom | firstname | given name"),
    ),
    Column(
        name="last_name",
        field="last_name",
        type=ColumnType.TEXT,
        synonyms=names("nom | lastname | surname | nom de famille | family name"),
    ),
    Column(
        name="phone",
        field="phone",
        type=ColumnType.TEXT,
        synonyms=names(
            "telephone | tel | mobile | portable | phone number | telephone mobile "
            "| numero de telephone | gsm"
        ),
    ),
    Column(
        name="phone_consent",
        field="phone_consent",
        type=ColumnType.BOOLEAN,
        synonyms=names(
            "accord telephone | consentement telephone | ok telephone | phone opt "
            "in | demarchage telephonique"
        ),
    ),
    Column(
        name="email_opt_out",
        field="email_opt_out",
        type=ColumnType.BOOLEAN,
        synonyms=names(
            "opt out | optout | desinscrit | desabonne | unsubscribed | ne pas "
            "contacter | refus email | stop email | refus mailing | email optout"
        ),
    ),
    Column(
        name="consent_source",
        field="consent_source",
        type=ColumnType.TEXT,
        synonyms=names("source consentement | origine consentement"),
    ),
    Column(
        name="consent_date",
        field="consent_date",
        type=ColumnType.DATE,
        synonyms=names("date consentement | date du consentement | consented at"),
    ),
    Column(
        name="consent_wording",
        field="consent_wording",
        type=ColumnType.TEXT,
        synonyms=names(
            "texte consentement | texte du consentement | formule consentement | consent text"
        ),
    ),
    Column(
        name="budget_band",
        field="budget_band",
        type=ColumnType.TEXT,
        synonyms=names("budget | tranche budget | gamme budget"),
    ),
    Column(
        name="language",
        field="language",
        type=ColumnType.TEXT,
        synonyms=names("langue | lang | locale"),
    ),
    Column(
        name="country",
        field="country",
        type=ColumnType.TEXT,
        synonyms=names("pays | country code | code pays"),
    ),
    Column(
        name="postal_code",
        field="postal_code",
        type=ColumnType.CODE,
        synonyms=names("code postal | cp | zip | zip code | postcode"),
    ),
    Column(
        name="customer_type",
        field="customer_type",
        type=ColumnType.CHOICE,
        synonyms=names("type client | type de client | categorie client | client type"),
        choices={
            "private": "private",
            "particulier": "private",
            "b2c": "private",
            "part": "private",
            "prive": "private",
            "p": "private",
            "trade": "trade",
            "professionnel": "trade",
            "pro": "trade",
            "b2b": "trade",
            "societe": "trade",
            "entreprise": "trade",
            "chr": "trade",
            "caviste": "trade",
            "restaurant": "trade",
        },
    ),
    Column(
        name="created_at",
        field="created_at",
        type=ColumnType.DATE,
        synonyms=names(
            "date creation | date de creation | cree le | creation date | client "
            "depuis | customer since"
        ),
    ),
)
