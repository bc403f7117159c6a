"""The pages, as a browser without scripts sees them: for every role, escaped, under a strict content policy."""

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.e2e.people import Running, enter

from lintas.access.records import ROLES, NewOfficer
from lintas.cli.demo.stage import admit

HTML = {"accept": "text/html,application/xhtml+xml"}
OWN = {"sec-fetch-site": "same-origin"}
#: The one script: a file of this node, named by its content.
SCRIPT = re.compile(r'<script src="/static/console-[0-9a-f]{16}\.js" defer></script>')
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e</title>'
READERS = ("approver", "auditor", "hotline", "investigator")
#: Where published figures come from: a link that the reader follows or not.
PUBLISHED = ("https://www.malaymail.com/", "https://thesun.my/")


@pytest.fixture
def browser(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.xa.page_url, headers=HTML, timeout=20, trust_env=False) as client:
        yield client


def check_page(answer: httpx.Response) -> str:
    """Check what every page must be; returns its text."""
    assert answer.status_code == 200, answer.text
    return check_markup(answer)


def check_markup(answer: httpx.Response) -> str:
    """Check what every answer to a browser must be; returns its text."""
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    for word in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert word in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    text = answer.text
    # What such a policy would block must not be there in the first place.
    tags = " ".join(re.findall(r"<[^>]*>", SCRIPT.sub("", text, count=1)))
    # What stands between the quotes of a value is text; addresses are looked at below.
    names = re.sub(r'="[^"]*"', "=", tags)
    assert re.search(r"<script|<style|<img|\sstyle=|\son[a-z]+\s*=", names, re.IGNORECASE) is None
    for address in re.findall(r'(?:href|src|action)="([^"]*)"', text.replace('href="data:,"', "")):
        assert address.startswith(("/", "#")) or address.startswith(PUBLISHED)
        assert not address.startswith("//")
    return text


def words_of(text: str) -> str:
    """Return what a page says, without its markup."""
    said = re.sub(r"<[^>]*>", " ", text.split("<main", 1)[1].split("</main>")[0])
    return re.sub(r"\s+", " ", html.unescape(said))


