"""Reads telephone numbers into E.164 by each jurisdiction's numbering plan (phonenumbers metadata; ITU-T E.164)."""

from functools import cache, lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberType

from lintas.model.places import FICTIONAL

#: The country code of fictional jurisdictions: reserved by ITU-T, assigned to nobody.
FICTIONAL_CODE = "999"
#: Country codes that reports of our region write without the plus sign.
_NEIGHBOURS = ("60", "62", "63", "65", "66", "84", "86", "95", "852", "853", "855", "856", "886", "673", "670", "999")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@cache
def _plan(region: str) -> tuple[int, str] | None:
    """Return country code and trunk prefix; None for regions without a plan, the fictional ones among them."""
    if region in FICTIONAL or region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    plan = PhoneMetadata.metadata_for_region(region)
    return None if plan is None else (plan.country_code or 0, plan.national_prefix or "")


def _split(digits: str) -> tuple[int, str] | None:
    """Split international digits into country code and the rest."""
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return code, digits[length:]
    return None


def international(digits: str, region: str | None = None) -> str | None:
    """Return ``+digits`` if a plan could contain them, else their national reading in ``region``, else None."""
    return plus_form(digits) or (national(digits, region, strict=True) if region else None)


@lru_cache(maxsize=4096)
def plus_form(digits: str) -> str | None:
    """Return E.164 of digits written behind a plus sign, trunk zero in brackets dropped; None when no plan has that length."""
    if not 8 <= len(digits) <= 16:
        return None
    if digits.startswith(FICTIONAL_CODE):
        return f"+{digits}" if len(digits) <= 15 else None
    split = _split(digits)
    if split is None or not split[1]:
        return None
    code, rest = split
    plan = _plan(phonenumbers.region_code_for_country_code(code))
    if plan and plan[1] == "0" and rest.startswith("0"):
        rest = rest[1:]  # "+60 (0)12…": the trunk prefix does not travel
    if not rest or rest[0] == "0" or len(f"{code}{rest}") > 15:
        return None
    return f"+{code}{rest}" if phonenumbers.is_possible_number(PhoneNumber(code, int(rest))) else None


@lru_cache(maxsize=4096)
def national(digits: str, region: str, *, strict: bool) -> str | None:
    """Return E.164 of a nationally written number.

    ``strict`` wants an assigned range; else, where a cue already said "phone", a trunk zero and the right length are enough.
    """
    plan = _plan(region)
    if plan is None or not 6 <= len(digits) <= 13:
        return None
    code, prefix = plan
    rest = digits
    if prefix and digits.startswith(prefix):
        rest = digits[len(prefix) :]
    elif prefix and not _is_mobile(code, digits):
        return None
    if not rest or rest[0] == "0":
        return None
    number = PhoneNumber(code, int(rest))
    if strict or len(rest) == len(digits):
        return f"+{code}{rest}" if phonenumbers.is_valid_number(number) else None
    fine = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return f"+{code}{rest}" if fine else None


def _is_mobile(code: int, digits: str) -> bool:
    # Without a trunk zero only China and the Philippines write their mobiles; elsewhere such digits are often no phone.
    return code in (86, 63) and digits[0] != "0" and phonenumbers.number_type(PhoneNumber(code, int(digits))) in _MOBILE


@lru_cache(maxsize=4096)
def without_plus(digits: str) -> str | None:
    """Return E.164 of digits that begin with a neighbour's country code or 00 but lack the plus; valid numbers only."""
    body = digits[2:] if digits.startswith("00") else digits
    if not 10 <= len(body) <= 15 or not (body.startswith(_NEIGHBOURS) or digits.startswith("00")):
        return None
    split = _split(body)
    if body.startswith(FICTIONAL_CODE) or split is None or not split[1] or split[1][0] == "0":
        return None
    return f"+{body}" if phonenumbers.is_valid_number(PhoneNumber(split[0], int(split[1]))) else None
