"""Keeps src/lintas/text/locales up to date: finds every message in pages and code and every word of the closed lists.

Run it as ``.venv/bin/python docs/translate.py`` (or ``make words``): it writes the template ``lintas.pot`` and gives each
``<language>/lintas.po`` the messages that are new, with nothing beside them, for somebody to translate. Translations of
messages that went are kept at the end of the file and come back with their message. Same code, same bytes.
"""

import importlib
import io
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jinja2
import msgspec
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes

from lintas.console.pages import ROUTES
from lintas.http.bodies import FORM
from lintas.model import errors
from lintas.model.messages import KINDS
from lintas.model.places import jurisdictions
from lintas.text.translation import CODE, LANGUAGES, MACHINE_MADE, machine_made

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "lintas"
LOCALES = SOURCE / "text" / "locales"

#: What marks a message, in templates and in code.
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "mark": None, "say": None}
#: The command line and the demo speak English; so do the problem documents of the API.
ENGLISH_ONLY = ("cli",)
#: Where the closed lists are that pages show with ``code(value)``: every ``Literal`` of words in these modules.
LISTS = (
    "lintas.model.identifiers",
    "lintas.model.messages",
    "lintas.model.tainted",
    "lintas.requests.clock_records",
    "lintas.requests.records",
    "lintas.border.records",
    "lintas.exchange.records",
    "lintas.exchange.digest",
    "lintas.intake.records",
    "lintas.ledger.monitor",
    "lintas.policy.records",
    "lintas.trust.receipt",
    "lintas.console.home",
    "lintas.access.records",
    "lintas.telco.book.records",
    "lintas.telco.verdicts.records",
    "lintas.telco.registry.records",
)
#: Closed lists that are written as something else.
MORE = (*KINDS, "overdue", "any", "unknown", "duplicate", "accepted", "draft", "exercise")

#: Fields of forms that no person types.
NOT_TYPED = {"once", "seen", "to"}

#: A message (a text, or two for a plural) and its context.
Key = tuple[typing.Any, str | None]


def closed_lists() -> Iterator[str]:
    """Give the words of every closed list, as English shows them."""
    for name in LISTS:
        module = importlib.import_module(name)
        for value in (*_literals(module), *getattr(module, "ROLES", ())):
            if isinstance(value, str) and re.fullmatch(r"[a-z][a-z_-]+", value):
                yield value.replace("_", " ")
    yield from (value.replace("_", " ") for value in MORE)
    yield from jurisdictions().values()
    yield from _said_by_code()
    # A form that could not be carried out shows what was typed into each field.
    bodies = {route.body for route in ROUTES if isinstance(route.body, type) and FORM in route.media}
    fields = {name for body in bodies for name in typing.get_type_hints(body)}
    yield from (name.replace("_", " ") for name in fields - NOT_TYPED)
    # Problem documents carry the title of their error.
    yield from (
        each.title for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.LintasError)
    )


def template() -> Catalog:
    """Return every message there is."""
    catalog = Catalog(charset="utf-8")
    for found, context in sorted(_marked(), key=lambda each: (str(each[0]), each[1] or "")):
        catalog.add(found, context=context)
    for word in sorted(set(closed_lists())):
        catalog.add(word, context=CODE)
    return catalog


def updated(wanted: Catalog, language: str, text: str) -> Catalog:
    """Return a language's catalogue with the messages of ``wanted``, and the translations that ``text`` has."""
    old = read_po(io.StringIO(text), locale=language)
    known = {**{_key(each): each for each in old.obsolete.values()}, **{_key(each): each for each in old if each.id}}
    made = _one_form(Catalog(locale=language, charset="utf-8"))
    for message in wanted:
        if message.id:
            before = known.pop(_key(message), None)
            made.add(message.id, before.string if before else None, context=message.context)
    made.obsolete = {key: each for key, each in known.items() if each.string and any(each.string)}
    return made


def _one_form(catalog: Catalog) -> Catalog:
    """Let a catalogue have one form for any number, as Malay and Thai do; Babel does not know it of every language."""
    catalog._num_plurals, catalog._plural_expr = 1, "0"
    return catalog


def render(catalog: Catalog, language: str = "", *, by_machine: bool = True) -> str:
    """Write a catalogue: sorted, without dates and places, so that only what is said makes a difference."""
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    if language:
        head += [
            f"Language: {language}",
            "Plural-Forms: nplurals=1; plural=0;",
            f"{MACHINE_MADE}: {'yes' if by_machine else 'no'}",
        ]
    body = io.BytesIO()
    write_po(body, catalog, no_location=True, omit_header=True, sort_output=True, width=120)
    lines = "\n".join(f'"{line}\\n"' for line in head)
    about = (
        f"# lintas in its language {language} ({LANGUAGES[language]})."
        if language
        else "# Every message of lintas; docs/translate.py writes this file."
    )
    return f'{about}\nmsgid ""\nmsgstr ""\n{lines}\n\n{body.getvalue().decode()}'


def _marked() -> set[Key]:
    found: set[Key] = set()
    for method, pattern in (("python", "*.py"), ("jinja2.ext:babel_extract", "*.html")):
        for path in sorted(SOURCE.rglob(pattern)):
            if path.relative_to(SOURCE).parts[0] in ENGLISH_ONLY:
                continue
            with path.open("rb") as file:
                options = {"encoding": "utf-8", "silent": "false"}
                for _line, message, _comments, context in extract(method, file, KEYWORDS, options=options):
                    found.add((message, context))
    return found


def _said_by_code() -> Iterator[str]:
    """Give the words that templates themselves hand to ``code(...)``."""
    syntax = jinja2.Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 — it is only read, nothing is rendered
    for path in sorted(SOURCE.rglob("*.html")):
        for call in syntax.parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "code":
                for word in call.find_all(nodes.Const):
                    if isinstance(word.value, str):
                        yield word.value.replace("_", " ")


def _literals(module: ModuleType) -> Iterator[object]:
    own = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    hints = [hint for struct in own for hint in typing.get_type_hints(struct).values()]
    for hint in (*vars(module).values(), *hints):
        yield from _values(hint)


def _values(hint: object) -> Iterator[object]:
    if typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
    else:
        for part in typing.get_args(hint):
            yield from _values(part)


def _key(message: typing.Any) -> Key:  # noqa: ANN401 — Babel's Message: its id is a text, or two for a plural
    return message.id, message.context


def main() -> None:
    """Write the template and the catalogues."""
    wanted = template()
    LOCALES.joinpath("lintas.pot").write_text(render(wanted), "utf-8")
    for language in LANGUAGES:
        if language != "en":
            path = LOCALES / language / "lintas.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text("utf-8") if path.exists() else ""
            made = updated(wanted, language, text)
            # Whoever has read a whole catalogue writes "no" into its header, and it stays.
            path.write_text(render(made, language, by_machine=machine_made(text) or not text), "utf-8")
            empty = [each for each in made if each.id and not (each.string and all(each.string))]
            print(f"{language}: {len(made)} messages, {len(empty)} without a translation")


if __name__ == "__main__":
    main()
