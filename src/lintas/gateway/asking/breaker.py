"""A circuit breaker for one operator: asks nobody who does not answer, and probes with single questions."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Opens when ``share`` of at least ``least`` questions in ``window_s`` failed, or ``in_a_row`` one after the other.

    After ``pause_s``, doubled with each probe that fails up to ``longest_s``, one question at a time probes; ``probes``
    that are answered close it.
    """

    share: float = 0.2
    least: int = 10
    window_s: float = 2.0
    in_a_row: int = 5
    pause_s: float = 1.0
    longest_s: float = 30.0
    probes: int = 3


class Breaker:
    """One operator's breaker; times are seconds of a clock that does not go back."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        #: When, and whether it failed; the window's.
        self._seen: list[tuple[float, bool]] = []
        self._in_a_row = 0
        self._opened: float | None = None
        self._pause = self.limits.pause_s
        self._probing = False
        self._answered = 0

    @property
    def is_open(self) -> bool:
        """Return whether only probes are let through, if anything."""
        return self._opened is not None

    def may_ask(self, now: float) -> bool:
        """Return whether a question may be asked now; one that may must be followed by ``done``."""
        if self._opened is None:
            return True
        if self._probing or now - self._opened < self._pause:
            return False
        self._probing = True
        return True

    def done(self, now: float, *, failed: bool) -> None:
        """Note how a question ended."""
        if self._opened is not None:
            self._probed(now, failed)
            return
        window = self.limits.window_s
        self._seen = [*[(at, bad) for at, bad in self._seen if now - at < window][-1000:], (now, failed)]
        self._in_a_row = self._in_a_row + 1 if failed else 0
        bad = sum(1 for _, each in self._seen if each)
        many = len(self._seen) >= self.limits.least and bad >= self.limits.share * len(self._seen)
        if failed and (many or self._in_a_row >= self.limits.in_a_row):
            self._open(now, self.limits.pause_s)

    def _probed(self, now: float, failed: bool) -> None:
        """Note a probe; a question that was asked before the breaker opened, and ends now, is taken as none."""
        if not self._probing:
            return
        self._probing = False
        if failed:
            self._open(now, min(2 * self._pause, self.limits.longest_s))
            return
        self._answered += 1
        if self._answered >= self.limits.probes:
            self._opened, self._seen, self._in_a_row = None, [], 0

    def _open(self, now: float, pause: float) -> None:
        self._opened, self._pause, self._answered, self._probing = now, pause, 0, False
