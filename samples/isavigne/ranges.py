"""The wines of the house, one row per range: what stays the same from vintage to vintage."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Range:
    """One wine as the house thinks of it; each vintage and format of it is an article.

    `price` is tenths of a euro, tax included, for the newest vintage; `aromas` are the seven
    notes of the contract in its order; `weight` is how often it is asked for; `vintages` are
    oldest first, (None,) when the wine has none.
    """

    code: str
    name: str
    family: str
    sub_family: str
    grape: str
    sweetness: str
    price: int
    weight: float
    vintages: tuple[int | None, ...]
    aromas: tuple[float, ...]
    seasons: str = ""
    formats: str = ""  # M magnum, H half bottle, C case of six
    region: str = "Alsace"


# code | name | family | sub-family | grape | sweetness | price | weight | vintages | aromas
#      | seasons | formats | region
_TABLE = """
SYL|Sylvaner Vieilles Vignes|Blanc|Tradition|Sylvaner|sec|85|6|22 23 24|2 1 0 3 4 1 0|printemps ete|C|Alsace
PBL|Pinot Blanc Auxerrois|Blanc|Tradition|Pinot Blanc|sec|89|7|22 23 24|3 2 0 2 3 2 0||C|Alsace
CHA|Chasselas|Blanc|Tradition|Chasselas|sec|75|2|23 24|2 2 0 2 3 1 0|ete||Alsace
EDE|Edelzwicker|Blanc|Tradition|Assemblage|sec|69|4|23 24|2 2 1 1 3 1 0|ete||Alsace
RIE|Riesling Tradition|Blanc|Tradition|Riesling|sec|99|10|22 23 24|3 2 0 4 5 2 0||CMH|Alsace
RIG|Riesling Granit|Blanc|Terroir|Riesling|sec|136|6|22 23|2 2 0 5 5 3 0|||Alsace
RIS|Riesling Grand Cru Schlossberg|Blanc|Grand Cru|Riesling|sec|214|4|21 22|3 3 0 5 5 4 0|noel||Alsace
RIB|Riesling Grand Cru Brand|Blanc|Grand Cru|Riesling|sec|242|2|20 21|3 2 1 5 4 4 0|noel||Alsace
MUS|Muscat|Blanc|Tradition|Muscat|sec|109|4|23 24|5 4 0 1 3 2 0|printemps||Alsace
KLE|Klevener de Heiligenstein|Blanc|Terroir|Klevener|demi-sec|119|2|23|3 3 2 2 3 3 0|||Alsace
PGR|Pinot Gris Réserve|Blanc|Tradition|Pinot Gris|demi-sec|126|6|22 23|3 1 2 2 3 4 0|automne|C|Alsace
PGH|Pinot Gris Grand Cru Hengst|Blanc|Grand Cru|Pinot Gris|moelleux|236|3|21 22|4 1 3 3 3 5 0|noel||Alsace
GEW|Gewurztraminer Tradition|Blanc|Tradition|Gewurztraminer|demi-sec|129|8|22 23 24|4 5 4 1 2 3 0|automne noel|C|Alsace
GEL|Gewurztraminer Lieu-dit Altenbourg|Blanc|Terroir|Gewurztraminer|moelleux|168|5|22 23|5 5 4 1 2 4 0|automne noel||Alsace
GEG|Gewurztraminer Grand Cru Goldert|Blanc|Grand Cru|Gewurztraminer|moelleux|246|3|21 22|5 5 5 2 2 5 0|noel||Alsace
GVT|Gewurztraminer Vendanges Tardives|Blanc|Vendanges Tardives|Gewurztraminer|doux|342|3|18 20|5 4 4 1 2 5 0|noel|H|Alsace
RVT|Riesling Vendanges Tardives|Blanc|Vendanges Tardives|Riesling|doux|358|2|18|4 3 1 4 4 4 0|noel||Alsace
SGN|Pinot Gris Sélection de Grains Nobles|Blanc|Grains Nobles|Pinot Gris|doux|684|1|17|5 2 3 2 3 5 0|noel|H|Alsace
CHB|Chablis|Blanc|France|Chardonnay|sec|178|3|23|2 2 0 5 4 3 0|||Bourgogne
SAN|Sancerre|Blanc|France|Sauvignon|sec|189|3|23 24|3 2 0 4 4 2 0|printemps||Loire
JUR|Jurançon Moelleux|Blanc|France|Petit Manseng|moelleux|146|3|22|5 2 2 1 4 4 0|noel||Sud-Ouest
SAU|Sauternes|Blanc|France|Sémillon|doux|324|2|19|5 2 3 1 3 5 0|noel||Bordeaux
PNO|Pinot Noir Tradition|Rouge|Tradition|Pinot Noir|sec|116|8|22 23 24|4 1 2 1 3 2 2||C|Alsace
PNB|Pinot Noir Barrique|Rouge|Terroir|Pinot Noir|sec|186|4|21 22|4 1 3 2 3 3 3|automne noel|M|Alsace
PNF|Pinot Noir Furstentum|Rouge|Terroir|Pinot Noir|sec|284|2|20 21|4 2 3 3 3 4 3|noel||Alsace
CDR|Côtes-du-Rhône Villages|Rouge|France|Grenache|sec|92|6|22 23|4 1 3 0 2 3 3|automne|C|Rhône
CRO|Crozes-Hermitage|Rouge|France|Syrah|sec|179|4|21 22|4 1 4 1 2 4 4|automne||Rhône
SEM|Saint-Émilion|Rouge|France|Merlot|sec|198|4|20 21|4 0 3 1 2 4 4|noel||Bordeaux
MOR|Morgon|Rouge|France|Gamay|sec|132|4|22 23|5 2 1 1 3 2 2|printemps||Beaujolais
PSL|Pic Saint-Loup|Rouge|France|Syrah|sec|126|3|22|4 1 4 1 2 4 4|ete automne||Languedoc
CHN|Chinon|Rouge|France|Cabernet Franc|sec|112|3|22 23|3 2 2 1 3 2 3|||Loire
ROS|Rosé de Pinot Noir|Rosé|Tradition|Pinot Noir|sec|94|6|23 24 25|4 2 0 1 4 1 0|ete|C|Alsace
PRO|Côtes de Provence Rosé|Rosé|France|Cinsault|sec|126|5|24 25|4 3 0 1 3 1 0|ete||Provence
TAV|Tavel|Rosé|France|Grenache|sec|118|2|24|4 2 1 0 3 3 1|ete||Rhône
CRB|Crémant d'Alsace Brut|Bulles|Crémant|Pinot Blanc|brut|116|10|-|3 2 0 2 4 2 0|noel fetes|CM|Alsace
CRR|Crémant d'Alsace Rosé|Bulles|Crémant|Pinot Noir|brut|126|6|-|4 2 0 1 4 2 0|ete fetes|C|Alsace
CRN|Crémant Blanc de Noirs Extra-Brut|Bulles|Crémant|Pinot Noir|brut|148|4|-|3 1 1 3 4 3 0|fetes||Alsace
CRP|Crémant Prestige|Bulles|Crémant|Chardonnay|brut|188|3|20 21|3 2 1 4 4 3 0|noel fetes||Alsace
CRD|Crémant Demi-Sec|Bulles|Crémant|Pinot Blanc|demi-sec|112|3|-|4 3 0 1 3 2 0|fetes||Alsace
CHP|Champagne Brut Réserve|Bulles|France|Pinot Meunier|brut|324|3|-|3 2 1 3 4 3 0|noel fetes|M|Champagne
DIE|Clairette de Die|Bulles|France|Muscat|doux|108|3|-|5 4 0 0 3 1 0|fetes||Rhône
MGW|Marc de Gewurztraminer|Spiritueux|Eaux-de-vie|Gewurztraminer||324|2|-|3 4 4 0 0 4 0|noel||Alsace
MIR|Eau-de-vie de Mirabelle|Spiritueux|Eaux-de-vie|||348|3|-|5 2 1 0 0 4 0|noel||Alsace
KIR|Kirsch|Spiritueux|Eaux-de-vie|||362|2|-|4 1 2 0 0 4 0|noel||Alsace
FRA|Eau-de-vie de Framboise|Spiritueux|Eaux-de-vie|||386|1|-|5 3 0 0 0 3 0|noel||Alsace
WHI|Whisky d'Alsace|Spiritueux|Whisky|||524|2|-|2 1 4 0 0 5 0|noel||Alsace
"""  # noqa: E501  (one wine per line)


def _vintages(text: str) -> tuple[int | None, ...]:
    return (None,) if text == "-" else tuple(2000 + int(year) for year in text.split())


def _parse_range(row: str) -> Range:
    cells = row.split("|")
    return Range(
        code=cells[0],
        name=cells[1],
        family=cells[2],
        sub_family=cells[3],
        grape=cells[4],
        sweetness=cells[5],
        price=int(cells[6]),
        weight=float(cells[7]),
        vintages=_vintages(cells[8]),
        aromas=tuple(float(note) for note in cells[9].split()),
        seasons=cells[10],
        formats=cells[11],
        region=cells[12],
    )


RANGES: tuple[Range, ...] = tuple(_parse_range(row) for row in _TABLE.strip().splitlines())
