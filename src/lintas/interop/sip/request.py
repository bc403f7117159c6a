"""What a request is: the header fields that a redirect server needs, in their spellings (RFC 3261 §7.3), and whom it calls."""

import msgspec

from lintas.interop.sip.uri import Uri, Via

#: By name in its usual spelling.
Fields = dict[str, str]

#: Fields that stand once in a request, and those that are lists, whose lines are one list (§7.3.1).
ONCE = frozenset(["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"])
LISTS = frozenset(["Via", "Contact", "P-Asserted-Identity", "Remote-Party-ID", "Diversion", "History-Info", "Identity"])
NEEDED = frozenset(["Via", "From", "To", "Call-ID", "CSeq"])
COMPACT = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "y": "Identity"}
#: The usual spelling of each field that is kept, by its name in lower case.
KEPT = {name.lower(): name for name in ONCE | LISTS} | COMPACT
#: More hops than Max-Forwards allows to begin with (§8.1.1.6): a loop between networks that do not count.
MAX_VIAS = 70


class Request(msgspec.Struct, frozen=True):
    """One request: its method, its Request-URI as it came and read, the fields that are kept, its body.

    ``via`` is the topmost Via, None where it cannot be read: then nobody can be answered. ``caller`` is the plain number that
    the request shows and asserts, "" where ``parties`` must look for it. A field's value may have spaces around it, as it came.
    """

    method: str
    uri: str
    target: Uri
    fields: Fields
    body: bytes
    via: Via | None
    caller: str = ""

    @property
    def max_forwards(self) -> int:
        """Return how many hops are left; 70 where it is not said (§16.3)."""
        return int(self.fields.get("Max-Forwards", MAX_VIAS))
