"""What a client is told: the bodies of answers, times made coarse, and nothing that the definitions do not ask for."""

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET, UnsetType

from lintas.model import times


class Country(msgspec.Struct, frozen=True):
    """A visited country: its mobile country code (ITU-T E.212), and the ISO 3166 codes of the places that share it."""

    code: int
    names: tuple[str, ...] = ()


class OneDevice(msgspec.Struct, frozen=True, rename="camel"):
    """By which one of several identifiers a device was looked up (schema ``DeviceResponse``)."""

    phone_number: str


class RoamingStatus(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of ``device-roaming-status/v1/retrieve``; the country's two fields are there together or not at all."""

    last_status_time: str
    roaming: bool
    country_code: int | UnsetType = UNSET
    country_name: tuple[str, ...] | UnsetType = UNSET
    device: OneDevice | UnsetType = UNSET


class SimSwapDate(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of ``sim-swap/v2/retrieve-date``; null: never in a SIM, or longer ago than the ``monitored_period`` of days."""

    latest_sim_change: str | None
    monitored_period: int | UnsetType = UNSET


class SimSwapped(msgspec.Struct, frozen=True):
    """Answer of ``sim-swap/v2/check``."""

    swapped: bool


class Recycled(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of ``number-recycling/v0.2/check``."""

    phone_number_recycled: bool


def roaming_status(
    roaming: bool, confirmed: datetime, step: timedelta, *, country: Country | None = None, device: str = ""
) -> RoamingStatus:
    """Build the answer; a country is told of a device abroad only, ``device`` names the identifier that was used of several."""
    abroad = country if roaming else None
    return RoamingStatus(
        last_status_time=times.render(coarse(confirmed, step)),
        roaming=roaming,
        country_code=UNSET if abroad is None else abroad.code,
        country_name=UNSET if abroad is None else abroad.names,
        device=OneDevice(device) if device else UNSET,
    )


def sim_swap_date(changed: datetime | None, now: datetime, monitored_days: int | None) -> SimSwapDate:
    """Build the answer; with ``monitored_days`` (None: all of it) nothing is told of what lies before."""
    if monitored_days is None:
        return SimSwapDate(None if changed is None else times.render(changed))
    if changed is None or not within(changed, now, monitored_days * 24):
        return SimSwapDate(None, monitored_days)
    return SimSwapDate(times.render(changed))


def within(changed: datetime | None, now: datetime, hours: int) -> bool:
    """Tell whether something changed within the last ``hours``."""
    return changed is not None and changed >= now - timedelta(hours=hours)


def coarse(moment: datetime, step: timedelta) -> datetime:
    """Round a time down to whole steps (UTC)."""
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)
