"""Decides on passwords, codes, roles, tries and sessions; clock and secrets are passed in."""

import hashlib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from lintas.access.records import MACHINE, MAX_NAME, OUTSIDE, POWERS, ROLES, NewOfficer, Officer
from lintas.model.errors import BadInput, TooManyTries
from lintas.model.people import same_person

#: RFC 6238: seconds of a step, digits of a code, steps of leeway on either side; SHA-1, as every authenticator program has it.
STEP_SECONDS, DIGITS, LEEWAY = 30, 6, 1
#: A password's length in code points, after NFKC.
SHORTEST, LONGEST = 12, 200
#: Fewer different characters than this are no password, however often they are typed.
DIFFERENT = 5
#: How many wrong tries within what time make a login wait, and how long it waits.
TRIES, TRY_WINDOW = 5, timedelta(minutes=15)
SESSION_LASTS, SESSION_IDLE = timedelta(hours=8), timedelta(minutes=30)
#: A session's last use is written at most this often.
SEEN_EVERY = timedelta(minutes=1)
INVITATION_LASTS, PASS_LASTS = timedelta(hours=72), timedelta(hours=24)
#: How long what happened to somebody's access is put before them at each sign-in; it stays listed for good.
TOLD_FOR = timedelta(days=30)

#: The commonest passwords of twelve characters and more; shorter ones are refused for their length.
_COMMON = frozenset(
    """123456789012 1234567890123 12345678901234 123456123456 123123123123 012345678910 098765432109 987654321098
    111111111111 000000000000 1q2w3e4r5t6y qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopas qwertyqwerty 1qaz2wsx3edc
    1qaz2wsx3edc4rfv qazwsxedcrfv zxcvbnmasdfghjkl asdfghjkl123 qwerty123456 abcdefghijkl abcdefghijklm abcd1234abcd
    abc123abc123 passwordpassword password1234 password12345 password123456 passw0rd1234 p@ssw0rd1234 administrator
    administrator1 administrator123 admin1234567 adminadminadmin letmeinletmein welcome12345 welcome123456 changemechangeme
    changeme1234 iloveyou1234 iloveyouiloveyou correcthorsebatterystaple lintaslintas
    lintas123456 unknown12345 trustno1trustno1 superman1234 football1234 katalaluan12 rahsia123456
    selamatpagi1 rahsiarahsia 1234567890qw 1234qwerasdf
    """.split()  # noqa: SIM905 — a list of words reads better than one of quotes
) | {"correct horse battery staple", "kata laluan saya"}


def password(typed: str, login: str, name: str) -> bytes:
    """Return a new password as it is hashed (NFKC, UTF-8); BadInput says why it is not taken."""
    text = unicodedata.normalize("NFKC", typed)
    if not SHORTEST <= len(text) <= LONGEST:
        what = f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(text)}"
        raise BadInput(what, "a few words that only you put together are good", where="password")
    few = len(set(text.casefold())) < DIFFERENT
    if few or text.casefold() in _COMMON or same_person(text, login) or same_person(text, name):
        raise BadInput("this password would be guessed first", "choose another", where="password")
    return text.encode("utf-8", "surrogatepass")


def typed_password(typed: str) -> bytes:
    """Return what was typed as it is compared with a password."""
    return unicodedata.normalize("NFKC", typed).encode("utf-8", "surrogatepass")


def totp(secret: bytes) -> TOTP:
    """Return the second factor of a secret of 20 bytes."""
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 — RFC 6238 by HMAC, where SHA-1 stands unbroken


def step_of(secret: bytes, code: str, now: datetime, used: int) -> int | None:
    """Return the step that a code is of; None when it is of none near now, or of one that was used already."""
    digits = "".join(code.split())
    current, found = int(now.timestamp()) // STEP_SECONDS, None
    made = totp(secret)
    for step in range(current - LEEWAY, current + LEEWAY + 1):
        # Compared by their bytes and all of them, so that the time tells nothing.
        if compare_digest(made.generate(step * STEP_SECONDS), digits.encode("utf-8", "replace")) and step > used:
            found = step
    return found


