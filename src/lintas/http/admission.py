"""Notes who was not admitted at a door that asks for client certificates: counted by why, and logged once a minute each."""

import hashlib
import logging
import ssl
import time
from collections import Counter
from collections.abc import Callable

log = logging.getLogger("lintas.node")

#: After one line in the log the same reason is only counted for so long.
QUIET_SECONDS = 60.0


class TurnedAway:
    """Callers of one door that were not admitted, by why."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._now, self._said = now, dict[str, float]()

    def note(self, door: str, why: str, certificate: bytes | None = None) -> None:
        """Count one; its certificate (DER), where there is one, is named by its fingerprint."""
        self.counts[why] += 1
        now = self._now()
        if now - self._said.get(why, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._said[why] = now
        more = {} if certificate is None else {"peer": hashlib.sha256(certificate).hexdigest()}
        about = {"listener": door, "why": why, "count": self.counts[why], **more}
        log.warning("a caller was not admitted", extra=about)

    def watch(self, context: ssl.SSLContext, door: str) -> None:
        """Note handshakes that fail: OpenSSL ends those of unknown certificates itself, and shows nothing of them."""

        class Watched(ssl.SSLObject):
            def do_handshake(this) -> None:
                try:
                    ssl.SSLObject.do_handshake(this)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise
                except ssl.SSLError as wrong:
                    self.note(door, _reason(wrong))
                    raise

        context.sslobject_class = Watched


def _reason(wrong: ssl.SSLError) -> str:
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return "it showed a certificate that is not among those in the settings"
    if wrong.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "it showed no certificate"
    return "it ended the handshake: does it trust this door's certificate, and is that for the host it calls?"
