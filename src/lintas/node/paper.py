"""Sets letters and other papers as PDF: tagged for screen readers (PDF/UA-1), same bytes for the same words, nothing fetched.

What a paper says goes to typst as JSON that it shows as text; no word of it is read as typst's own language.
"""

from importlib import resources
from pathlib import Path

import msgspec
import typst

from lintas.model.errors import BadInput, Unavailable
from lintas.requests.letter import Letter
from lintas.text.translation import LANGUAGES, PSEUDO

MEDIA = "application/pdf"
#: Both come with the built browser files; no other font of the machine is used, so that every machine sets alike.
_FONTS = ("Sarabun-Regular.ttf", "Sarabun-Bold.ttf")


def pdf(letter: Letter, fonts: Path | None = None) -> bytes:
    """Return the letter on A4; Unavailable without fonts, BadInput for a letter in a script that they do not have.

    It takes some milliseconds of one processor: call it beside the event loop.
    """
    said = msgspec.to_builtins(letter) | {"lang": letter.language.partition("-")[0]}
    return _set("letter", "letter", said, fonts)


def derivation_pdf(document: msgspec.Struct, fonts: Path | None = None) -> bytes:
    """Return a derivation (``lintas.trace.derivations.explained.Document``) on A4; raises as :func:`pdf` does."""
    return _set("derivation", "document", msgspec.to_builtins(document) | {"lang": "en"}, fonts)


def _set(paper: str, name: str, said: dict[str, object], fonts: Path | None) -> bytes:
    here = Path(str(resources.files("lintas")))
    folder = fonts or here / "console" / "static" / "built" / "fonts"
    missing = [font for font in _FONTS if not (folder / font).is_file()]
    if missing:
        raise Unavailable(f"the fonts of printed {paper}s are missing: {', '.join(missing)}", "run `make install`")
    try:
        return typst.compile(
            here / "node" / f"{paper}.typ",
            font_paths=[folder],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
            sys_inputs={name: msgspec.json.encode(said).decode()},
        )
    except typst.TypstError as wrong:
        # The template is fixed and the data only text: what is left is a character that the fonts do not have.
        raise BadInput(
            f"the {paper} cannot be printed: {str(wrong)[:200]}", "take it as plain text", where=paper
        ) from None


def language(asked: str, *, exercise: bool) -> str:
    """Return the language that a letter is asked for in, "" for the authority's own; BadInput for one that there is not."""
    if asked and asked not in LANGUAGES and not (exercise and asked == PSEUDO):
        raise BadInput(f"there are no letters in {asked[:20]!r}", f"use {', '.join(LANGUAGES)}", where="query lang")
    return asked


def named(letter: Letter) -> dict[str, str]:
    """Return the header under which a browser shows and keeps the letter: ids are plain, so the name is too."""
    return {"content-disposition": f'inline; filename="{letter.reference}.pdf"'}
