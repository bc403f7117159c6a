"""Problem documents: one mapping, nothing of a traceback, and the same as a plain page for a browser."""

import html
import logging

import pytest
from tests.unit.http.conftest import Ask

from lintas.http.problems import Problem, page, problem_of
from lintas.http.routing import COOKIE
from lintas.model import errors
from lintas.model.errors import LintasError, Refused


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ("bad", 422, "bad-input"),
        ("refused", 403, "refused"),
        ("missing", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("root", 500, "lintas-error"),
    ],
)
def test_an_error_is_a_problem_document(ask: Ask, how: str, status: int, kind: str) -> None:
    answer = ask("GET", f"/fails/{how}")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, f"urn:lintas:problem:{kind}")
    assert set(problem) >= {"title", "detail", "do", "where"}
    assert ("reason" in problem) is (how == "refused")


def test_every_class_of_errors_maps_by_its_own_status() -> None:
    found = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, LintasError)]
    assert len(found) >= 10
    for cls in found:
        wrong = cls("code", "what", "do") if issubclass(cls, Refused) else cls("what", "do")
        problem = problem_of(wrong)
        assert (problem.status, problem.title, problem.detail, problem.do) == (cls.status, cls.title, "what", "do")


@pytest.mark.parametrize("how", ["crash", "recursion"])
def test_an_unexpected_error_says_nothing_but_its_number(ask: Ask, how: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "lintas.api"):
        answer = ask("GET", f"/fails/{how}")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Error" not in answer.text and "Traceback" not in answer.text
    [record] = caplog.records
    assert answer.json()["instance"] == f"urn:lintas:fault:{record.__dict__['fault']}"
    assert record.exc_info is not None


HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_the_consoles_page_of_a_problem(ask: Ask) -> None:
    answer = ask("GET", "/fails/bad", headers=HTML | {"cookie": f"{COOKIE}=ls_auditor"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert answer.text == "60123456789 is &lt;b&gt;no&lt;/b&gt; account auditor {}"
    assert answer.headers["content-security-policy"]
    assert ask("GET", "/nowhere", headers=HTML).text.startswith("Not Found nobody")
    assert ask("GET", "/fails/crash", headers=HTML).text.count("secret") == 0


def test_where_that_page_fails_a_plain_one_says_the_same(ask: Ask) -> None:
    answer = ask("GET", "/fails/conflict", headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "text/html; charset=utf-8")
    assert "409 Conflict" in answer.text and "changed since" in answer.text and "cannot be written" not in answer.text


def test_a_form_that_comes_after_its_session_keeps_what_was_typed(ask: Ask) -> None:
    sent = HTML | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = ask("POST", "/form", headers=sent, content=b"text=what+she+said&empty=&nul=%00")
    assert answer.status_code == 401
    assert html.unescape(answer.text).endswith("{'text': 'what she said'}")
    foreign = ask("POST", "/form", headers=sent | {"sec-fetch-site": "cross-site"}, content=b"text=typed+elsewhere")
    assert "elsewhere" not in foreign.text
    assert ask("POST", "/form", headers=sent, content=b"text=" + b"x" * 2_000_000).status_code == 401


def test_every_word_of_a_page_is_escaped() -> None:
    nasty = "<script>\"'&"
    text = page(
        Problem(type=nasty, title=nasty, status=400, detail=nasty, do=nasty, where=nasty, reason=nasty, instance=nasty)
    )
    assert "<script>" not in text and text.count("&lt;script&gt;") == 7


def test_a_program_that_would_take_either_gets_json(ask: Ask) -> None:
    for accept in ("*/*", "application/json, text/html", "application/problem+json"):
        assert (
            ask("GET", "/fails/bad", headers={"accept": accept}).headers["content-type"] == "application/problem+json"
        )
