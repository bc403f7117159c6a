"""What a ladder knows of one call while it goes up the rungs: the numbers as read, the list's word, what was found so far."""

from lintas.telco.records import Call, Listed
from lintas.telco.verdicts.plans import Line, Plan
from lintas.telco.verdicts.reading import Reading, read


class Seen:
    """One call on its way; made for it, thrown away after it."""

    __slots__ = ("_b", "a", "call", "forwarder", "inbound", "line", "listed", "operator", "to")

    def __init__(self, call: Call, a: Reading, listed: Listed | None) -> None:
        self.call, self.a, self.listed = call, a, listed
        #: It comes in from another network: by an international trunk, or an agreed nomadic one.
        self.inbound = call.trunk != "domestic"
        self.line: Line | None = a.line
        #: Who forwarded it, if that may excuse the caller id: one of our own mobiles, or a number abroad.
        self.forwarder: Reading | None = None
        #: Whose number the caller id is after portability, and who answers for that operator.
        self.operator = self.to = ""
        self._b: Reading | None = None

    def b(self, plan: Plan) -> Reading:
        """Return the called number as read, which not every call needs."""
        if self._b is None:
            self._b = read(plan, self.call.b, domestic=not self.inbound)
        return self._b
