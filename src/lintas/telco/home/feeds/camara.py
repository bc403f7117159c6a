"""CAMARA's device-roaming-status-subscriptions v0.8.0: CloudEvents posted when a subscriber leaves or comes home.

Read are the kind of event, its own time and the telephone number. The country, which some kinds carry, is dropped.
"""

from typing import Annotated

import msgspec

from lintas.telco.home.feeds.lines import moment
from lintas.telco.home.records import BadEvent, Change, What, number
from lintas.trust.keys import UNREADABLE

MEDIA = "application/cloudevents+json"
#: One event is a few hundred bytes.
MAX_EVENT = 16_384
PREFIX = "org.camaraproject.device-roaming-status-subscriptions.v0."
_SILENT = frozenset({"subscription-started", "subscription-updated", "subscription-ended"})
# Who changes from one country abroad to another is abroad.
_SAYS: dict[str, What] = {"roaming-on": "abroad", "roaming-off": "home", "roaming-change-country": "abroad"}


class _Device(msgspec.Struct):
    phone_number: str | None = msgspec.field(default=None, name="phoneNumber")


class _Data(msgspec.Struct):
    device: _Device | None = None
    roaming: bool | None = None


class _CloudEvent(msgspec.Struct):
    """The attributes of CloudEvents 1.0 that are needed, and what of the data is read."""

    type: Annotated[str, msgspec.Meta(max_length=200)]
    time: Annotated[str, msgspec.Meta(max_length=40)]
    specversion: str
    data: _Data | None = None


_decode = msgspec.json.Decoder(_CloudEvent).decode


def read(event: bytes) -> list[Change]:
    """Read one event; those about the subscription itself say nothing; BadEvent names what is wrong."""
    if len(event) > MAX_EVENT:
        raise BadEvent("too_long", f"an event has {len(event):,} bytes")
    try:
        said = _decode(event)
    except UNREADABLE:
        raise BadEvent("malformed", "this is no CloudEvent") from None
    if said.specversion != "1.0" or not said.type.startswith(PREFIX):
        raise BadEvent("unknown", "this is no event of device-roaming-status-subscriptions v0")
    kind = said.type[len(PREFIX) :]
    if kind in _SILENT:
        return []
    device = said.data.device if said.data else None
    if said.data is None or device is None:
        raise BadEvent("malformed", "the event names no device")
    return [Change(_what(kind, said.data.roaming), number(device.phone_number), moment(said.time))]


def _what(kind: str, roaming: bool | None) -> What:
    if kind == "roaming-status" and roaming is not None:
        return "abroad" if roaming else "home"
    if kind not in _SAYS:
        raise BadEvent("unknown", "the event is of no known kind")
    return _SAYS[kind]
