"""Addresses on chains in the one form a ledger keeps: hexadecimal and bech32 in lower case, base58 as it is."""

import re
from functools import lru_cache

from lintas.model.errors import BadInput
from lintas.text.wallets import chain_of
from lintas.trace.ledgers.readers.table import MAX_NAME

_LOWER_HEX = re.compile(r"0x[0-9a-f]{40}")
_BECH32 = ("bc1", "ltc1", "BC1", "LTC1")
#: The chain whose checksum an address has to satisfy, by the asset it is said to hold.
_CHAINS = {"BTC": "bitcoin", "LTC": "litecoin", "TRX": "tron", "DOGE": "dogecoin", "DASH": "dash"}
_TOLD = {"evm": "ETH", "bitcoin": "BTC", "litecoin": "LTC", "tron": "TRX", "dogecoin": "DOGE", "dash": "DASH"}


@lru_cache(maxsize=1 << 16)
def canonical(address: str, *, asset: str = "") -> str:
    """Return an address in its one form.

    Checksums are checked where an address shows what it is: EIP-55 where the case is mixed, bech32, and base58 where
    ``asset`` says whose it is. What is of none of these is taken exactly as it stands. BadInput for a wrong checksum, or
    what is no address at all; the caller adds the place.
    """
    if _LOWER_HEX.fullmatch(address):
        return address
    if not 1 <= len(address) <= MAX_NAME or not address.isprintable() or " " in address:
        raise BadInput("this is no address", f"give 1 to {MAX_NAME} printable characters without spaces")
    hexadecimal, chain = address[:2] in ("0x", "0X") and len(address) == 42, chain_of(address)
    known = hexadecimal or address.startswith(_BECH32)
    if chain is None and (known or asset in _CHAINS):
        raise BadInput("the checksum of the address is wrong", "copy it again, letter by letter")
    return address.lower() if known else address


def asset_of(address: str) -> str:
    """Return the asset of the chain whose checksum an address satisfies (ETH for all that share its form), "" for none."""
    return _TOLD.get(chain_of(address) or "", "")
