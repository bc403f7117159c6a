"""People by name: when two spellings are one person, for every rule that asks for two."""

import unicodedata


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's: case, blanks and compatible letters do not count."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(letter for letter in folded if unicodedata.category(letter) != "Cf").split())
