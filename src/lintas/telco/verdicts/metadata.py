"""What is publicly known of real numbering plans, taken once from phonenumbers' metadata (libphonenumber) and compiled."""

import re
from functools import cache
from itertools import product
from typing import Literal

import phonenumbers
from phonenumbers import PhoneMetadata

from lintas.model.errors import BadInput

#: The kinds of line that the metadata knows.
PublicKind = Literal["mobile", "fixed", "nongeographic", "voip"]
#: How the metadata's names for kinds of lines read here. Mobile first: where both share a pattern, the stricter rule holds.
_KINDS: tuple[tuple[str, PublicKind], ...] = (
    ("mobile", "mobile"),
    ("fixed_line", "fixed"),
    ("voip", "voip"),
    ("personal_number", "nongeographic"),
    ("toll_free", "nongeographic"),
    ("shared_cost", "nongeographic"),
    ("premium_rate", "nongeographic"),
    ("uan", "nongeographic"),
    ("pager", "nongeographic"),
    ("voicemail", "nongeographic"),
)
SOURCE = f"libphonenumber metadata, phonenumbers {phonenumbers.__version__}"


@cache
def regions_of(code: str) -> tuple[str, ...]:
    """Return the regions that share a country code, its main one first; none for a code that ITU-T has assigned to nobody."""
    return phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())


def countries() -> dict[str, tuple[str, ...]]:
    """Return country code -> the regions that share it, for every code that ITU-T has assigned."""
    return {str(code): tuple(regions) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


@cache
def patterns(region: str) -> tuple[tuple[PublicKind, str], ...]:
    """Return (kind, regular expression for the national number) of a region."""
    found = PhoneMetadata.metadata_for_region(region, None)
    return tuple(
        (kind, described.national_number_pattern)
        for name, kind in _KINDS
        if found is not None
        and (described := getattr(found, name)) is not None
        and described.national_number_pattern is not None
    )


@cache
def anything(region: str) -> re.Pattern[str]:
    """Return one expression for every national number that is known of a region."""
    return re.compile("|".join(f"(?:{pattern})" for _, pattern in patterns(region)) or r"(?!)", re.ASCII)


@cache
def shape(region: str) -> re.Pattern[str]:
    """Return one expression for whatever has the shape of a region's national numbers, in a known range or not."""
    found = PhoneMetadata.metadata_for_region(region, None)
    described = None if found is None else found.general_desc
    return re.compile((described and described.national_number_pattern) or r"(?!)", re.ASCII)


@cache
def lengths(code: str) -> frozenset[int]:
    """Return how many digits national numbers behind a country code may have; empty where that is not known."""
    found = [PhoneMetadata.metadata_for_region(region, None) for region in regions_of(code)]
    described = (region.general_desc for region in found if region is not None)
    return frozenset(each for one in described if one is not None for each in one.possible_length)


def prefixes(region: str) -> tuple[str, str, str]:
    """Return country code, international prefix ("" if there are several) and trunk prefix of a region; BadInput if unknown."""
    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None:
        raise BadInput(f"there is no numbering plan of {region[:20]!r}", "give an ISO 3166-1 code such as XA or MY")
    away = found.international_prefix or ""
    return str(found.country_code), away if away.isdigit() else "", found.national_prefix or ""


def emergency(region: str) -> tuple[str, ...]:
    """Return the emergency numbers of a region as the metadata of short numbers has them."""
    found = PhoneMetadata.short_metadata_for_region(region)
    if found is None or found.emergency is None or found.emergency.national_number_pattern is None:
        return ()
    wanted = re.compile(found.emergency.national_number_pattern)
    short = (length for length in found.emergency.possible_length if length <= 5)
    tried = ("".join(digits) for length in short for digits in product("0123456789", repeat=length))
    return tuple(number for number in tried if wanted.fullmatch(number))
