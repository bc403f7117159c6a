"""Officers at a served node over TLS: added on a page, enrolled at their address, signed in and out, seen and revoked."""

import re
import time
from base64 import b32decode
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from tests.e2e.people import Running, enter
from tests.e2e.test_console import HTML, OWN, check_markup, check_page

from lintas.access import rules
from lintas.cli.demo.people import pinned

GOOD = "three green umbrellas"


def browser(running: Running) -> httpx.Client:
    """Open a browser at xa's own door, over TLS."""
    return httpx.Client(
        base_url=running.xa.api_url, verify=pinned(running.xa), headers=HTML | OWN, timeout=20, trust_env=False
    )


@pytest.fixture
def administrator(running: Running) -> Iterator[httpx.Client]:
    with browser(running) as opened:
        assert enter(opened, running.passes["administrator"]).status_code == 303
        yield opened


@pytest.fixture
def stranger(running: Running) -> Iterator[httpx.Client]:
    with browser(running) as opened:
        yield opened


def nonce(text: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', text)
    assert found
    return found[1]


def invited(text: str) -> str:
    """Return the path of the one-time address that a page shows."""
    found = re.search(r"(/enrol/[A-Za-z0-9_-]{43})<", text)
    assert found, text
    return found[1]


def add(administrator: httpx.Client, login: str, role: str = "hotline") -> str:
    form = {
        "login": login,
        "name": f"Officer {login}",
        "role": role,
        "once": nonce(administrator.get("/officers").text),
    }
    answer = administrator.post("/officers", data=form)
    return invited(check_page(answer))


def press(opened: httpx.Client, path: str) -> httpx.Response:
    """Send the form of a button, which has no field, as a browser does."""
    return opened.post(path, content=b"", headers={"content-type": "application/x-www-form-urlencoded"})


def secret(text: str) -> bytes:
    found = re.search(r'<p class="id"><code translate="no">([A-Z2-7]{32})</code>', text)
    assert found
    return b32decode(found[1])


def code(key: bytes, later: int = 0) -> str:
    return rules.totp(key).generate(int(time.time()) + 30 * later).decode()


def enrolled(opened: httpx.Client, there: str) -> bytes:
    """Enrol at an address; returns the secret in the telephone."""
    key = secret(check_page(opened.get(there)))
    answer = opened.post(there, data={"password": GOOD, "again": GOOD, "code": code(key)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
    return key


def test_an_officer_is_added_enrols_signs_out_and_in(
    running: Running, administrator: httpx.Client, stranger: httpx.Client
) -> None:
    there = add(administrator, "asha.tor", "investigator")
    page = check_page(stranger.get(there))
    # The picture is squares alone; a style of its own would be blocked.
    picture = page.split('class="qr-frame"')[1].split("</svg>")[0]
    assert "<svg" in picture and " style=" not in picture and "<path" in picture
    assert "set-cookie" not in stranger.get(there).headers
    key = secret(page)
    for wrong, where in (
        ({"password": GOOD, "again": GOOD + "s", "code": code(key)}, "again"),
        ({"password": "short", "again": "short", "code": code(key)}, "password"),
        ({"password": GOOD, "again": GOOD, "code": "000000"}, "code"),
    ):
        answer = stranger.post(there, data=wrong)
        assert answer.status_code == 422, where
        assert GOOD not in check_markup(answer)
        assert where in answer.text
    answer = stranger.post(there, data={"password": GOOD, "again": GOOD, "code": code(key)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=strict"))
    assert "max-age" not in cookie and "expires" not in cookie
    assert "Officer asha.tor" in check_page(stranger.get("/"))
    assert stranger.get(there).status_code == 404
    token = str(stranger.cookies["lintas_session"])
    assert running.ask("GET", "/api/v1/cases", key=token).status == 200
    assert stranger.post("/sign-out").headers["location"] == "/sign-in"
    # It is over at the node too, for whoever kept the token.
    assert running.ask("GET", "/api/v1/cases", key=token).status == 401
    answer = stranger.post("/sign-in", data={"login": "Asha.Tor", "password": GOOD, "code": code(key, 1)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert stranger.cookies["lintas_session"] != token
    assert "Officer asha.tor" in check_page(stranger.get("/"))


def test_another_browser_is_seen_and_revoked(running: Running, administrator: httpx.Client) -> None:
    with browser(running) as here, browser(running) as there:
        key = enrolled(here, add(administrator, "two.browsers"))
        form = {"login": "two.browsers", "password": GOOD, "code": code(key, 1)}
        there.headers["user-agent"] = "Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile Safari/537.36"
        assert there.post("/sign-in", data=form).status_code == 303
        text = check_page(here.get("/sessions"))
        assert "Chrome · Android" in text
        listed = here.get("/sessions", headers={"accept": "application/json"}).json()
        (other,) = (each["id"] for each in listed["sessions"] if each["device"] == "Chrome · Android")
        # Nobody ends a session of somebody else's.
        with browser(running) as foreign:
            enter(foreign, running.passes["approver"])
            assert press(foreign, f"/sessions/{other}/revoke").status_code == 404
        assert there.get("/cases").status_code == 200
        assert press(here, f"/sessions/{other}/revoke").headers["location"] == "/sessions"
        assert there.get("/cases").headers["location"] == "/sign-in"
        assert here.get("/cases").status_code == 200
        # An administrator ends the rest, and comes back to the officer.
        answer = press(administrator, f"/sessions/{listed['current']}/revoke")
        assert answer.headers["location"] == "/officers/two.browsers"
        assert here.get("/cases").headers["location"] == "/sign-in"


def test_disabling_takes_effect_on_the_next_call(running: Running, administrator: httpx.Client) -> None:
    with browser(running) as opened:
        key = enrolled(opened, add(administrator, "leaves"))
        assert opened.get("/cases").status_code == 200
        assert press(administrator, "/officers/leaves/disable").headers["location"] == "/officers/leaves"
        assert opened.get("/cases").headers["location"] == "/sign-in"
        answer = opened.post("/sign-in", data={"login": "leaves", "password": GOOD, "code": code(key, 1)})
        assert answer.status_code == 401
        # What was renewed is told at the first sign-in.
        again = enrolled(opened, invited(check_page(press(administrator, "/officers/leaves/reset"))))
        opened.post("/sign-out")
        answer = opened.post("/sign-in", data={"login": "leaves", "password": GOOD, "code": code(again, 1)})
        assert answer.headers["location"] == "/sessions"
        assert "was renewed" in check_page(opened.get("/sessions"))


def test_a_form_sent_twice_shows_an_address_that_works(administrator: httpx.Client, stranger: httpx.Client) -> None:
    form = {
        "login": "twice",
        "name": "Officer Twice",
        "role": "hotline",
        "once": nonce(administrator.get("/officers").text),
    }
    first, second = (invited(check_page(administrator.post("/officers", data=form))) for _ in range(2))
    assert first != second
    assert stranger.get(first).status_code == 404
    enrolled(stranger, second)
    late = administrator.post("/officers", data=form)
    assert late.status_code == 409 and "/enrol/" not in check_markup(late)
    # Another form with the same login is another matter.
    other = form | {"once": nonce(administrator.get("/officers").text), "name": "Somebody Else"}
    assert administrator.post("/officers", data=other).status_code == 409


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("Officer\nTwo", "evil.one"),
        ("Officer\u202eTwo", "evil.one"),
        ("Officer\x1b[31m", "evil.one"),
        ("   ", "evil.one"),
        ("Fine", "Evil One"),
        ("Fine", "<script>"),
        ("At the machine", "evil.one"),
    ],
)
def test_what_cannot_be_a_name_is_told_on_the_form(administrator: httpx.Client, name: str, login: str) -> None:
    form = {"login": login, "name": name, "role": "hotline", "once": nonce(administrator.get("/officers").text)}
    answer = administrator.post("/officers", data=form)
    assert answer.status_code == 422
    text = check_markup(answer)
    assert "/enrol/" not in text
    # What was typed is kept for correcting.
    assert login in unescape(text)
    assert administrator.get("/officers/evil.one").status_code == 404


def test_the_api_gives_a_token_that_goes_where_a_key_does(running: Running, administrator: httpx.Client) -> None:
    made = running.ask(
        "POST",
        "/api/v1/officers",
        key=running.keys["administrator"],
        json={"login": "by.program", "name": "Officer Program", "role": "auditor"},
    )
    assert made.status == 201
    token = made.document["address"].removeprefix("/enrol/")
    shown = running.ask("GET", f"/api/v1/enrolments/{token}").document
    key = b32decode(shown["secret"])
    begun = running.ask("POST", f"/api/v1/enrolments/{token}", json={"password": GOOD, "code": code(key)}).document
    assert running.ask("GET", "/api/v1/officers", key=begun["token"]).status == 200
    form = {"login": "by.program", "password": GOOD, "code": code(key, 1)}
    again = running.ask("POST", "/api/v1/sessions", json=form)
    assert again.status == 201
    bearer = again.document["token"]
    listed = running.ask("GET", "/api/v1/sessions", key=bearer).document
    assert [each["id"] for each in listed] == [again.document["id"], begun["id"]]
    assert running.ask("GET", "/api/v1/sessions?of=all", key=bearer).status == 403
    everybodys = running.ask("GET", "/api/v1/sessions?of=all", key=running.keys["administrator"]).document
    assert {each["id"] for each in listed} < {each["id"] for each in everybodys}
    assert running.ask("POST", "/api/v1/sessions", json=form).status == 401  # the code was used
    assert running.ask("POST", f"/api/v1/sessions/{begun['id']}/revoke", key=bearer).status == 204
    assert running.ask("GET", "/api/v1/officers", key=begun["token"]).status == 401
    assert running.ask("GET", "/api/v1/officers", key=bearer).status == 200


def test_a_key_has_no_sessions_and_no_news_of_others(running: Running) -> None:
    for role, key in running.keys.items():
        assert running.ask("GET", "/api/v1/sessions", key=key).document == [], role
        seen = running.ask("GET", "/sessions", key=key, headers={"accept": "application/json"}).document
        assert (seen["sessions"], seen["happened"]) == ([], []), role


def test_unknown_logins_and_wrong_passwords_look_the_same(
    running: Running, administrator: httpx.Client, stranger: httpx.Client
) -> None:
    with browser(running) as opened:
        enrolled(opened, add(administrator, "is.there"))

    def tried(login: str) -> tuple[float, httpx.Response]:
        began = time.perf_counter()
        answer = stranger.post("/sign-in", data={"login": login, "password": "wrong password", "code": "123456"})
        return time.perf_counter() - began, answer

    # Taken in turns, so that whatever else the machine does slows both.
    pairs = [(tried("is.there"), tried("is.nobody")) for _ in range(5)]
    known, unknown = ([each[side] for each in pairs] for side in (0, 1))
    said = {(a.status_code, a.text.replace("is.there", "X").replace("is.nobody", "X")) for _, a in (*known, *unknown)}
    said = {(status, re.sub(r'data-now="[^"]*"', "", text)) for status, text in said}
    assert len(said) == 1
    assert next(iter(said))[0] == 401
    one, other = min(took for took, _ in known), min(took for took, _ in unknown)
    assert 0.5 < one / other < 2, (one, other)
    # Without a hash both would be answered at once, and alike too.
    assert min(one, other) > 0.02
    assert tried("is.there")[1].status_code == tried("is.nobody")[1].status_code == 429


def test_no_log_holds_what_people_sign_in_with(
    running: Running, administrator: httpx.Client, stranger: httpx.Client
) -> None:
    there = add(administrator, "not.logged")
    key = enrolled(stranger, there)
    token = str(stranger.cookies["lintas_session"])
    stranger.post("/sign-out")
    used = code(key, 1)
    stranger.post("/sign-in", data={"login": "not.logged", "password": "wrong " + GOOD, "code": "913573"})
    stranger.post("/sign-in", data={"login": "not.logged", "password": GOOD, "code": used})
    stranger.get("/sessions")
    logs = b"".join(path.read_bytes() for path in running.folder.glob("*.log"))
    assert logs
    for secret_one in (there.split("/")[2], token, token.split("_", 2)[2], "not.logged", GOOD, "913573"):
        assert secret_one.encode() not in logs
