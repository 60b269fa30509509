"""The columns of the products file."""

from core.contracts.columns import Column, ColumnType, names

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
    "aroma_fruit": names("fruit | fruite | arome fruit"),
    "aroma_floral": names("floral | arome floral"),
    "aroma_spice": names("epice | epices | spice | arome epice"),
    "aroma_mineral": names("mineral | mineralite | arome mineral"),
    "aroma_acidity": names("acidite | acidity"),
    "aroma_body": names("corps | body"),
    "aroma_tannin": names("tanin | tanins | tannin | tannins"),
}

PRODUCT_COLUMNS: tuple[Column, ...] = (
    Column(
        name="product_key",
        field="product_key",
        type=ColumnType.CODE,
        required=True,
        synonyms=names(
            "product code | product id | code produit | code article | article | "
            "reference | ref | sku | stock code | stockcode | ref produit | ref "
            "article | reference article | reference produit | id produit"
        ),
    ),
    Column(
        name="name",
        field="name",
        type=ColumnType.TEXT,
        required=True,
        synonyms=names(
            "product name | label | libelle | designation | nom produit | nom | "
            "libelle article | libelle produit | product | produit | description "
            "courte"
        ),
    ),
    Column(
        name="family_crm",
        field="family",
        type=ColumnType.TEXT,
        synonyms=names(
            "family | famille | couleur | categorie | category | type de vin | famille crm"
        ),
    ),
    Column(
        name="sub_family",
        field="sub_family",
        type=ColumnType.TEXT,
        synonyms=names("sous famille | subfamily | sous categorie | gamme | sub category"),
    ),
    Column(
        name="cepage",
        field="grape",
        type=ColumnType.TEXT,
        synonyms=names("grape | grapes | cepages | variety | varietal"),
    ),
    Column(
        name="sucrosite_niveau",
        field="sweetness",
        type=ColumnType.TEXT,
        synonyms=names("sucrosite | sweetness | sucre | niveau de sucre | dosage"),
    ),
    Column(
        name="price_ttc",
        field="price_cents",
        type=ColumnType.MONEY,
        minimum=0,
        synonyms=names(
            "price | prix | prix ttc | pu ttc | prix de vente | tarif | prix "
            "unitaire ttc | pv ttc | tarif ttc"
        ),
    ),
    Column(
        name="margin",
        field="margin",
        type=ColumnType.DECIMAL,
        synonyms=names("marge | taux de marge | margin rate"),
    ),
    Column(
        name="premium_tier",
        field="premium_tier",
        type=ColumnType.TEXT,
        synonyms=names("niveau premium | tier | segment produit"),
    ),
    Column(
        name="price_band",
        field="price_band",
        type=ColumnType.TEXT,
        synonyms=names("tranche prix | gamme de prix | tranche de prix"),
    ),
    Column(
        name="vintage",
        field="vintage",
        type=ColumnType.INTEGER,
        minimum=1800,
        maximum=2200,
        synonyms=names("millesime | annee | year"),
    ),
    Column(
        name="replaces",
        field="replaces",
        type=ColumnType.CODE,
        synonyms=names(
            "remplace | predecessor | millesime precedent | remplace la reference | "
            "article remplace"
        ),
    ),
    Column(
        name="volume_cl",
        field="volume_ml",
        type=ColumnType.VOLUME,
        minimum=0.1,
        maximum=100_000,
        synonyms=names("volume | contenance | contenance cl | cl | format cl"),
    ),
    Column(
        name="units_per_pack",
        field="units_per_pack",
        type=ColumnType.INTEGER,
        minimum=1,
        maximum=10_000,
        synonyms=names(
            "colisage | unites par colis | pack size | bouteilles par carton | conditionnement"
        ),
    ),
    Column(
        name="stock_quantity",
        field="stock_quantity",
        type=ColumnType.INTEGER,
        synonyms=names("stock | quantite en stock | stock disponible | qte stock"),
    ),
    Column(
        name="is_active",
        field="is_active",
        type=ColumnType.BOOLEAN,
        synonyms=names("actif | active | en vente"),
    ),
    Column(
        name="is_recommendable",
        field="is_recommendable",
        type=ColumnType.BOOLEAN,
        synonyms=names("recommandable | recommendable | a recommander | proposable"),
    ),
    Column(
        name="season_tags",
        field="season_tags",
        type=ColumnType.TEXT,
        synonyms=names("saison | saisons | season | seasons"),
    ),
    *(
        Column(
            name=name,
            field=name,
            type=ColumnType.DECIMAL,
            minimum=0,
            maximum=5,
            synonyms=_AROMA_SYNONYMS[name],
        )
        for name in AROMA_FIELDS
    ),
    Column(
        name="global_popularity_score",
        field="popularity_score",
        type=ColumnType.DECIMAL,
        minimum=0,
        synonyms=names("popularite | popularity | score popularite"),
    ),
    Column(
        name="description",
        field="description",
        type=ColumnType.TEXT,
        synonyms=names("commentaire | notes | descriptif | description longue"),
    ),
)
