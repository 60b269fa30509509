"""Names, houses and places that are combined at random into invented customers."""

import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Marie Jean Anne Pierre Sophie Michel Claire Philippe Julie Nicolas Camille Thomas Hélène "
    "François Élodie Laurent Céline Stéphane Aurélie Christophe Léa Antoine Manon Julien Chloé "
    "Mathieu Émilie Sébastien Françoise Alain Monique Bernard Nathalie Jérôme Véronique Olivier "
    "Sandrine Frédéric Isabelle Guillaume Zoé Loïc Maëlle Benoît Noémie Rémi Margaux Cédric "
    "Odile Gérard Lucie Hugo Inès Paul"
)
LAST_NAMES = _words(
    "Muller Schmitt Meyer Weber Klein Schneider Martin Bernard Dubois Petit Durand Leroy Moreau "
    "Simon Laurent Lefebvre Michel Garcia Roux Fournier Girard Bonnet Dupont Lambert Fontaine "
    "Rousseau Vincent Faure Mercier Blanc Guérin Boyer Chevalier Gauthier Perrin Clément Lemaître "
    "Hébert Noël Dufour Renaud Kieffer Wagner Zimmermann Heitz Wolff Hoffmann Ritter Kuntz Baumann "
    "Huber Lang Vogel Fischer Walter Roth Marchand Colin Prévost Benoît Maillard Rey"
)
FOREIGN_NAMES = {
    "de": (
        _words("Anna Lukas Julia Jonas Katrin Stefan Jürgen Sabine Uwe Heike Björn Grit"),
        _words("Schäfer Becker Krüger Lehmann Vogt Jäger Brandt Sommer Winter Köhler"),
    ),
    "en": (
        _words("Emma James Olivia William Grace Henry Alice George Ruth Peter"),
        _words("Smith Taylor Brown Wilson Evans Walker Wright Hughes Carter Reed"),
    ),
}
HOUSES = ("Winstub", "Restaurant", "Cave", "Hôtel", "Auberge", "Épicerie", "Bistrot", "Traiteur")
PLACES = ("67", "67", "67", "68", "68", "68", "54", "57", "88", "90", "25", "75", "69", "01", "33")
MAIL_DOMAINS = ("example.com", "example.com", "example.org", "example.fr")


def spelled_for_mail(name: str) -> str:
    """Return `name` as it stands in an address: lower case, plain letters.

    >>> spelled_for_mail("Élodie")
    'elodie'
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
