"""What the columns of the contract are called on a page."""

from collections.abc import Mapping

from core.i18n import N_
from core.ingest.mapping import BETWEEN, OR_ELSE
from ui.i18n import NO_VALUE, _

COLUMN_TITLES: Mapping[str, str] = {
    "client_code": N_("Customer code"),
    "email": N_("E-mail address"),
    "name": N_("Name"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "phone": N_("Telephone"),
    "phone_consent": N_("May be telephoned"),
    "email_opt_out": N_("Opted out of e-mail"),
    "consent_source": N_("Source of the consent"),
    "consent_date": N_("Date of the consent"),
    "consent_wording": N_("Wording of the consent"),
    "budget_band": N_("Budget"),
    "language": N_("Language"),
    "country": N_("Country"),
    "postal_code": N_("Postal code"),
    "customer_type": N_("Private or trade"),
    "created_at": N_("Customer since"),
    "product_key": N_("Product code"),
    "family_crm": N_("Family"),
    "sub_family": N_("Sub-family"),
    "cepage": N_("Grape"),
    "sucrosite_niveau": N_("Sweetness"),
    "price_ttc": N_("Price, tax included"),
    "margin": N_("Margin"),
    "premium_tier": N_("Premium tier"),
    "price_band": N_("Price band"),
    "vintage": N_("Vintage"),
    "replaces": N_("Replaces the product"),
    "volume_cl": N_("Volume, cl"),
    "units_per_pack": N_("Units in a pack"),
    "stock_quantity": N_("Stock"),
    "is_active": N_("On sale"),
    "is_recommendable": N_("May be recommended"),
    "season_tags": N_("Seasons"),
    "aroma_fruit": N_("Aroma: fruit"),
    "aroma_floral": N_("Aroma: flowers"),
    "aroma_spice": N_("Aroma: spice"),
    "aroma_mineral": N_("Aroma: mineral"),
    "aroma_acidity": N_("Aroma: acidity"),
    "aroma_body": N_("Aroma: body"),
    "aroma_tannin": N_("Aroma: tannin"),
    "global_popularity_score": N_("Popularity"),
    "description": N_("Description"),
    "document_id": N_("Document number"),
    "product_label": N_("Product label"),
    "quantity": N_("Quantity"),
    "amount": N_("Amount, tax included"),
    "sale_date": N_("Date of the sale"),
    "line_no": N_("Line of the document"),
    "document_status": N_("Status of the document"),
    "currency": N_("Currency"),
    "channel": N_("Channel"),
    "is_gift": N_("Gift"),
    "contact_date": N_("Date of the contact"),
    "status": N_("Status of the contact"),
    "campaign": N_("Campaign"),
}


def column_title(name: str | None) -> str:
    """Return the title of a contract column; a header of the file stays itself, none is a dash."""
    return _(COLUMN_TITLES.get(name, name)) if name else NO_VALUE


def column_titles(names: str) -> str:
    """Return the titles of several contract columns, listed as `mapping.check` lists them."""
    listed = (each.split(OR_ELSE) for each in names.split(BETWEEN))
    return BETWEEN.join(OR_ELSE.join(map(column_title, either)) for either in listed)
