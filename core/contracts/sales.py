"""The columns of the sales file."""

from core.contracts.clients import CLIENT_COLUMNS
from core.contracts.columns import Column, ColumnType, names
from core.contracts.products import PRODUCT_COLUMNS

SALE_COLUMNS: tuple[Column, ...] = (
    Column(
        name="document_id",
        field="document_id",
        type=ColumnType.CODE,
        required=True,
        synonyms=names(
            "document | numero document | n° document | piece | numero piece | n° "
            "piece | facture | n° facture | numero facture | invoice | invoice no | "
            "invoiceno | invoice number | ticket | n° ticket | order id | commande "
            "| no facture | no piece | num piece"
        ),
    ),
    Column(
        name="product_key",
        field="product_key",
        type=ColumnType.CODE,
        synonyms=PRODUCT_COLUMNS[0].synonyms,
    ),
    Column(
        name="product_label",
        field="product_label",
        type=ColumnType.TEXT,
        synonyms=names(
            "libelle | designation | libelle article | libelle produit | label | "
            "product name | nom produit | description | article libelle"
        ),
    ),
    Column(
        name="client_code",
        field="customer",
        type=ColumnType.CODE,
        required=True,
        synonyms=CLIENT_COLUMNS[0].synonyms,
    ),
    Column(
        name="quantity",
        field="quantity_milli",
        type=ColumnType.QUANTITY,
        required=True,
        synonyms=names("quantite | qte | qty | nombre | nb | quantite vendue"),
    ),
    Column(
        name="amount",
        field="amount_cents",
        type=ColumnType.MONEY,
        required=True,
        synonyms=names(
            "montant | montant ttc | total ttc | total | line total | ca ttc | "
            "montant ligne | montant ligne ttc | total ligne | prix total"
        ),
    ),
    Column(
        name="sale_date",
        field="sale_date",
        type=ColumnType.DATE,
        required=True,
        synonyms=names(
            "date | date vente | date de vente | date facture | invoice date | "
            "invoicedate | date document | date piece | order date | date de "
            "facture | date commande | jour | day"
        ),
    ),
    Column(
        name="line_no",
        field="line_no",
        type=ColumnType.CODE,
        synonyms=names(
            "ligne | n° ligne | numero ligne | line | line number | no ligne | num ligne"
        ),
    ),
    Column(
        name="document_status",
        field="document_status",
        type=ColumnType.CHOICE,
        synonyms=names("statut | statut document | etat | status | etat document | etat piece"),
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
        type=ColumnType.CODE,
        synonyms=names("devise | monnaie | currency code"),
    ),
    Column(
        name="channel",
        field="channel",
        type=ColumnType.TEXT,
        synonyms=names("canal | canal de vente | source | point de vente"),
    ),
    Column(
        name="is_gift",
        field="is_gift",
        type=ColumnType.BOOLEAN,
        synonyms=names("cadeau | gift | offert | est cadeau"),
    ),
)
