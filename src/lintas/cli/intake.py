"""Command group ``intake``: reads reports; ``intake extract`` finds identifiers with their role, JSON Lines in and out."""

import sys
from collections.abc import Iterator
from typing import BinaryIO

import click
import msgspec

from lintas.model.errors import BadInput, MalformedInput, TooLarge
from lintas.text.extract import extract as extract_identifiers

#: The longest line read, in bytes: a text of the largest size with every character escaped, and room for the rest.
MAX_LINE_BYTES = 2_000_000
_OUT = msgspec.json.Encoder()


class Report(msgspec.Struct, frozen=True):
    """One line of input; ``country`` is another name of ``jurisdiction``, further fields are ignored."""

    id: str | int
    text: str
    jurisdiction: str | None = None
    country: str | None = None


_IN = msgspec.json.Decoder(Report)


@click.group()
def intake() -> None:
    """Read reports: find identifiers and their role."""


@intake.command()
@click.argument("file", type=click.File("rb"), default="-")
def extract(file: BinaryIO) -> None:
    """Find the identifiers in reports, each with its role.

    Reads JSON Lines {"id", "text", "jurisdiction"?} from FILE (standard input by default) and writes one line
    {"id", "identifiers": [...]} for each. Offsets count Unicode code points of the text. The first bad line ends the
    run with exit code 2, naming file and line; the lines before it have been answered.
    """
    name = "standard input" if file.name in ("<stdin>", "-") else str(file.name)
    out = sys.stdout.buffer
    try:
        for number, line in _lines(file, name):
            report = _report(line, f"{name}:{number}")
            try:
                found = extract_identifiers(report.text, report.jurisdiction or report.country)
            except BadInput as wrong:
                where = f"{name}:{number}" + (f", {wrong.where}" if wrong.where else "")
                raise type(wrong)(wrong.what, wrong.do, where=where) from None
            out.write(_OUT.encode({"id": report.id, "identifiers": found}) + b"\n")
    finally:
        out.flush()


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield line number and line, empty lines left out; never holds more than one line of the stated size."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise TooLarge(
                f"the line is longer than {MAX_LINE_BYTES:,} bytes",
                "write one report per line",
                where=f"{name}:{number}",
            )
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield number, line


def _report(line: bytes, where: str) -> Report:
    """Read one line; MalformedInput when it is no UTF-8 or no JSON, BadInput when fields are missing or of another type."""
    try:
        line.decode("utf-8")
        return _IN.decode(line)
    except UnicodeDecodeError as wrong:
        raise MalformedInput(f"byte {wrong.start + 1} is not UTF-8", "save the file as UTF-8", where=where) from None
    except msgspec.ValidationError as wrong:
        raise BadInput(str(wrong), 'write {"id": "...", "text": "..."} with text as a string', where=where) from None
    except msgspec.DecodeError as wrong:
        raise MalformedInput(f"not JSON: {wrong}", "write one JSON object per line", where=where) from None
    except RecursionError:
        raise TooLarge("the JSON is nested too deeply", "write one flat object per line", where=where) from None
