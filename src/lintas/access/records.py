"""What access owns: officers, their sessions, keys, and what happened to somebody's access."""

from typing import Annotated, Literal

import msgspec

from lintas.model.tainted import WRITTEN

#: The closed list of roles; a route names those that may call it.
ROLES = frozenset({"hotline", "investigator", "approver", "bank", "telco", "auditor", "administrator"})
#: Roles of people and programs of another organisation than the authority: each names the setting that lists those.
OUTSIDE = {"bank": "banks", "telco": "telcos"}
#: Roles that need a second administrator's word, and whose making stands in the ledger.
POWERS = frozenset({"approver", "administrator"})
#: Who acts through a command on the node's own machine.
MACHINE = "at the machine"
MAX_NAME = 120

Login = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9.-]{2,40}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME, pattern=WRITTEN)]
Organisation = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
Language = Literal["", "en", "ms", "th"]
#: Longer than any password that is taken, so that the rule about passwords gives the answer.
Typed = Annotated[str, msgspec.Meta(max_length=1000)]
What = Literal["added", "confirmed", "renewed", "enrolled", "disabled", "key", "pass"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: an id that stays the same (a key's, or an officer's), the name, one role, the organisation ("" for ours).

    ``login``, ``language`` and ``session`` are an officer's who signed in; a key has none of them.
    """

    id: str
    name: str
    role: str
    organisation: str = ""
    login: str = ""
    language: str = ""
    session: str = ""


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a key is for: a bank, a program, or a person's script."""

    name: Name
    role: str
    organisation: Organisation = ""


class KeyText(msgspec.Struct, frozen=True, kw_only=True):
    """A new key; ``key`` is shown this once and kept nowhere."""

    id: str
    key: str


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key after it was issued; times are RFC 3339, ``revoked`` is None while it is valid.

    ``issued_by`` names who issued it; "" where nobody wrote that down.
    """

    id: str
    name: str
    role: str
    organisation: str
    created: str
    revoked: str | None = None
    issued_by: str = ""


class NewOfficer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an administrator adds; ``organisation`` is a bank's code for the role bank, else "" (the authority itself)."""

    login: Login
    name: Name
    role: str
    organisation: Organisation = ""
    language: Language = ""


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """One officer's account; times are RFC 3339.

    ``enrolled_at`` is None until a password and a second factor are chosen. ``awaits`` is since when another administrator must
    confirm it, None when nobody must. Who is disabled, not enrolled or awaited is not let in.
    """

    login: str
    name: str
    role: str
    organisation: str
    language: str
    created: str
    added_by: str
    enrolled_at: str | None = None
    awaits: str | None = None
    confirmed_by: str | None = None
    disabled_at: str | None = None

    @property
    def lets_in(self) -> bool:
        """Tell whether a session of this officer counts."""
        return self.disabled_at is None and self.awaits is None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time address for one officer, shown this once; ``awaits`` when another administrator must confirm the account."""

    login: str
    address: str
    expires: str
    awaits: bool = False


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a one-time address sees: whose it is, and the secret for an authenticator program (base32)."""

    login: str
    name: str
    role: str
    secret: str
    uri: str
    expires: str


class EnrolForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password that an officer chose, and a code that shows that the second factor works."""

    password: Typed
    code: Typed


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer types to sign in."""

    login: Typed
    password: Typed
    code: Typed


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One place where an officer is or was signed in; ``device`` in short words; ``ends`` unless idle or revoked before.

    ``way`` is ``password``, or ``pass`` for one that an exercise's address opened.
    """

    id: str
    login: str
    name: str
    device: str
    way: str
    created: str
    last_seen: str
    ends: str
    revoked_at: str | None = None
    revoked_by: str | None = None
    open: bool = True


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has begun; ``token`` is shown this once. ``told`` when the officer should see what happened meanwhile."""

    id: str
    token: str
    ends: str
    name: str
    role: str
    told: bool = False


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done to an officer's access, by whom and when; ``about`` is the id of a key where it is one."""

    id: str
    login: str
    what: What
    by: str
    at: str
    about: str = ""
