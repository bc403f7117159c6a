"""Scopes of the CAMARA interfaces and the purpose that goes with them (CAMARA Security and Interoperability Profile)."""

#: What each operation asks a token for, any one of these: the definitions of SIM swap also know one scope for both.
NEEDED = {
    "device-roaming-status.retrieve": frozenset({"device-roaming-status:read"}),
    "sim-swap.check": frozenset({"sim-swap:check", "sim-swap"}),
    "sim-swap.retrieve-date": frozenset({"sim-swap:retrieve-date", "sim-swap"}),
    "number-recycling.check": frozenset({"number-recycling:check"}),
}
SCOPES = frozenset().union(*NEEDED.values())
#: The purpose that clients have unless another is agreed with them (W3C Data Privacy Vocabulary).
FRAUD = "FraudPreventionAndDetection"


def read_scope(text: str) -> tuple[str, frozenset[str]] | None:
    """Return the purpose and the scopes of a token request's ``scope``; None unless there is exactly one purpose and a scope.

    ``dpv:PURPOSE SCOPE SCOPE`` is the form of the profile; ``dpv:PURPOSE#SCOPE``, that of its first version, is read too.
    """
    purposes, scopes = set[str](), set[str]()
    for word in text.split(" "):
        if word.startswith("dpv:"):
            purpose, _, scope = word.removeprefix("dpv:").partition("#")
            purposes.add(purpose)
            scopes |= {scope} if scope else set()
        elif word:
            scopes.add(word)
    if len(purposes) != 1 or not scopes:
        return None
    return purposes.pop(), frozenset(scopes)