def test_a_stranger_is_sent_to_sign_in(browser: httpx.Client) -> None:
    for path in ("/", "/cases/case-0"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    text = check_page(browser.get("/sign-in"))
    assert '<form method="post" action="/sign-in"' in text
    assert '<html lang="' in text


@pytest.mark.parametrize("typed", ["", "lk_x", "a" * 900, EVIL, "ключ"])
def test_who_is_nobody_gets_no_session(browser: httpx.Client, typed: str) -> None:
    answer = browser.post("/sign-in", data={"login": typed, "password": typed, "code": typed}, headers=OWN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "<script>" not in check_markup(answer)
    assert browser.post("/exercise/nobody", data={"to": "/"}, headers=OWN).status_code == 404


def test_a_key_is_nobodys_session(running: Running, browser: httpx.Client) -> None:
    browser.cookies.set("lintas_session", running.keys["approver"], domain="127.0.0.1")
    assert browser.get("/").headers["location"] == "/sign-in"


def test_bad_forms_are_refused(running: Running, browser: httpx.Client) -> None:
    for data in (b"login=a&login=b", b"nokey=1", b"login=%ff", b"login=%00", b"\xff\xfe", b"login=" + b"x" * 2_000_000):
        answer = browser.post(
            "/sign-in", content=data, headers=OWN | {"content-type": "application/x-www-form-urlencoded"}
        )
        assert 400 <= answer.status_code < 500, data[:20]
    assert browser.post("/sign-in", json={"login": "hotline"}, headers=OWN).status_code == 415


@pytest.mark.parametrize("role", sorted(ROLES - {"bank", "telco"}))
def test_every_role_sees_its_pages_and_signs_out(running: Running, browser: httpx.Client, role: str) -> None:
    signed = enter(browser, running.passes[role])
    assert (signed.status_code, signed.headers["location"]) == (303, "/")
    cookie = signed.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    listed = running.ask("GET", "/api/v1/cases", key=running.keys["auditor"]).document
    for path in ("/", "/cases", "/holds?state=any", "/reports", *(f"/cases/{bar['case']}" for bar in listed[:3])):
        answer = browser.get(path)
        if role in READERS:
            assert f"Test {role}" in check_page(answer)
            assert browser.get(path, headers={"accept": "application/json"}).headers["content-type"] == (
                "application/json"
            )
        elif path == "/":
            assert answer.status_code == 303
        else:
            assert answer.status_code == 403
            check_markup(answer)
    assert browser.get("/cases/case-0").status_code == (404 if role in READERS else 403)
    assert browser.post("/sign-out", headers=OWN).status_code == 303
    assert browser.get("/").headers["location"] == "/sign-in"


def test_the_session_over_tls_is_for_tls_only(running: Running) -> None:
    answer = running.client.post(running.passes["hotline"], data={"to": "/"}, headers=OWN | HTML)
    running.client.cookies.clear()  # this client is everybody's
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_what_people_write_is_shown_and_never_run(running: Running, browser: httpx.Client) -> None:
    form = {"text": f"He called from +99912345678 {EVIL} see https://a.example/{EVIL}", "phone": EVIL}
    report = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).document
    enter(browser, running.passes["investigator"])
    text = check_page(browser.get(f"/cases/{report['case']}"))
    assert html.escape(EVIL, quote=False).split("\u202e")[0].replace('"', "&#34;") in text
    missing = browser.get("/cases/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert missing.status_code == 404
    assert "<script>" not in check_markup(missing)


def test_an_officers_name_is_escaped_too(running: Running, browser: httpx.Client) -> None:
    person = NewOfficer(login="nasty", name="<script>alert('name')</script>", role="hotline")
    enter(browser, admit(running.xa.home, [person])["nasty"])
    assert "&lt;script&gt;alert" in check_page(browser.get("/"))


def own_hold(running: Running, case: str) -> str:
    """Return the authority's own hold of a case, once it waits for its officer."""

    def own() -> str:
        found = running.ask("GET", "/api/v1/holds", key=running.keys["auditor"]).document
        return next((str(hold["id"]) for hold in found if hold["case"] == case and hold["direction"] == "own"), "")

    return str(running.until(own))


def test_the_hotline_files_a_report_from_its_form(running: Running, browser: httpx.Client) -> None:
    enter(browser, running.passes["hotline"])
    form = running.theft().form
    page = check_page(browser.get("/reports/new"))
    (number,) = re.findall(r'name="once" value="([^"]+)"', page)
    for wrong in ({"amount": "5 apples"}, {"currency": "ZZZ"}, {"receiver": "1" * 300}, {"at": "yesterday"}):
        answer = browser.post("/reports", data=form | wrong | {"once": number}, headers=OWN)
        assert answer.status_code == 422
        (field, value), *_ = wrong.items()
        assert html.escape(value) in check_markup(answer)
        assert re.search(rf'<input id="{field}"[^>]*aria-invalid="true"|problem', answer.text)
        # What was right stays filled in.
        assert html.escape(form["text"], quote=False)[:40].replace("'", "&#39;") in answer.text
    # As a browser's own field sends it: without a zone, which is chosen beside it.
    local = {"at": form["at"].removesuffix("Z")[:19], "zone": "+00:00"} if "at" in form else {}
    done = browser.post("/reports", data=form | local | {"once": number}, headers=OWN)
    assert done.status_code == 303, words_of(done.text)
    case = done.headers["location"]
    seen = running.until(lambda: text if "<svg" in (text := browser.get(case).text) else "")
    said = words_of(check_page(browser.get(case)))
    assert "This case follows it." in said
    assert "Asked 30 minutes later, by what is published today:" in said
    assert "Asked 2 days later, by what is published today:" in said
    assert 'role="img"' in seen


def test_messages_come_as_a_file_too(running: Running, browser: httpx.Client) -> None:
    enter(browser, running.passes["hotline"])
    chat = "\ufeffHe: pay to https://tax-refund-9.example/pay at once. ด่วน"
    sent = browser.post(
        "/reports", data={"text": "She was told to pay."}, files={"messages": ("chat.txt", chat)}, headers=OWN
    )
    assert sent.status_code == 303
    assert "https://tax-refund-9.example/pay" in words_of(check_page(browser.get(sent.headers["location"])))
    for broken in (b"\xff\xd8\xff\xe0 a picture", b"\x00\x01", b"\xff\xfe\x00"):
        answer = browser.post("/reports", data={"text": "kept"}, files={"messages": ("a.txt", broken)}, headers=OWN)
        assert (answer.status_code, "no text in UTF-8" in answer.text, ">kept</textarea>" in answer.text) == (
            422,
            True,
            True,
        )


def test_an_approver_approves_from_the_page(running: Running, browser: httpx.Client) -> None:
    form = running.theft().form
    case = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).document["case"]
    hold = own_hold(running, case)
    action = f"/holds/{hold}/approve"
    enter(browser, running.passes["hotline"])
    assert action not in check_page(browser.get(f"/holds/{hold}"))
    assert browser.post(action, headers=OWN).status_code == 403
    enter(browser, running.passes["approver"])
    assert f'href="/holds/{hold}"' in check_page(browser.get("/"))
    text = check_page(browser.get(f"/holds/{hold}"))
    assert f'<form method="post" action="{action}">' in text
    (seen,) = re.findall(r'name="seen" value="([^"]*)"', text)
    assert browser.post(action, headers={"sec-fetch-site": "cross-site"}, data={"seen": seen}).status_code == 403
    stale = browser.post(action, headers=OWN, data={"seen": "something else"})
    assert stale.status_code == 409
    assert "changed since you opened it" in check_markup(stale)
    done = browser.post(action, headers=OWN, data={"seen": html.unescape(seen)})
    assert (done.status_code, done.headers["location"]) == (303, f"/holds/{hold}")
    again = browser.post(action, headers=OWN, data={"seen": ""})
    assert again.status_code == 409
    assert action not in again.text.split("<main")[1]
    view = running.ask("GET", f"/api/v1/holds/{hold}", key=running.keys["auditor"]).document
    assert view["order"]["approver"] == "Test approver"
    said = words_of(check_page(browser.get(f"/orders/{view['order']['id']}")))
    assert "ORDER TO HOLD AN AMOUNT" in said
    assert "/appeal/" not in said


def test_what_waits_comes_first_and_is_declined_with_a_reason(running: Running, browser: httpx.Client) -> None:
    form = running.theft().form
    case = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).document["case"]

    def asked() -> Any:  # noqa: ANN401 — JSON
        holds = running.ask("GET", f"/api/v1/cases/{case}", key=running.keys["auditor"]).document["holds"]
        return next((hold for hold in holds if hold["direction"] == "asked" and hold["state"] == "delivered"), {})

    hold = running.until(asked)
    there = f"/holds/{hold['id']}"
    with httpx.Client(base_url=running.xb.page_url, headers=HTML, timeout=20, trust_env=False) as abroad:
        assert enter(abroad, running.xb.passes["approver"]).status_code == 303
        text = running.until(lambda: page if there in (page := check_page(abroad.get("/"))) else "")
        (row,) = (row for row in re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL) if there in row)
        for words in ("approve hold", "xa-asc", hold["currency"], hold["baton"]["holder"]):
            assert html.escape(words) in row
        assert re.search(r'data-until="\d{4}-\d\d-\d\dT', row)
        said = words_of(check_page(abroad.get(there)))
        for words in (hold["request_basis"]["law"], hold["request_basis"]["rule"], hold["baton"]["transfer"]):
            assert words in said
        for reason in ("", "no", "    ", "x" * 501):
            answer = abroad.post(f"{there}/decline", data={"reason": reason}, headers=OWN)
            assert answer.status_code == 422
        foreign = abroad.post(f"{there}/decline", data={"reason": "not this"}, headers={"sec-fetch-site": "cross-site"})
        assert foreign.status_code == 403
        done = abroad.post(f"{there}/decline", data={"reason": " No offence under our law <b> "}, headers=OWN)
        assert (done.status_code, done.headers["location"]) == (303, there)
        assert "No offence under our law &lt;b&gt; (" in check_page(abroad.get(there))
        late = abroad.post(f"{there}/decline", data={"reason": "typed in vain"}, headers=OWN)
        assert late.status_code == 409
        # Nothing that was typed is lost.
        assert "typed in vain" in check_markup(late)

    def told() -> str:
        found = running.ask("GET", f"/api/v1/holds/{hold['id']}", key=running.keys["auditor"]).document
        return str(found["hold"]["reason"])

    assert running.until(told).startswith("No offence under our law <b> (")
    # The page of the case names money that a bank found and nobody holds as what it is.
    enter(browser, running.passes["auditor"])
    text = check_page(browser.get(f"/cases/{case}"))
    assert "here not held" in text
    assert '<form method="post"' not in text.split("<main")[1].split("</main>")[0]


