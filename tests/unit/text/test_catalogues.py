"""The catalogues are whole: every message of pages and code is in them, translated, with the same placeholders."""

import ast
import io
import re
import runpy
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from lintas.text.translation import LANGUAGES, words

ROOT = Path(__file__).parents[3]
TRANSLATE = runpy.run_path(str(ROOT / "docs" / "translate.py"))
LOCALES: Path = TRANSLATE["LOCALES"]
TRANSLATED = [language for language in LANGUAGES if language != "en"]
#: ``%(name)s``, tags, entities and the per cent sign mean something; ``{d}`` is filled in by the page's script.
_KEPT = re.compile(r"%\(\w+\)[a-z]|%%|%|</?\w+[^<>]*>|&#?\w+;|\{\w+\}")


def messages(language: str) -> list[Message]:
    text = LOCALES.joinpath(language, "lintas.po").read_text("utf-8")
    return [each for each in read_po(io.StringIO(text), locale=language) if each.id]


def texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def test_the_template_has_what_pages_and_code_say() -> None:
    kept = LOCALES.joinpath("lintas.pot").read_text("utf-8")
    assert kept == TRANSLATE["render"](TRANSLATE["template"]()), "messages changed: run `make words`, and translate"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_lacks_a_translation(language: str) -> None:
    found = {(str(each.id), each.context): each for each in messages(language)}
    wanted = [each for each in TRANSLATE["template"]() if each.id]
    lacking = [
        each.id
        for each in wanted
        if (mine := found.get((str(each.id), each.context))) is None or not all(texts(mine.string or ""))
    ]
    assert not lacking, f"translate these in {LOCALES / language / 'lintas.po'}: {lacking}"
    assert not [each.id for each in messages(language) if each.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_placeholders_and_marks(language: str) -> None:
    wrong = []
    for message in messages(language):
        # Both languages have one form for any number: it must fit the plural's placeholders.
        wanted = sorted(_KEPT.findall(texts(message.id)[-1]))
        wrong += [message.id for said in texts(message.string) if sorted(_KEPT.findall(said)) != wanted]
        # What an English text begins or ends with (a blank, a line break) its neighbours on the page count on.
        english = texts(message.id)[-1]
        wrong += [
            message.id
            for said in texts(message.string)
            if (said[:1].isspace(), said[-1:].isspace()) != (english[:1].isspace(), english[-1:].isspace())
        ]
    assert not wrong


def test_thai_is_written_in_thai_and_nothing_invisible_is_in_any_translation() -> None:
    for message in messages("th"):
        for said in texts(message.string):
            letters = re.sub(_KEPT, "", said)
            assert re.search(r"[\u0e00-\u0e7f]", letters) or not re.search(r"[a-z]{4}", letters), message.id
            # SARA AM is one character, and no vowel or tone mark stands twice: what fonts and searches expect.
            assert "\u0e4d\u0e32" not in said and not re.search(r"([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])\1", said), (
                message.id
            )
    for language in TRANSLATED:
        for message in messages(language):
            for said in texts(message.string):
                assert said.replace("\n", "").isprintable(), message.id


def test_translations_made_by_a_machine_say_so() -> None:
    assert {language: words(language).machine_made for language in LANGUAGES} == {"en": False, "ms": True, "th": True}


def test_every_closed_list_is_said_in_every_language() -> None:
    for value in (
        "awaiting_approval",
        "held_full",
        "good_faith",
        "approver",
        "quarantined",
        "hold_request",
        "Not found",
    ):
        assert len({words(language).code(value) for language in (*LANGUAGES, "en-XA")}) == 4


def test_no_message_hides_in_an_f_string() -> None:
    """Extraction reads tokens, and before Python 3.12 an f-string is one token."""
    asked, hidden = {"gettext", "ngettext", "pgettext", "say", "mark"}, []
    for path in sorted((ROOT / "src" / "lintas").rglob("*.py")):
        if path.is_relative_to(ROOT / "src" / "lintas" / "cli"):
            continue
        for text in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(text, ast.JoinedStr):
                calls = [each.func for each in ast.walk(text) if isinstance(each, ast.Call)]
                hidden += [
                    (path.name, text.lineno)
                    for each in calls
                    if getattr(each, "attr", getattr(each, "id", "")) in asked
                ]
    assert hidden == []


def test_a_new_message_keeps_old_translations_and_one_that_comes_back_has_its_own() -> None:
    template = TRANSLATE["template"]()
    text = LOCALES.joinpath("th", "lintas.po").read_text("utf-8")
    update, render = TRANSLATE["updated"], TRANSLATE["render"]
    assert render(update(template, "th", text), "th") == text
    fewer = TRANSLATE["template"]()
    fewer.delete("refused", context="code")
    without = render(update(fewer, "th", text), "th")
    assert '\n#~ msgid "refused"' in without and '\nmsgid "refused"' not in without
    assert render(update(template, "th", without), "th") == text
