"""Every word that a page shows can be translated: templates hold mark-up, and text only inside ``_()`` or ``{% trans %}``."""

import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

import lintas.console

TEMPLATES = sorted(Path(lintas.console.__file__).parent.joinpath("templates").rglob("*.html"))
#: Pages that are still English; a page that is not leaves this list.
ENGLISH = set[str]()
#: What readers get from an attribute.
_READ = {"title", "aria-label", "aria-description", "placeholder", "alt", "value", "label", "content", "summary"}
#: Elements whose content is no language: keys of the keyboard, code, and (marked so) data.
_NO_LANGUAGE = {"kbd", "code", "script", "style"}
_LETTER = re.compile(r"[^\W\d_]")
#: Stands for what a template computes; it is no letter.
_COMPUTED = "…"
#: Values that programs read, and their places.
_FOR_PROGRAMS = {("meta", "content"), ("input", "value"), ("button", "value"), ("option", "value"), ("data", "value")}


class Text(HTMLParser):
    """Collects literal words of a template whose own tags were taken out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _READ and (tag, name) not in _FOR_PROGRAMS and value and _LETTER.search(value):
                self.found.append(f"{tag} {name}={value!r}")
        if tag not in {"br", "input", "link", "meta", "img", "hr", "wbr"}:
            untranslated = tag in _NO_LANGUAGE or ("translate", "no") in attrs
            self._open.append((tag, untranslated or any(inside for _, inside in self._open)))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if _LETTER.search(data) and not (self._open and self._open[-1][1]):
            self.found.append(" ".join(data.split()))


def literal_words(source: str) -> list[str]:
    """Return the words in a template that no catalogue can change."""
    kept, deep = [], 0
    syntax = jinja2.Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 — it is only read, nothing is rendered
    tokens = list(syntax.lex(source))
    for place, (_line, kind, value) in enumerate(tokens):
        if kind == "block_begin":
            word = next(text for _, what, text in tokens[place + 1 :] if what == "name")
            deep += {"trans": 1, "endtrans": -1}.get(word, 0)
        if kind == "data" and not deep:
            kept.append(value)
        elif kind == "variable_begin":
            kept.append(_COMPUTED)
    text = Text()
    text.feed("".join(kept))
    text.close()
    return text.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_nothing_that_cannot_be_translated(path: Path) -> None:
    assert bool(literal_words(path.read_text("utf-8"))) == (path.name in ENGLISH), literal_words(
        path.read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{{ x }} left</p>", ["… left"]),
        ("<p>{% if x %}yes{% endif %}</p>", ["yes"]),
        ('<input placeholder="Find" name="find">', ["input placeholder='Find'"]),
        ('<nav aria-label="Pages">', ["nav aria-label='Pages'"]),
        ("<p>คำ</p>", ["คำ"]),
        ('<p>{{ _("Hello") }} · {% trans %}Hello{% endtrans %} 1–9 &middot; →</p>', []),
        ('<span translate="no">XAFB <b>and</b></span><kbd>j</kbd><input value="code" type="hidden">', []),
        ('<span translate="no">XAFB</span> later', ["later"]),
        ("{# a comment #}<!-- another -->", []),
    ],
)
def test_the_search_finds_words_and_nothing_else(source: str, found: list[str]) -> None:
    assert literal_words(source) == found


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 8