def check_tries(tries: Sequence[datetime], now: datetime) -> None:
    """Refuse a further try when the last TRIES without success came within TRY_WINDOW, until that long after the last one."""
    last = sorted(tries)[-TRIES:]
    if len(last) == TRIES and last[-1] - last[0] <= TRY_WINDOW and now < last[-1] + TRY_WINDOW:
        minutes = TRY_WINDOW // timedelta(minutes=1)
        raise TooManyTries(f"{TRIES} tries for this login went wrong", f"wait {minutes} minutes; open sessions go on")


def check_officer(new: NewOfficer, connected: Mapping[str, frozenset[str]]) -> None:
    """Refuse a role or an organisation that cannot be; BadInput."""
    check_role(new.role)
    check_organisation(new.role, new.organisation, connected)
    if same_person(new.name, MACHINE):
        raise BadInput("this name stands for the machine itself", "give the person's own name", where="name")


def check_organisation(role: str, organisation: str, connected: Mapping[str, frozenset[str]]) -> None:
    """Refuse an organisation that does not go with the role; ``connected`` are the codes by role, of roles from outside."""
    if role in OUTSIDE and organisation not in connected.get(role, frozenset()):
        what = (
            f"no {role} {organisation!r} is connected here" if organisation else f"a {role}'s officer needs its {role}"
        )
        raise BadInput(what, f"give the code of one of the `{OUTSIDE[role]}` in the settings", where="organisation")
    if role not in OUTSIDE and organisation:
        what = f"the role {role} is this authority's own"
        raise BadInput(what, "leave the organisation out", where="organisation")


def check_role(role: str) -> None:
    """Refuse what is no role."""
    if role not in ROLES:
        raise BadInput(f"there is no role {role!r}", f"choose one of {', '.join(sorted(ROLES))}", where="role")


def check_key(name: str, role: str, organisation: str) -> None:
    """Refuse a key whose role, name or organisation cannot be; BadInput."""
    check_role(role)
    if role in OUTSIDE and not organisation:
        what = f"a {role}'s key needs its organisation"
        raise BadInput(what, f"name the {role} that will use it", where="organisation")
    for where, text in (("name", name), ("organisation", organisation)):
        if len(text) > MAX_NAME or not text.isprintable():
            do = f"use at most {MAX_NAME} printable characters"
            raise BadInput(f"this {where} cannot be stored", do, where=where)
    if not name.strip():
        raise BadInput("a key needs a name", "name the person or system that will use it", where="name")


def needs_another(role: str, by: str, others: Sequence[Officer], shut: Collection[str] = ()) -> bool:
    """Tell whether a second administrator must confirm what ``by`` did: for powers, and only where there is a second one.

    ``shut`` are the logins of those whom ``by`` kept out: nobody becomes the only administrator by an act of one's own.
    """
    return role in POWERS and any(
        each.role == "administrator"
        and not same_person(each.name, by)
        and (each.login in shut or (each.lets_in and each.enrolled_at is not None))
        for each in others
    )


def idle(last_seen: datetime, now: datetime) -> bool:
    """Tell whether a session was not used for too long."""
    return now - last_seen >= SESSION_IDLE


def device(user_agent: str) -> str:
    """Say in a few words what signs in, by its User-Agent; nothing of it is repeated, as it is the caller's own text."""
    text = user_agent.lower()
    programs = (
        ("edg/", "Edge"), ("opr/", "Opera"), ("samsungbrowser", "Samsung Internet"), ("firefox/", "Firefox"),
        ("chrome/", "Chrome"), ("chromium", "Chromium"), ("safari/", "Safari"), ("curl/", "curl"), ("python", "Python"),
    )  # fmt: skip
    systems = (
        ("android", "Android"), ("iphone", "iPhone"), ("ipad", "iPad"), ("windows", "Windows"), ("mac os", "macOS"),
        ("cros", "ChromeOS"), ("linux", "Linux"),
    )  # fmt: skip
    program = next((name for mark, name in programs if mark in text), "")
    system = next((name for mark, name in systems if mark in text), "")
    return " · ".join(filter(None, (program, system)))


def hash_of(token: str) -> bytes:
    """Return the hash under which a token is stored; it has 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