def test_who_reported_does_not_get_the_button_that_approves(running: Running, browser: httpx.Client) -> None:
    form = running.theft().form
    case = running.ask("POST", "/api/v1/reports", key=running.keys["approver"], json=form).document["case"]
    hold = own_hold(running, case)
    enter(browser, running.passes["approver"])
    shown = check_page(browser.get(f"/holds/{hold}"))
    assert "another officer approves it" in shown
    assert f"/holds/{hold}/approve" not in shown
    assert browser.post(f"/holds/{hold}/approve", headers=OWN, data={"seen": ""}).status_code == 403


def test_a_report_that_lacks_something_is_on_the_first_page(running: Running, browser: httpx.Client) -> None:
    form = {"text": "They took my savings.", "urgent_harm": True}
    report = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).document
    enter(browser, running.passes["hotline"])
    first = f'href="/reports/new?case={report["case"]}"'
    text = check_page(browser.get("/"))
    (row,) = (row for row in re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL) if first in row)
    assert f'<a href="/cases/{report["case"]}"' in row
    for words in (*report["missing"], "Test hotline", "urgent harm"):
        assert words in words_of("<main>" + row + "</main>")
    page = check_page(browser.get(f"/cases/{report['case']}"))
    assert f"Missing: {'; '.join(report['missing'])}." in words_of(page)
    sent = browser.post("/reports", data=running.theft().form | {"case": report["case"]}, headers=OWN)
    assert sent.headers["location"] == f"/cases/{report['case']}"
    assert first not in check_page(browser.get("/"))
    followed = running.until(lambda: t if "<svg" in (t := browser.get(f"/cases/{report['case']}").text) else "")
    assert "This case follows it." in followed


