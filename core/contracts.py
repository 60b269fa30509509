"""Every column of every file and frame: name, type, requirement, synonyms.

The one place where a column name is spelled. A file speaks of `client_code`, an output file of
`customer_code`, the code of `customer`: the three meet here.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as defaulted
from enum import StrEnum

from core.i18n import N_


class ColumnType(StrEnum):
    """How the text of a cell is parsed, and what it becomes."""

    TEXT = "text"  # trimmed text
    CODE = "code"  # trimmed text, compared bytewise: `007` stays `007`
    EMAIL = "email"  # trimmed text as typed; its comparison form is `email_norm`
    BOOLEAN = "boolean"  # oui/non, yes/no, 1/0, vrai/faux, x
    INTEGER = "integer"  # whole number
    DECIMAL = "decimal"  # DOUBLE, rounded to 6 digits
    MONEY = "money"  # BIGINT, hundredths of the currency unit
    QUANTITY = "quantity"  # BIGINT, thousandths of a unit sold
    VOLUME = "volume"  # INTEGER, millilitres; cells are centilitres
    DATE = "date"  # DATE; a time of day is read and dropped
    CHOICE = "choice"  # one of `choices`


DUCKDB_TYPES: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.CODE: "VARCHAR",
    ColumnType.EMAIL: "VARCHAR",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DOUBLE",
    ColumnType.MONEY: "BIGINT",
    ColumnType.QUANTITY: "BIGINT",
    ColumnType.VOLUME: "BIGINT",
    ColumnType.DATE: "DATE",
    ColumnType.CHOICE: "VARCHAR",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an input file.

    `name` is the header of the contract, `field` the name inside code and database.
    `synonyms` are further headers, compared without case, accents, spaces, `_` and `-`.
    `choices` maps each accepted spelling (folded the same way) to the canonical value.
    """

    name: str
    field: str
    type: ColumnType
    required: bool = False
    synonyms: tuple[str, ...] = ()
    choices: Mapping[str, str] = defaulted(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None


class FileKind(StrEnum):
    """The four kinds of input file."""

    CLIENTS = "clients"
    PRODUCTS = "products"
    SALES = "sales"
    CONTACTS = "contacts"


FILE_KIND_TITLES: Mapping[FileKind, str] = {
    FileKind.CLIENTS: N_("Customers"),
    FileKind.PRODUCTS: N_("Products"),
    FileKind.SALES: N_("Sales"),
    FileKind.CONTACTS: N_("Contacts"),
}

_T = ColumnType


def _names(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(" | "))


CLIENT_COLUMNS: tuple[Column, ...] = (
    Column(
        name="client_code",
        field="customer",
        type=_T.CODE,
        required=True,
        synonyms=_names(
            "customer_code | customer_id | client_id | id_client | code client | "
            "codeclient | numero client | n° client | no client | num client | "
            "customer | client | compte client | code tiers | reference client | "
            "ref client"
        ),
    ),
    Column(
        name="email",
        field="email",
        type=_T.EMAIL,
        synonyms=_names(
            "e-mail | mail | courriel | adresse email | adresse e-mail | adresse "
            "mail | email address | adresse electronique | mel"
        ),
    ),
    Column(
        name="name",
        field="name",
        type=_T.TEXT,
        synonyms=_names(
            "full name | nom complet | raison sociale | company | societe | nom "
            "prenom | display name | designation client"
        ),
    ),
    Column(
        name="first_name",
        field="first_name",
        type=_T.TEXT,
        synonyms=_names("prenom | firstname | given name"),
    ),
    Column(
        name="last_name",
        field="last_name",
        type=_T.TEXT,
        synonyms=_names("nom | lastname | surname | nom de famille | family name"),
    ),
    Column(
        name="phone",
        field="phone",
        type=_T.TEXT,
        synonyms=_names(
            "telephone | tel | mobile | portable | phone number | telephone mobile "
            "| numero de telephone | gsm"
        ),
    ),
    Column(
        name="phone_consent",
        field="phone_consent",
        type=_T.BOOLEAN,
        synonyms=_names(
            "accord telephone | consentement telephone | ok telephone | phone opt "
            "in | demarchage telephonique"
        ),
    ),
    Column(
        name="email_opt_out",
        field="email_opt_out",
        type=_T.BOOLEAN,
        synonyms=_names(
            "opt out | optout | desinscrit | desabonne | unsubscribed | ne pas "
            "contacter | refus email | stop email | refus mailing | email optout"
        ),
    ),
    Column(
        name="consent_source",
        field="consent_source",
        type=_T.TEXT,
        synonyms=_names("source consentement | origine consentement"),
    ),
    Column(
        name="consent_date",
        field="consent_date",
        type=_T.DATE,
        synonyms=_names("date consentement | date du consentement | consented at"),
    ),
    Column(
        name="budget_band",
        field="budget_band",
        type=_T.TEXT,
        synonyms=_names("budget | tranche budget | gamme budget"),
    ),
    Column(
        name="language", field="language", type=_T.TEXT, synonyms=_names("langue | lang | locale")
    ),
    Column(
        name="country",
        field="country",
        type=_T.TEXT,
        synonyms=_names("pays | country code | code pays"),
    ),
    Column(
        name="postal_code",
        field="postal_code",
        type=_T.CODE,
        synonyms=_names("code postal | cp | zip | zip code | postcode"),
    ),
    Column(
        name="customer_type",
        field="customer_type",
        type=_T.CHOICE,
        synonyms=_names("type client | type de client | categorie client | client type"),
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
        type=_T.DATE,
        synonyms=_names(
            "date creation | date de creation | cree le | creation date | client "
            "depuis | customer since"
        ),
    ),
)

AROMA_FIELDS = (
    "aroma_fruit",
    "aroma_floral",
    "aroma_spice",
    "aroma_mineral",
    "aroma_acidity",
    "aroma_body",
    "aroma_tannin",
)
_AROMA_SYNONYMS = {
    "aroma_fruit": _names("fruit | fruite | arome fruit"),
    "aroma_floral": _names("floral | arome floral"),
    "aroma_spice": _names("epice | epices | spice | arome epice"),
    "aroma_mineral": _names("mineral | mineralite | arome mineral"),
    "aroma_acidity": _names("acidite | acidity"),
    "aroma_body": _names("corps | body"),
    "aroma_tannin": _names("tanin | tanins | tannin | tannins"),
}

PRODUCT_COLUMNS: tuple[Column, ...] = (
    Column(
        name="product_key",
        field="product_key",
        type=_T.CODE,
        required=True,
        synonyms=_names(
            "product code | product id | code produit | code article | article | "
            "reference | ref | sku | stock code | stockcode | ref produit | ref "
            "article | reference article | reference produit | id produit"
        ),
    ),
    Column(
        name="name",
        field="name",
        type=_T.TEXT,
        required=True,
        synonyms=_names(
            "product name | label | libelle | designation | nom produit | nom | "
            "libelle article | libelle produit | product | produit | description "
            "courte"
        ),
    ),
    Column(
        name="family_crm",
        field="family",
        type=_T.TEXT,
        synonyms=_names(
            "family | famille | couleur | categorie | category | type de vin | famille crm"
        ),
    ),
    Column(
        name="sub_family",
        field="sub_family",
        type=_T.TEXT,
        synonyms=_names("sous famille | subfamily | sous categorie | gamme | sub category"),
    ),
    Column(
        name="cepage",
        field="grape",
        type=_T.TEXT,
        synonyms=_names("grape | grapes | cepages | variety | varietal"),
    ),
    Column(
        name="sucrosite_niveau",
        field="sweetness",
        type=_T.TEXT,
        synonyms=_names("sucrosite | sweetness | sucre | niveau de sucre | dosage"),
    ),
    Column(
        name="price_ttc",
        field="price_cents",
        type=_T.MONEY,
        minimum=0,
        synonyms=_names(
            "price | prix | prix ttc | pu ttc | prix de vente | tarif | prix "
            "unitaire ttc | pv ttc | tarif ttc"
        ),
    ),
    Column(
        name="margin",
        field="margin",
        type=_T.DECIMAL,
        synonyms=_names("marge | taux de marge | margin rate"),
    ),
    Column(
        name="premium_tier",
        field="premium_tier",
        type=_T.TEXT,
        synonyms=_names("niveau premium | tier | segment produit"),
    ),
    Column(
        name="price_band",
        field="price_band",
        type=_T.TEXT,
        synonyms=_names("tranche prix | gamme de prix | tranche de prix"),
    ),
    Column(
        name="vintage",
        field="vintage",
        type=_T.INTEGER,
        minimum=1800,
        maximum=2200,
        synonyms=_names("millesime | annee | year"),
    ),
    Column(
        name="replaces",
        field="replaces",
        type=_T.CODE,
        synonyms=_names(
            "remplace | predecessor | millesime precedent | remplace la reference | "
            "article remplace"
        ),
    ),
    Column(
        name="volume_cl",
        field="volume_ml",
        type=_T.VOLUME,
        minimum=0.1,
        synonyms=_names("volume | contenance | contenance cl | cl | format cl"),
    ),
    Column(
        name="units_per_pack",
        field="units_per_pack",
        type=_T.INTEGER,
        minimum=1,
        synonyms=_names(
            "colisage | unites par colis | pack size | bouteilles par carton | conditionnement"
        ),
    ),
    Column(
        name="stock_quantity",
        field="stock_quantity",
        type=_T.INTEGER,
        synonyms=_names("stock | quantite en stock | stock disponible | qte stock"),
    ),
    Column(
        name="is_active",
        field="is_active",
        type=_T.BOOLEAN,
        synonyms=_names("actif | active | en vente"),
    ),
    Column(
        name="is_recommendable",
        field="is_recommendable",
        type=_T.BOOLEAN,
        synonyms=_names("recommandable | recommendable | a recommander | proposable"),
    ),
    Column(
        name="season_tags",
        field="season_tags",
        type=_T.TEXT,
        synonyms=_names("saison | saisons | season | seasons"),
    ),
    *(
        Column(
            name=name,
            field=name,
            type=_T.DECIMAL,
            minimum=0,
            maximum=5,
            synonyms=_AROMA_SYNONYMS[name],
        )
        for name in AROMA_FIELDS
    ),
    Column(
        name="global_popularity_score",
        field="popularity_score",
        type=_T.DECIMAL,
        minimum=0,
        synonyms=_names("popularite | popularity | score popularite"),
    ),
    Column(
        name="description",
        field="description",
        type=_T.TEXT,
        synonyms=_names("commentaire | notes | descriptif | description longue"),
    ),
)

SALE_COLUMNS: tuple[Column, ...] = (
    Column(
        name="document_id",
        field="document_id",
        type=_T.CODE,
        required=True,
        synonyms=_names(
            "document | numero document | n° document | piece | numero piece | n° "
            "piece | facture | n° facture | numero facture | invoice | invoice no | "
            "invoiceno | invoice number | ticket | n° ticket | order id | commande "
            "| no facture | no piece | num piece"
        ),
    ),
    Column(
        name="product_key", field="product_key", type=_T.CODE, synonyms=PRODUCT_COLUMNS[0].synonyms
    ),
    Column(
        name="product_label",
        field="product_label",
        type=_T.TEXT,
        synonyms=_names(
            "libelle | designation | libelle article | libelle produit | label | "
            "product name | nom produit | description | article libelle"
        ),
    ),
    Column(
        name="client_code",
        field="customer",
        type=_T.CODE,
        required=True,
        synonyms=CLIENT_COLUMNS[0].synonyms,
    ),
    Column(
        name="quantity",
        field="quantity_milli",
        type=_T.QUANTITY,
        required=True,
        synonyms=_names("quantite | qte | qty | nombre | nb | quantite vendue"),
    ),
    Column(
        name="amount",
        field="amount_cents",
        type=_T.MONEY,
        required=True,
        synonyms=_names(
            "montant | montant ttc | total ttc | total | line total | ca ttc | "
            "montant ligne | montant ligne ttc | total ligne | prix total"
        ),
    ),
    Column(
        name="sale_date",
        field="sale_date",
        type=_T.DATE,
        required=True,
        synonyms=_names(
            "date | date vente | date de vente | date facture | invoice date | "
            "invoicedate | date document | date piece | order date | date de "
            "facture | date commande"
        ),
    ),
    Column(
        name="line_no",
        field="line_no",
        type=_T.CODE,
        synonyms=_names(
            "ligne | n° ligne | numero ligne | line | line number | no ligne | num ligne"
        ),
    ),
    Column(
        name="document_status",
        field="document_status",
        type=_T.CHOICE,
        synonyms=_names("statut | statut document | etat | status | etat document | etat piece"),
        choices={
            "valid": "valid",
            "valide": "valid",
            "validee": "valid",
            "ok": "valid",
            "facture": "valid",
            "facturee": "valid",
            "livre": "valid",
            "livree": "valid",
            "paid": "valid",
            "payee": "valid",
            "comptabilise": "valid",
            "cancelled": "cancelled",
            "canceled": "cancelled",
            "annule": "cancelled",
            "annulee": "cancelled",
            "void": "cancelled",
            "abandonne": "cancelled",
        },
    ),
    Column(
        name="currency",
        field="currency",
        type=_T.CODE,
        synonyms=_names("devise | monnaie | currency code"),
    ),
    Column(
        name="channel",
        field="channel",
        type=_T.TEXT,
        synonyms=_names("canal | canal de vente | source | point de vente"),
    ),
    Column(
        name="is_gift",
        field="is_gift",
        type=_T.BOOLEAN,
        synonyms=_names("cadeau | gift | offert | est cadeau"),
    ),
)

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
    Column(name="client_code", field="customer", type=_T.CODE, synonyms=CLIENT_COLUMNS[0].synonyms),
    Column(name="email", field="email", type=_T.EMAIL, synonyms=CLIENT_COLUMNS[1].synonyms),
    Column(
        name="contact_date",
        field="contact_date",
        type=_T.DATE,
        required=True,
        synonyms=_names(
            "date | date contact | date de contact | date envoi | sent at | ts | "
            "date evenement | event date"
        ),
    ),
    Column(
        name="status",
        field="status",
        type=_T.CHOICE,
        required=True,
        synonyms=_names("statut | event | evenement | etat | type evenement | resultat"),
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
            "harbounce": "hard_bounce",
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
    Column(name="channel", field="channel", type=_T.TEXT, synonyms=_names("canal | media")),
    Column(
        name="campaign",
        field="campaign",
        type=_T.TEXT,
        synonyms=_names("campagne | campaign name | nom campagne | operation"),
    ),
)

COLUMNS: Mapping[FileKind, tuple[Column, ...]] = {
    FileKind.CLIENTS: CLIENT_COLUMNS,
    FileKind.PRODUCTS: PRODUCT_COLUMNS,
    FileKind.SALES: SALE_COLUMNS,
    FileKind.CONTACTS: CONTACT_COLUMNS,
}

# At least one column of each group must be mapped, and its cell filled, for the row to stand.
REQUIRED_GROUPS: Mapping[FileKind, tuple[tuple[str, ...], ...]] = {
    FileKind.CLIENTS: (),
    FileKind.PRODUCTS: (),
    FileKind.SALES: (("product_key", "product_label"),),
    FileKind.CONTACTS: (("client_code", "email"),),
}

# Required columns whose cell may be blank.
BLANK_ALLOWED: Mapping[FileKind, frozenset[str]] = {
    FileKind.CLIENTS: frozenset(),
    FileKind.PRODUCTS: frozenset(),
    FileKind.SALES: frozenset({"client_code"}),
    FileKind.CONTACTS: frozenset(),
}

CONTRACT_VERSION = 1


class Scenario(StrEnum):
    """Why a product is proposed."""

    REBUY = "rebuy"
    CROSS_SELL = "cross_sell"
    UPSELL = "upsell"
    WINBACK = "winback"
    NURTURE = "nurture"


class Severity(StrEnum):
    """Weight of an audit issue; INFO is not scored."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"


class RuleCode(StrEnum):
    """The audit rules in their published order, which is also the order of `reason`."""

    MISSING_EMAIL = "MISSING_EMAIL"
    OPTOUT_OR_BOUNCE = "OPTOUT_OR_BOUNCE"
    SILENCE_WINDOW = "SILENCE_WINDOW"
    RECENT_DUPLICATE = "RECENT_DUPLICATE"
    UPSELL_NOT_HIGHER = "UPSELL_NOT_HIGHER"
    CROSS_SELL_NOT_NEW = "CROSS_SELL_NOT_NEW"
    LOW_DIVERSITY = "LOW_DIVERSITY"
    SUGAR_MISMATCH = "SUGAR_MISMATCH"


REPAIRED = "REPAIRED"  # rule_code of the INFO row that logs a repair
REASON_OK = "OK"
REASON_NO_RECOMMENDATION = "NO_RECOMMENDATION"
REASON_LOW_SCORE = "SCORE_BELOW_80"

RECO_OUTPUT = (
    "run_id",
    "customer_code",
    "scenario",
    "rank",
    "product_key",
    "score",
    "explain_short",
    "reasons_json",
)
AUDIT_OUTPUT = (
    "run_id",
    "customer_code",
    "severity",
    "rule_code",
    "product_key",
    "details_json",
)
NEXT_ACTION_OUTPUT = (
    "run_id",
    "customer_code",
    "eligible",
    "reason",
    "scenario",
    "audit_score",
    "gate_export",
)

# Tables of facts: the dataset handed to `core.reco` and `core.audit` as DuckDB tables,
# in bytewise order of their first columns, nothing later than the as-of date left out yet.
DATASET_TABLES: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "customer": "VARCHAR",
        "email": "VARCHAR",
        "email_norm": "VARCHAR",
        "name": "VARCHAR",
        "first_name": "VARCHAR",
        "last_name": "VARCHAR",
        "phone": "VARCHAR",
        "phone_consent": "BOOLEAN",
        "email_opt_out": "BOOLEAN",
        "budget_band": "VARCHAR",
        "language": "VARCHAR",
        "country": "VARCHAR",
        "postal_code": "VARCHAR",
        "customer_type": "VARCHAR",
        "created_at": "DATE",
    },
    "products": {
        "product_key": "VARCHAR",
        "name": "VARCHAR",
        "family": "VARCHAR",
        "sub_family": "VARCHAR",
        "grape": "VARCHAR",
        "sweetness": "VARCHAR",
        "price_cents": "BIGINT",
        "margin": "DOUBLE",
        "premium_tier": "VARCHAR",
        "price_band": "VARCHAR",
        "vintage": "BIGINT",
        "replaces": "VARCHAR",
        "volume_ml": "BIGINT",
        "units_per_pack": "BIGINT",
        "stock_quantity": "BIGINT",
        "is_active": "BOOLEAN",
        "is_recommendable": "BOOLEAN",
        "season_tags": "VARCHAR",
        **dict.fromkeys(AROMA_FIELDS, "DOUBLE"),
        "popularity_score": "DOUBLE",
    },
    "sale_lines": {
        "document_id": "VARCHAR",
        "line_key": "VARCHAR",
        "product_key": "VARCHAR",
        "customer": "VARCHAR",
        "quantity_milli": "BIGINT",
        "amount_cents": "BIGINT",
        "sale_date": "DATE",
        "document_status": "VARCHAR",
        "channel": "VARCHAR",
        "is_gift": "BOOLEAN",
    },
    "contacts": {
        "customer": "VARCHAR",
        "email_norm": "VARCHAR",
        "contact_date": "DATE",
        "status": "VARCHAR",
        "channel": "VARCHAR",
        "campaign": "VARCHAR",
    },
    "suppressions": {
        "customer": "VARCHAR",
        "email_norm": "VARCHAR",
        "reason": "VARCHAR",
        "since": "DATE",
    },
    "sent_items": {"customer": "VARCHAR", "product_key": "VARCHAR", "sent_on": "DATE"},
}


def fold(header: str) -> str:
    """Return `header` without case, accents, spaces, `_`, `-`, `.`, `°`: its comparison form.

    >>> fold("Code_Client"), fold("N° de Pièce")
    ('codeclient', 'ndepiece')
    """
    plain = unicodedata.normalize("NFKD", header.replace("°", "").casefold())
    return "".join(c for c in plain if c.isalnum())
