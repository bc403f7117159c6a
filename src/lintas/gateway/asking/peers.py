"""Who answers for numbers abroad at a node: the member whose operators have them, while it is not severed."""

from collections.abc import Callable, Sequence

from lintas.gateway.asking.asker import Asker
from lintas.gateway.asking.carrier import HttpCarrier
from lintas.gateway.asking.directory import Respondent
from lintas.gateway.asking.directory_file import read_directory
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY
from lintas.node.runtime import Runtime
from lintas.trust.certificates import fingerprint
from lintas.trust.charter import Member

#: A gateway gives up after 300 ms; so the node before, and our operators before a peer does.
ABROAD_S, OPERATORS_S = 0.25, 0.2


class PeerDirectory:
    """The members that are not severed now, by the numbers of their operators."""

    def __init__(self, authority_of: Callable[[str], str], peers: Callable[[], Sequence[Member]]) -> None:
        self._authority_of, self._peers = authority_of, peers

    def find(self, number: int) -> Respondent | None:
        """Return the member that answers for a number; None where none can be dialled."""
        authority = self._authority_of(f"+{number}")
        member = next((each for each in self._peers() if each.authority == authority and each.exchange_url), None)
        if member is None:
            return None
        # A new certificate is a new connection: the old one is trusted no more.
        name = f"{authority} {fingerprint(member.tls_certificate)[:16]}"
        url = member.exchange_url.rstrip("/")
        return Respondent(name=name, url=url, certificate=member.tls_certificate, path="/exchange/v1/cli-check")


def bind(runtime: Runtime) -> None:
    """Let a node ask its operators and its peers, and know whose a number is, where its settings name a file of operators."""
    home = runtime.home
    if not home.config.operators:
        return
    said, calls = read_directory(home.path(home.config.operators)), runtime.node.calls_abroad
    calls.callers = said.callers

    def operator_of(number: int) -> str:
        found = said.directory.find(number)
        return found.name if found is not None else ""

    # Whose a number is, with those that were ported, the directory knows better than a plan.
    runtime.node.lists.recycling.operator_of = operator_of
    shown = (home.key(TLS_CERTIFICATE), home.key(TLS_KEY))
    calls.operators = Asker(said.directory, HttpCarrier(*shown), deadline_s=OPERATORS_S)
    abroad = PeerDirectory(calls.authority_of, lambda: runtime.peers)
    calls.peers = Asker(abroad, HttpCarrier(*shown), deadline_s=ABROAD_S)