def test_what_is_new_is_announced_and_moves_nothing(running: Running, browser: httpx.Client) -> None:
    enter(browser, running.passes["hotline"])
    running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json={"text": "They called again."})
    (since,) = re.findall(r'hx-get="/news\?since=([^"]*)"', check_page(browser.get("/")))
    assert browser.get("/news", params={"since": since}).text.strip() == ""
    running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json={"text": "And again, they did."})
    assert "1 new" in browser.get("/news", params={"since": since}).text


def test_an_id_is_found(running: Running, browser: httpx.Client) -> None:
    enter(browser, running.passes["investigator"])
    (bar, *_) = running.ask("GET", "/api/v1/cases", key=running.keys["auditor"]).document
    assert browser.get("/find", params={"q": f" {bar['case']} "}).headers["location"] == f"/cases/{bar['case']}"
    for nothing in ("x", "case-0", EVIL, "%", "' or 1=1 --"):
        assert browser.get("/find", params={"q": nothing}).status_code == 404


def test_pages_speak_the_readers_language(running: Running, browser: httpx.Client) -> None:
    assert '<html lang="th"' in check_page(browser.get("/sign-in", headers={"accept-language": "th-TH,th;q=0.9"}))
    assert '<html lang="ms"' in check_page(browser.get("/sign-in", params={"lang": "ms"}))
    chosen = browser.post("/language", data={"language": "th", "to": "/sign-in"}, headers=OWN)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/sign-in")
    assert '<html lang="th"' in check_page(browser.get("/sign-in"))
    for to in ("//evil.example", "/\\evil.example", "https://evil.example", "evil"):
        assert browser.post("/language", data={"language": "ms", "to": to}, headers=OWN).status_code == 422
    assert '<html lang="th"' in check_page(browser.get("/sign-in", params={"lang": "xx"}))


def test_pages_load_one_style_sheet_and_one_script_and_keep_them_for_ever(browser: httpx.Client) -> None:
    page = browser.get("/sign-in").text
    (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]*)"', page)
    (script,) = re.findall(r'<script[^>]*src="([^"]*)"', page)
    for address, kind in ((sheet, "text/css"), (script, "text/javascript")):
        answer = browser.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert browser.get(address, headers={"accept-encoding": "identity"}).content == answer.content
    assert "url(" not in browser.get(sheet).text
    assert "@import" not in browser.get(sheet).text


@pytest.mark.parametrize(
    "file", ["manifest.json", "console.css", "third-party-licences.txt", "..%2fconsole.ts", "%00", "x" * 3000]
)
def test_no_other_file_is_served(browser: httpx.Client, file: str) -> None:
    answer = browser.get(f"/static/{file}")
    assert answer.status_code in {404, 422}
    assert answer.headers["cache-control"] == "no-store"
