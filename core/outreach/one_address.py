"""Of the customers with one address, who stands for it: in campaigns and at Brevo the same."""


def yields_to_another(loss: str) -> str:
    """Return the SQL that tells of a row whether another customer stands for its address.

    The rows have `customer`, `email_norm` and `value_cents`; `loss` is their column that is NULL
    for whom the address may be written to. Of these the one of highest value stands for it, ties
    going to the lowest code.
    """
    return f"""
        {loss} IS NULL AND row_number() OVER (
            PARTITION BY email_norm, {loss} IS NULL ORDER BY value_cents DESC, customer
        ) > 1
    """
