"""Puts a running node behind its doors: pages and API for people and banks, mutual TLS for peers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lintas.api.app import public_app
from lintas.api.exchange import exchange_app
from lintas.console.pages import PAGES, ROUTES
from lintas.gateway.asking.peers import bind as bind_calls
from lintas.gateway.camara.clients import Register
from lintas.gateway.camara.face import PREFIXES, TOKEN_PATH, Face, Settings
from lintas.gateway.camara.sources import NoTable, Sources
from lintas.http.listeners import Listener, Listeners, TlsFiles, stopping_on_signals
from lintas.node.config import read_config
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY, open_node
from lintas.node.runtime import Runtime, certificates
from lintas.storage.serving import opened_alone

EXCHANGE = "exchange"


async def serve_node(config_file: Path, *, say: Callable[[str], object], distrusted: frozenset[str]) -> None:
    """Open the node's doors and run it until SIGTERM or SIGINT; says ``ready`` and each address once they are open."""
    home = read_config(config_file)
    with opened_alone(home.database) as engine:
        runtime = Runtime(home, open_node(home, engine=engine), distrusted_witnesses=distrusted)
        bind_calls(runtime)
        async with runtime.running(), Listeners(_doors(runtime)) as doors:
            runtime.on_peers = partial(doors.trust_only, EXCHANGE)
            # A successor of the charter may have come while the doors were opening.
            runtime.on_peers(certificates(runtime.peers))
            for name, url in doors.urls.items():
                say(f"ready {name} {url}")
            with stopping_on_signals(doors):
                await doors.stopped()
            runtime.let_go()


def _doors(runtime: Runtime) -> list[Listener]:
    home, config = runtime.home, runtime.home.config
    tls = TlsFiles(certificate=home.key(TLS_CERTIFICATE), key=home.key(TLS_KEY))
    people = public_app(runtime, ROUTES, PAGES, dict.fromkeys(PREFIXES, _camara(runtime)))
    doors = [
        Listener(name="public", host=config.public.host, port=config.public.port, app=people, tls=tls),
        Listener(
            name=EXCHANGE,
            host=config.exchange.host,
            port=config.exchange.port,
            app=exchange_app(runtime),
            tls=tls,
            client_certificates=certificates(runtime.peers),
        ),
    ]
    if config.plain is not None:
        doors.append(Listener(name="plain", host=config.plain.host, port=config.plain.port, app=people))
    return doors


def _camara(runtime: Runtime) -> Face:
    """Build the CAMARA face of the node: it knows clients, but an authority keeps no operator's table, so it answers 503."""
    home, parts = runtime.home, runtime.node.parts
    address = parts.directory.member(parts.identity.authority).public_url
    register = Register(home.path(home.config.camara_clients))
    settings = Settings(token_url=address.rstrip("/") + TOKEN_PATH if address else "")
    return Face(Sources(subscribers=NoTable()), register, settings)
