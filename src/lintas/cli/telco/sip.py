"""`lintas telco sip`: answers what to do with a call, in SIP, from a list in local memory."""

import asyncio
import contextlib
import gc
import ipaddress
import signal
from collections.abc import Iterable
from typing import Any, cast, get_args

import click
import uvloop

from lintas.cli.telco.deciding import Deciding, deciding, deciding_options
from lintas.gateway.following.renewing import renew
from lintas.gateway.sip.settings import Network, Redress, SipSettings, Source
from lintas.gateway.sip.transport import SipServer
from lintas.model.errors import BadInput
from lintas.telco.records import Trunk

LOCAL = ("127.0.0.0/8", "::1/128")


#: The options that are this command's own; the others say how a gateway decides.
OWN = (
    "strangers", "allow", "pass_code", "block_code", "redress_url", "redress_tel", "redress_email", "card_url", "label",
    "divert_to", "calls_per_second",
)  # fmt: skip


@click.command("sip")
@click.option("--sip", "address", metavar="HOST:PORT", default="127.0.0.1:5060", show_default=True, help="UDP and TCP.")
@click.option(
    "--source", "sources", multiple=True, metavar="NET[=TRUNK]", help="A network that may ask; repeat for more."
)
@click.option("--strangers", type=click.Choice(["silence", "403"]), default="silence", show_default=True)
@click.option("--allow", type=click.Choice(["continue", "pass"]), default="continue", show_default=True)
@click.option("--pass-code", type=click.Choice(["404", "503"]), default="404", show_default=True)
@click.option("--block-code", type=click.Choice(["603", "608"]), default="603", show_default=True)
@click.option(
    "--redress-url", default="", metavar="URL", help="Where a blocked caller objects; {id} is the redress id."
)
@click.option("--redress-tel", default="", metavar="TEL")
@click.option("--redress-email", default="", metavar="EMAIL")
@click.option("--card-url", default="", metavar="URL", help="For 608: where the signed card is published.")
@click.option("--label", default="Suspected scam", show_default=True)
@click.option("--divert-to", default="", metavar="URI", help="An announcement, for calls that are diverted.")
@click.option("--calls-per-second", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True)
@deciding_options
def sip(address: str, sources: tuple[str, ...], **more: Any) -> None:  # noqa: ANN401 — all options by name
    """Answer INVITE with a verdict until told to stop; prints `ready sip HOST:PORT` once it listens."""
    settings = settings_of(address, sources, {name: more.pop(name) for name in OWN})
    gateway = deciding(**more)
    # What was loaded stays: nothing of it needs to be looked at again while calls wait.
    gc.freeze()
    uvloop.run(_serve(gateway, SipServer(gateway.verdicts, settings)))


def settings_of(address: str, sources: Iterable[str], more: dict[str, Any]) -> SipSettings:
    """Return the settings that these options say; BadInput names the one that is wrong."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise BadInput(f"{address!r} is no address", "write host:port, e.g. 127.0.0.1:5060", where="--sip")
    url, tel, email = more["redress_url"], more["redress_tel"], more["redress_email"]
    if url and "{id}" not in url:
        raise BadInput(
            "the redress address is the same for every call", "put {id} where the id goes", where="--redress-url"
        )
    return SipSettings(
        host=host.strip("[]"),
        port=int(port),
        sources=tuple(_source(each) for each in sources or LOCAL),
        strangers=more["strangers"],
        allow=more["allow"],
        pass_code=cast(Any, int(more["pass_code"])),
        blocks=cast(Any, int(more["block_code"])),
        redress=Redress(url=url, tel=tel, email=email) if url else None,
        card_url=more["card_url"],
        label=more["label"],
        divert_to=more["divert_to"],
        calls_per_second=more["calls_per_second"],
    )


def _source(text: str) -> Source:
    written, _, trunk = text.partition("=")
    try:
        network: Network = ipaddress.ip_network(written)
    except ValueError:
        raise BadInput(f"{written!r} is no network", "write 192.0.2.0/24 or one address", where="--source") from None
    if trunk and trunk not in get_args(Trunk):
        raise BadInput(f"{trunk!r} is no trunk class", f"one of {', '.join(get_args(Trunk))}", where="--source")
    return Source(network, cast(Trunk, trunk or "international"))


async def _serve(gateway: Deciding, server: SipServer) -> None:
    """Run the server until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await server.start()
    renewing = [asyncio.create_task(renew(each)) for each in (gateway.standing, gateway.watch) if each is not None]
    try:
        policy = gateway.verdicts.policy
        click.echo(f"ready sip {server.address}{f' policy {policy}' if policy else ''}")
        await stopping.wait()
    finally:
        for each in renewing:
            each.cancel()
        # Calls in hand are answered first, and counted.
        await server.stop()
        with contextlib.suppress(Exception):
            would = {f"would_{action}": count for action, count in gateway.verdicts.counters.would.items()}
            counts = sorted({**server.face.counts, **would}.items())
            click.echo(" ".join(["counts", *(f"{name}={count}" for name, count in counts)]))
        await gateway.close()
