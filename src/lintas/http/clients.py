"""Who asks, as far as a call without a key says: whose tries count together."""

import ipaddress

from starlette.requests import Request


def client_of(request: Request) -> str:
    """Return whose tries count together: an IPv4 address, or the network of an IPv6 one, which one customer has whole."""
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """Return whose tries count together for an address, with or without a port; what is none stays as it is."""
    address = _read(host) or _read(host.rpartition(":")[0])
    if address is None:
        return host
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def _read(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
