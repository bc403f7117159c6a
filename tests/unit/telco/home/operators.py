"""An operator made for tests: a fictional network with a few numbers, its settings and keys in a directory."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lintas.gateway.asking.directory import Respondent
from lintas.gateway.operator.operator import Operator, OperatorSettings, read_settings
from lintas.gateway.operator.server import doors
from lintas.http.listeners import Listener
from lintas.telco.home.records import Change, What
from lintas.telco.records import CliQuestion
from lintas.trust.certificates import self_signed
from lintas.trust.keys import Ed25519Signer

FIRST, LAST = 999_100_000_000, 999_100_999_999
AT_HOME, ABROAD, UNUSED, SECRET, CANARY = FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4, FIRST + 5
B = 999_200_000_007
DESK_TOKEN = "desk-token-of-a-test"

BASE = f"""
operator = "XATL"
data = "table"
ranges = ["+{FIRST}-+{LAST}"]
key = "operator.key"
exercise = true
protected = "protected.txt"
canaries = "canaries.txt"
desk_token_file = "desk.token"
"""


def change(what: What, number: int, at: float, b: int = 0) -> Change:
    return Change(what, number, int(at), b)


def question(a: int, *, b: str = "", ref: str = "reference-1", trunk: str = "international") -> CliQuestion:
    at = datetime(2026, 11, 27, 8, tzinfo=UTC).isoformat()
    said = {"a": f"+{a}", "trunk": trunk, "call_ref": ref, "asked_at": at, "b_hash": b}
    return msgspec.convert(said, CliQuestion)


def settings_in(root: Path, more: str = "", *, base: str = BASE) -> Path:
    """Write an operator's files and its settings; ``more`` is TOML."""
    Ed25519Signer.generate("XATL").save(root / "operator.key")
    (root / "protected.txt").write_text(f"+{SECRET}\n")
    (root / "canaries.txt").write_text("".join(f"+{CANARY + 10 * n}\n" for n in range(5)))
    (root / "desk.token").write_text(DESK_TOKEN + "\n")
    for name in ("door", "gateway", "stranger"):
        tls = self_signed(["127.0.0.1"], now=datetime.now(UTC), name=name)
        (root / f"{name}.pem").write_text(tls.certificate_pem)
        (root / f"{name}.pem.key").write_text(tls.key_pem)
    path = root / "operator.toml"
    path.write_text(base + more)
    return path


def operator_in(root: Path, more: str = "") -> Operator:
    path = settings_in(root, more)
    return Operator(read_settings(path), root)


def settings_of(path: Path) -> OperatorSettings:
    return read_settings(path)


async def fill(operator: Operator, now: float) -> None:
    """Give out the numbers of this file; one is abroad."""
    known = (AT_HOME, ABROAD, SECRET)
    told = [change("assigned", each, now - 86_400) for each in known]
    await operator.keeper.take("test", [*told, change("abroad", ABROAD, now), change("abroad", SECRET, now)])


def listeners(operator: Operator) -> list[Listener]:
    return doors(operator)


def respondent(operator: Operator, url: str, certificate: str = "") -> Respondent:
    """Return the operator as a gateway's directory names it."""
    plain = (("lintas-gateway", "gw1"),) if not certificate else ()
    return Respondent(name="XATL", url=url, certificate=certificate, key=operator.signer.public, headers=plain)
