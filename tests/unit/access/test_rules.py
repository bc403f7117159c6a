"""Passwords, codes, tries, second administrators and device words: pure decisions."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.access import passwords, rules
from lintas.access.records import NewOfficer, Officer
from lintas.model.errors import BadInput, TooManyTries

NOW = datetime(2026, 3, 1, 10, 7, 12, tzinfo=UTC)
#: RFC 6238, appendix B: the secret of its SHA-1 examples, and (time, the last six of its eight digits).
RFC_SECRET = b"12345678901234567890"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "short",
        "elevenchars",
        "x" * 201,
        "aaaaaaaaaaaa",
        "            ",
        "abababababab",
        "Password1234",
        "PASSWORDPASSWORD",
        "ｐａｓｓｗｏｒｄ１２３４",
        "Correct Horse Battery Staple",
        "asha.tor-of-xa",
        "Officer  Asha Tor",
        "OFFICER ASHA TOR",
    ],
)
def test_passwords_that_are_guessed_first_are_not_taken(typed: str) -> None:
    with pytest.raises(BadInput) as wrong:
        rules.password(typed, "asha.tor-of-xa", "Officer Asha Tor")
    assert wrong.value.where == "password"
    assert not typed.strip() or typed not in str(wrong.value)


@pytest.mark.parametrize("typed", ["three green umbrellas", "สามร่มเขียวใบใหญ่", "x1y2z3" * 2, "é" * 2 + "abcdefghij"])
def test_what_is_taken_is_compared_as_it_was_hashed(typed: str) -> None:
    assert rules.password(typed, "asha.tor", "Officer Asha Tor") == rules.typed_password(typed)


def test_two_ways_to_write_a_letter_are_one_password() -> None:
    assert rules.typed_password("cafe\u0301 in the rain") == rules.typed_password("café in the rain")


@pytest.mark.parametrize(("at", "code"), RFC_CODES)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert rules.step_of(RFC_SECRET, code, datetime.fromtimestamp(at, UTC), 0) == at // 30


def test_a_code_counts_one_step_around_now_and_once() -> None:
    step = int(NOW.timestamp()) // 30
    codes = {late: rules.totp(RFC_SECRET).generate((step + late) * 30).decode() for late in range(-3, 4)}
    assert {late: rules.step_of(RFC_SECRET, code, NOW, 0) for late, code in codes.items()} == {
        late: step + late if abs(late) <= 1 else None for late in codes
    }
    assert rules.step_of(RFC_SECRET, codes[0], NOW, step) is None
    assert rules.step_of(RFC_SECRET, codes[-1], NOW, step) is None
    assert rules.step_of(RFC_SECRET, codes[1], NOW, step) == step + 1
    assert rules.step_of(RFC_SECRET, f" {codes[0][:3]} {codes[0][3:]}\n", NOW, 0) == step


@given(st.text(max_size=20))
def test_nothing_else_is_a_code(text: str) -> None:
    step = int(NOW.timestamp()) // 30
    good = {rules.totp(RFC_SECRET).generate((step + late) * 30).decode() for late in (-1, 0, 1)}
    assert (rules.step_of(RFC_SECRET, text, NOW, 0) is not None) == ("".join(text.split()) in good)


def test_tries_wait_when_five_are_recent() -> None:
    tries = [NOW - timedelta(minutes=minutes) for minutes in (20, 14, 11, 8, 3)]
    rules.check_tries(tries, NOW)
    with pytest.raises(TooManyTries):
        rules.check_tries([*tries, NOW], NOW + timedelta(minutes=14, seconds=59))
    rules.check_tries([*tries, NOW], NOW + timedelta(minutes=15))


def person(login: str, role: str, **more: str | None) -> Officer:
    made = Officer(
        login=login, name=f"Officer {login}", role=role, organisation="", language="", created="", added_by=""
    )
    return msgspec.structs.replace(made, **({"enrolled_at": "2026-03-01T10:00:00Z"} | more))


@pytest.mark.parametrize(
    ("role", "others", "shut", "needed"),
    [
        ("approver", [], [], False),
        ("approver", [person("me", "administrator")], [], False),
        ("approver", [person("two", "administrator")], [], True),
        ("administrator", [person("two", "administrator")], [], True),
        ("hotline", [person("two", "administrator")], [], False),
        ("bank", [person("two", "administrator")], [], False),
        ("approver", [person("two", "approver")], [], False),
        ("approver", [person("two", "administrator", enrolled_at=None)], [], False),
        ("approver", [person("two", "administrator", awaits="2026-03-01T10:00:00Z")], [], False),
        ("approver", [person("two", "administrator", disabled_at="2026-03-01T10:00:00Z")], [], False),
        ("approver", [person("two", "administrator", disabled_at="2026-03-01T10:00:00Z")], ["two"], True),
        ("approver", [person("two", "administrator", enrolled_at=None)], ["two"], True),
        ("approver", [person("two", "hotline", enrolled_at=None)], ["two"], False),
        ("approver", [person("me", "administrator")], ["me"], False),
    ],
)
def test_powers_need_another_administrator_where_there_is_one(
    role: str, others: list[Officer], shut: list[str], needed: bool
) -> None:
    assert rules.needs_another(role, "OFFICER me", others, shut) is needed


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("", ""),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>\x00" * 100, ""),
    ],
)
def test_a_device_is_said_in_our_own_words(agent: str, said: str) -> None:
    assert rules.device(agent) == said


@given(st.text(max_size=300))
def test_no_word_of_the_callers_own_is_kept(agent: str) -> None:
    assert len(rules.device(agent)) <= 80
    assert rules.device("zqx" + agent + "zqx").find("zqx") == -1


@pytest.mark.parametrize("login", ["a", "A.b", "a b", "a/b", "ä.b", "a\n", "x" * 41, "", "a_b"])
def test_what_is_no_login(login: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"login": login, "name": "n", "role": "hotline"}, NewOfficer)


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x00b", "a\x1b[31m", "a\u202eb", "a\u200bb", "x" * 121, "a\u2028b"]
)
def test_names_hold_nothing_that_cannot_be_seen(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"login": "ab", "name": name, "role": "hotline"}, NewOfficer)


def test_a_hash_is_argon2id_of_the_cost_that_is_said_and_needs_the_pepper() -> None:
    made = passwords.hashed(b"three green umbrellas", b"p" * 32)
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert made.split("$")[:4] == passwords.NOBODYS.split("$")[:4]
    assert [len(part) for part in made.split("$")[5:]] == [len(part) for part in passwords.NOBODYS.split("$")[5:]]
    assert passwords.fits(b"three green umbrellas", made, b"p" * 32)
    assert not passwords.fits(b"three green umbrellas", made, b"q" * 32)
    assert not passwords.fits(b"three green umbrella", made, b"p" * 32)
    assert not passwords.fits(b"", passwords.NOBODYS, b"p" * 32)
