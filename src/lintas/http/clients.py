"""Who asks, as far as a call without a key says: whose tries count together."""

import ipaddress

from starlette.requests import Request


def client_of(request: Request) -> str:
    """Return whose tries count together: an IPv4 address, or the network of an IPv6 one, which one customer has whole."""
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """Return whose tries count together for an address; what is none stays as it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
