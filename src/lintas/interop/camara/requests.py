"""What a client asks: request bodies read strictly, and which number is meant by the request and its token together."""

import ipaddress
import re
from datetime import date, datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from lintas.interop.camara.faults import Fault

PhoneNumber = Annotated[str, msgspec.Meta(pattern=r"\A\+[1-9][0-9]{4,14}\Z")]
#: What the header ``x-correlator`` may hold (schema ``XCorrelator``).
CORRELATOR = re.compile(r"[a-zA-Z0-9\-_:;./<>{}]{0,256}")
#: Hours that ``maxAge`` may be, and is where nothing is said (schema ``CreateCheckSimSwap``).
LEAST_HOURS, MOST_HOURS, USUAL_HOURS = 1, 2400, 240

T = TypeVar("T")


class Ipv4(msgspec.Struct, frozen=True, rename="camel"):
    """A device by its address behind a translation (schema ``DeviceIpv4Addr``); read to be refused as unsupported."""

    public_address: str
    private_address: str | UnsetType = UNSET
    public_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Refuse what the schema does not allow."""
        ipaddress.IPv4Address(self.public_address)
        if self.private_address is not UNSET:
            ipaddress.IPv4Address(self.private_address)
        if self.private_address is UNSET and self.public_port is UNSET:
            raise ValueError("the private address or the public port is missing")


class Device(msgspec.Struct, frozen=True, rename="camel"):
    """Which device is meant; at least one field (schema ``Device``). Only the phone number is supported here."""

    phone_number: PhoneNumber | UnsetType = UNSET
    network_access_identifier: str | UnsetType = UNSET
    ipv4_address: Ipv4 | UnsetType = msgspec.field(default=UNSET, name="ipv4Address")
    ipv6_address: str | UnsetType = msgspec.field(default=UNSET, name="ipv6Address")

    def __post_init__(self) -> None:
        """Refuse a device that is named by nothing that the schema knows."""
        if self.named == 0:
            raise ValueError("the device is named by nothing")
        if self.ipv6_address is not UNSET:
            ipaddress.IPv6Address(self.ipv6_address)

    @property
    def named(self) -> int:
        """Return by how many identifiers the device is named."""
        return sum(getattr(self, name) is not UNSET for name in self.__struct_fields__)


class RoamingRequest(msgspec.Struct, frozen=True):
    """Body of ``device-roaming-status/v1/retrieve``."""

    device: Device | UnsetType = UNSET


class SimSwapDateRequest(msgspec.Struct, frozen=True, rename="camel"):
    """Body of ``sim-swap/v2/retrieve-date``."""

    phone_number: PhoneNumber | UnsetType = UNSET


class SimSwapRequest(msgspec.Struct, frozen=True, rename="camel"):
    """Body of ``sim-swap/v2/check``: within how many hours a change is looked for."""

    phone_number: PhoneNumber | UnsetType = UNSET
    max_age: int = USUAL_HOURS


class RecyclingRequest(msgspec.Struct, frozen=True, rename="camel"):
    """Body of ``number-recycling/v0.2/check``; the date is RFC 3339 ``full-date``."""

    specified_date: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
    phone_number: PhoneNumber | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has."""
        date.fromisoformat(self.specified_date)


def read(body: bytes, shape: type[T]) -> T:
    """Read a request body; INVALID_ARGUMENT for what is no JSON or does not fit. Fields of newer versions are passed over."""
    try:
        return msgspec.json.decode(body, type=shape)
    # No JSON, no UTF-8, a number or nesting without end: whatever cannot be read is the same to its sender.
    except (ValueError, RecursionError, msgspec.MsgspecError) as wrong:
        raise Fault("INVALID_ARGUMENT", _place(wrong)) from None


def number_meant(token: int | None, given: str | UnsetType) -> int:
    """Return the number that token or request name, as an integer.

    UNNECESSARY_IDENTIFIER where both do, whether or not they agree; MISSING_IDENTIFIER where neither does.
    """
    if token is not None:
        if given is not UNSET:
            raise Fault("UNNECESSARY_IDENTIFIER")
        return token
    if given is UNSET:
        raise Fault("MISSING_IDENTIFIER")
    return int(given)


def device_meant(token: int | None, given: Device | UnsetType) -> int:
    """Return the number of the device that token or request name; UNSUPPORTED_IDENTIFIER for one not named by a number."""
    if given is UNSET:
        return number_meant(token, UNSET)
    if token is not None:
        raise Fault("UNNECESSARY_IDENTIFIER")
    if given.phone_number is UNSET:
        raise Fault("UNSUPPORTED_IDENTIFIER")
    return int(given.phone_number)


def hours_back(asked: int, monitored_days: int | None) -> int:
    """Return ``maxAge`` if it can be answered; OUT_OF_RANGE beyond the schema's bounds or the days monitored (None: all)."""
    if not LEAST_HOURS <= asked <= MOST_HOURS:
        raise Fault("OUT_OF_RANGE", f"maxAge is {LEAST_HOURS} to {MOST_HOURS} hours.")
    if monitored_days is not None and asked > monitored_days * 24:
        raise Fault("OUT_OF_RANGE", f"Changes are known of the last {monitored_days} days only.")
    return asked


def day_asked(request: RecyclingRequest, now: datetime) -> date:
    """Return the day after which a change is looked for; OUT_OF_RANGE for one that has not begun (UTC)."""
    day = date.fromisoformat(request.specified_date)
    if day > now.date():
        raise Fault("OUT_OF_RANGE", "specifiedDate lies in the future.")
    return day


def _place(wrong: Exception) -> str:
    """Say at which field of the definition a body is wrong; what was sent is not repeated."""
    field = re.search(r"at `\$\.([A-Za-z0-9.]+)`", str(wrong))
    missing = re.search(r"missing required field `([A-Za-z0-9]+)`", str(wrong))
    if missing:
        return f"The request lacks the field {missing[1]}."
    return f"The field {field[1]} is not as the definition says." if field else ""
