"""Finds wallet addresses and believes only their checksums: base58check, bech32 (BIP 173, 350), EIP-55, TON's CRC."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from lintas.text.finding import Finding, Page
from lintas.text.keccak import keccak256

#: Base58 of this length mixes cases; words of running text do not.
_MIXED = re.compile(r"[a-z].*[A-Z]|[A-Z].*[a-z]")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE58 = {char: i for i, char in enumerate(_BASE58)}
_RIPPLE = str.maketrans("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz", _BASE58)
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
#: first version byte of a 21-byte payload -> chain
_VERSIONS = {
    0x00: "bitcoin",
    0x05: "bitcoin",
    0x41: "tron",
    0x30: "litecoin",
    0x32: "litecoin",
    0x1E: "dogecoin",
    0x4C: "dash",
}
_PREFIXES = {"bc": "bitcoin", "ltc": "litecoin", "addr": "cardano"}

_WORD = re.compile(r"(?<![A-Za-z0-9_\x01])[A-Za-z0-9_-]{25,110}(?![A-Za-z0-9_-])")
#: An address broken by single spaces, dots or hyphens: groups of letters and digits after a telling start.
_BROKEN = re.compile(
    r"(?<![A-Za-z0-9_\x01])(?:0x|bc1|ltc1|[13TLMDrX])[A-Za-z0-9]{2,41}(?:[ .-][A-Za-z0-9]{1,24}){1,14}(?![A-Za-z0-9])"
)


def find_wallets(page: Page) -> Iterator[Finding]:
    """Find wallet addresses; spans read are crossed out on the page."""
    text = page.rest()
    for word in _WORD.finditer(text):
        chain = chain_of(word.group())
        if chain:
            page.cross_out(*word.span())
            yield _finding(word.group(), chain, word.start(), word.end(), 0.99)
    text = page.rest()
    for broken in _BROKEN.finditer(text):
        found = _join(text, broken.start(), broken.end())
        if found:
            page.cross_out(found.start, found.end)
            yield found


def _finding(address: str, chain: str, start: int, end: int, confidence: float) -> Finding:
    if chain in _PREFIXES.values() and address.upper() == address and "1" in address[:6]:
        address = address.lower()
    return Finding(type="wallet", value=address, start=start, end=end, confidence=confidence, chain=chain)


def _join(text: str, start: int, end: int) -> Finding | None:
    """Join the groups of a broken address up to each group end and keep what the checksum confirms."""
    joined = ""
    for group in re.finditer(r"[A-Za-z0-9]+", text[start:end]):
        joined += group.group()
        if len(joined) > 110:
            return None
        if (
            len(joined) >= 25
            and not joined.isdigit()
            and (joined[1] in "xXct" or _MIXED.search(joined))
            and (chain := chain_of(joined))
        ):
            return _finding(joined, chain, start, start + group.end(), 0.9)
    return None


def chain_of(address: str) -> str | None:
    """Return the chain whose checksum ``address`` satisfies, or None. EVM chains share one form: ``evm``."""
    if address[:2] in ("0x", "0X") and len(address) == 42:
        return "evm" if _is_evm(address[2:]) else None
    separator = address.rfind("1")
    prefix = address[:separator].lower()
    if prefix in _PREFIXES:
        return _PREFIXES[prefix] if _is_bech32(address) else None
    if len(address) == 48 and address[:2] in ("EQ", "UQ", "kQ", "0Q"):
        return "ton" if _is_ton(address) else None
    if not 25 <= len(address) <= 36 or not address.isalnum() or not address.isascii():
        return None
    version = _base58_version(address)
    if version in _VERSIONS:
        return _VERSIONS[version]
    if address[0] == "r" and _base58_version(address.translate(_RIPPLE)) == 0x00:
        return "ripple"
    return None


def _is_evm(digits: str) -> bool:
    """EIP-55: mixed case is a checksum; one case carries none and is taken as it is."""
    if not re.fullmatch(r"[0-9a-fA-F]{40}", digits):
        return False
    if digits in (digits.lower(), digits.upper()):
        return True
    digest = keccak256(digits.lower().encode("ascii")).hex()
    return all(not char.isalpha() or char.isupper() == (digest[i] >= "8") for i, char in enumerate(digits))


def _base58_version(address: str) -> int | None:
    """Return the version byte of a 25-byte base58check string, None when the checksum fails."""
    number = 0
    for char in address:
        value = _VALUE58.get(char)
        if value is None:
            return None
        number = number * 58 + value
    zeros = len(address) - len(address.lstrip("1"))
    length = (number.bit_length() + 7) // 8
    if zeros + length != 25:
        return None
    decoded = bytes(zeros) + number.to_bytes(length, "big")
    check = hashlib.sha256(hashlib.sha256(decoded[:21]).digest()).digest()[:4]
    return decoded[0] if check == decoded[21:] else None


def _is_bech32(address: str) -> bool:
    if address not in (address.lower(), address.upper()):
        return False
    prefix, _, data = address.lower().rpartition("1")
    if len(data) < 6 or any(char not in _BECH32 for char in data):
        return False
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32.index(char) for char in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if (top >> i) & 1 else 0
    return check in (1, 0x2BC830A3)


def _is_ton(address: str) -> bool:
    try:
        decoded = base64.urlsafe_b64decode(address)
    except (binascii.Error, ValueError):
        return False
    return binascii.crc_hqx(decoded[:34], 0).to_bytes(2, "big") == decoded[34:]
