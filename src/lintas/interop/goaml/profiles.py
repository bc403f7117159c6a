"""What one financial intelligence unit demands of a goAML report, as data: codes, mandatory fields, clocks, indicators.

Units publish this with their schema and change it; shipped are a generic profile and those of the fictional jurisdictions.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec
import yaml

from lintas.interop.goaml.records import Account, Report, Transaction
from lintas.model import money
from lintas.model.errors import BadInput, NotFound

SHIPPED = ("generic", "xa", "xb", "xc", "xd")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One unit's demands.

    ``report_codes``, ``modes``, ``funds`` and ``indicators``: its codes and what they mean (none listed: any is taken).
    ``default_*`` are used where nothing is said. ``required`` names fields of a report, ``transaction.`` and ``account.``
    those of each transaction and account. ``institution`` is the element of a bank's code.
    """

    title: str
    country: str = ""
    currency: str = ""
    offset: str = "+00:00"
    institution: str = "institution_code"
    report_codes: dict[str, str] = {}
    default_report_code: str = "STR"
    modes: dict[str, str] = {}
    default_mode: str = ""
    funds: dict[str, str] = {}
    default_funds: str = ""
    indicators: dict[str, str] = {}
    required: tuple[str, ...] = ()
    max_reference: int = 255

    def broken(self, report: Report) -> Iterator[str]:
        """Name everything in a report that this unit would send back."""
        yield from _listed("report_code", report.report_code, self.report_codes)
        if self.currency and report.currency != self.currency:
            yield f"currency_code_local: {report.currency!r}, this unit counts in {self.currency}"
        for indicator in report.indicators:
            yield from _listed("report_indicators/indicator", indicator, self.indicators)
        if len(report.entity_reference) > self.max_reference:
            yield f"entity_reference: at most {self.max_reference} characters"
        yield from (f"{name}: mandatory here" for name in self._of("") if not getattr(report, name))
        for number, transaction in enumerate(report.transactions, 1):
            place = f"transaction[{number}]"
            yield from _listed(f"{place}/transmode_code", transaction.mode, self.modes)
            for name in self._of("transaction."):
                if not getattr(transaction, name):
                    yield f"{place}/{name}: mandatory here"
            for way, side in (("from", transaction.sender), ("to", transaction.receiver)):
                yield from _listed(f"{place}/{way}_funds_code", side.funds_code, self.funds)
                for name in self._of("account.") if side.account else ():
                    if not getattr(side.account, name):
                        yield f"{place}/{way}_account/{name}: mandatory here"

    def check(self, report: Report) -> None:
        """Raise BadInput that names everything that this unit would send back."""
        if found := list(self.broken(report)):
            more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
            do = "fill it in, or take the unit's own profile"
            raise BadInput("; ".join(found[:5]) + more, do, where=f"goAML report for {self.title}")

    def _of(self, group: str) -> Iterator[str]:
        for name in self.required:
            head, dot, rest = name.rpartition(".")
            if head + dot == group:
                yield rest


def _listed(place: str, code: str, known: dict[str, str]) -> Iterator[str]:
    if known and code not in known:
        yield f"{place}: {code!r} is none of {', '.join(known)}"


@cache
def shipped(name: str) -> Profile:
    """Return a shipped profile by name, in any case; NotFound for another."""
    low = name.strip().lower()
    if low not in SHIPPED:
        raise NotFound(f"no goAML profile is shipped for {name[:20]!r}", f"use {', '.join(SHIPPED)}, or give a file")
    text = resources.files("lintas.interop.goaml").joinpath(f"profiles/{low}.yaml").read_bytes()
    return load(text, where=f"{low}.yaml")


def load(text: bytes, *, where: str) -> Profile:
    """Read a profile from YAML; BadInput naming what is wrong."""
    try:
        found = msgspec.convert(yaml.safe_load(text), Profile)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        told = str(wrong).splitlines()[0]
        raise BadInput(f"it is no YAML ({told})", "see docs/goaml.md", where=where) from None
    except msgspec.ValidationError as wrong:
        raise BadInput(f"it is no profile ({wrong})", "see docs/goaml.md", where=where) from None
    if found.currency:
        money.currency(found.currency)
    unknown = [name for name in found.required if not _known(name)]
    if unknown:
        raise BadInput(f"nothing is called {unknown[0]!r}", "name fields as in docs/goaml.md", where=where)
    return found


def _known(name: str) -> bool:
    group, _, field = name.rpartition(".")
    kinds = {"": Report, "transaction": Transaction, "account": Account}
    return group in kinds and field in kinds[group].__struct_fields__
