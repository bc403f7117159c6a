"""Reads runs of digits: each is a telephone number, a bank account, both, or neither, as the words around it say."""

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from lintas.text import phones
from lintas.text.finding import Finding, Page
from lintas.text.gazetteer import table, words
from lintas.text.phrases import Cue, Cues, Phrases

_RUN = re.compile(r"(?<!\d)(?:\(?\+ ?\(?|\()?\d(?:[ .()\-/\u00b7]{0,3}\d)*")
_DIGITS = re.compile(r"\d+")
_BREAK = re.compile(r"[!?;。！？；\n\x01]|\.\s")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff_]")
_LINE_START = re.compile(r"(?:^|\n)[^\S\n]{0,4}\Z|[\s,;:]\Z")
#: A line that ends in a label, the number on the next one.
_LABEL_LINE = re.compile(r"[\s:：\-#.]*\n?[\s:：\-#]*")
_JOIN = re.compile(r"[\s,/&、，+()]*(?:and|or|dan|atau|และ|หรือ|và|hoặc|和|或|及|at|o|also|juga)?[\s,/&、，+()]*")
_REACH, _REACH_AFTER, _REACH_BANK = 60, 14, 80
#: Kinds of numbers that never become identifiers, with the digit counts they may have.
_OTHERS = {"code": (3, 8), "parcel": (6, 24), "reference": (3, 24), "serial": (1, 24), "amount": (1, 9)}
_ACCOUNT = (6, 20)


class Bank(msgspec.Struct, frozen=True):
    """A bank or wallet of the gazetteer; ``lengths`` (0, 0) where the account number is a telephone number."""

    code: str
    jurisdiction: str
    lengths: tuple[int, int]


@cache
def kinds() -> Phrases:
    """Return the compiled words that say what kind of number follows."""
    return Phrases({label: words(lists) for label, lists in table("cues").items()})


@cache
def banks() -> tuple[Phrases, dict[str, Bank]]:
    """Return the compiled bank names, and the bank behind each label."""
    lists, rows = {}, {}
    for place, entries in table("banks")["banks"].items():
        for code, row in entries.items():
            low, high = (int(length) for length in row["lengths"])
            lists[f"{place}:{code}"] = row["words"]
            rows[f"{place}:{code}"] = Bank(code, place, (low, high))
    for place, wallets in table("banks")["wallets"].items():
        for code, names in wallets.items():
            lists[f"{place}:{code}"] = names
            rows[f"{place}:{code}"] = Bank(code, place, (0, 0))
    return Phrases(lists), rows


class _Piece(msgspec.Struct, frozen=True):
    """A candidate number: the span, its digits, and whether a plus sign leads it."""

    start: int
    end: int
    digits: str
    plus: bool


def find_numbers(page: Page, cues: Cues, region: str | None, guessed: bool) -> Iterator[Finding]:
    """Find telephone numbers and bank accounts; ``region`` reads national forms, ``guessed`` lowers their confidence."""
    text, lower = page.rest(), page.lower()
    names, rows = banks()
    reader = _Reader(text, cues, Cues(names.find(lower)), rows, region, guessed)
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= 6 and (pieces := _pieces(text, run)):
            yield from reader.read(pieces)


def _pieces(text: str, run: re.Match[str]) -> list[list[_Piece]]:
    """Cut a run into alternatives, the most likely first; each is a list of pieces to read in order."""
    groups = [(group.start(), group.end()) for group in _DIGITS.finditer(text, run.start(), run.end())]
    if sum(end - start for start, end in groups) < 6:
        return []
    plus = "+" in run.group()[:3]
    if not plus and len(groups) > 1 and _is_list_index(text, groups):
        groups = groups[1:]
    groups = [group for i, group in enumerate(groups) if not _numbers_an_item(text, groups, i)]
    long_ones = sum(end - start >= 7 for start, end in groups)
    cuts: list[list[_Piece]] = []
    if long_ones < 2 and sum(end - start for start, end in groups) <= 20:
        cuts.append([_piece(text, groups, plus, run.start())])
    if len(groups) > 1:
        cuts.append(_cut(text, groups, plus, run.start()))
        if len(groups) <= 8 and long_ones < 2:
            cuts.append([_piece(text, groups[1:], False, groups[1][0])])
            cuts.append([_piece(text, groups[:-1], plus, run.start())])
    return cuts


def _piece(text: str, groups: list[tuple[int, int]], plus: bool, start: int) -> _Piece:
    digits = "".join(text[begin:end] for begin, end in groups)
    return _Piece(start if plus else groups[0][0], groups[-1][1], digits, plus)


def _is_list_index(text: str, groups: list[tuple[int, int]]) -> bool:
    (start, end), (following, stop) = groups[0], groups[1]
    mark = text[end:following]
    if end - start > 2 or mark[:1] not in (".", ")") or not _LINE_START.search(text, max(0, start - 6), start):
        return start == 0 and end - start <= 2 and mark[:1] in (".", ")") and stop - following >= 6
    return mark != "." or len(groups) == 2 or text[following] == "0"


def _numbers_an_item(text: str, groups: list[tuple[int, int]], place: int) -> bool:
    """Recognise the "2." in "1.0123456789 2.0112345678"."""
    if place == 0 or place + 1 == len(groups):
        return False
    (start, end), (following, stop) = groups[place], groups[place + 1]
    before = text[groups[place - 1][1] : start]
    return end - start <= 2 and " " in before and text[end] in ".)" and stop - following >= 7


def _cut(text: str, groups: list[tuple[int, int]], plus: bool, start: int) -> list[_Piece]:
    """Cut where a new number begins: a long group stands alone; a zero, a slash or two spaces open another."""
    pieces: list[_Piece] = []
    open_: list[tuple[int, int]] = []
    size = 0
    for begin, end in groups:
        gap = text[open_[-1][1] : begin] if open_ else ""
        fresh = size >= 7 and (text[begin] == "0" or "/" in gap or "  " in gap or end - begin >= 7)
        if open_ and (fresh or (end - begin >= 7 and size <= 4 and not plus) or size + end - begin > 20):
            pieces.append(_piece(text, open_, plus and not pieces, start))
            open_, size = [], 0
        open_.append((begin, end))
        size += end - begin
    pieces.append(_piece(text, open_, plus and not pieces, start))
    return [piece for piece in pieces if len(piece.digits) >= 6]


class _Reader:
    """Decides each piece by the nearest word, the banks named, and the numbering plan; remembers the number before."""

    def __init__(
        self, text: str, cues: Cues, banks_named: Cues, rows: dict[str, Bank], region: str | None, guessed: bool
    ) -> None:
        self._text, self._cues, self._banks, self._rows = text, cues, banks_named, rows
        self._region, self._doubt = region, 0.15 if guessed else 0.0
        self._before_end, self._before_kind = 0, ""
        self._before_bank: Bank | None = None

    def read(self, cuts: list[list[_Piece]]) -> list[Finding]:
        """Return the findings of the first cut that yields any."""
        for pieces in cuts:
            found: list[Finding] = []
            for piece in pieces:
                kind, bank = self._context(piece)
                known = self._judge(piece, kind, bank) if self._stands_alone(piece) else []
                if known:
                    self._before_end, self._before_kind, self._before_bank = piece.end, kind, bank
                found += known
            if found or self._is_other(pieces[0] if pieces else None):
                return found
        return []

    def _is_other(self, piece: _Piece | None) -> bool:
        """A code, a parcel or a reference stays one, however its digits are cut."""
        return (
            piece is not None and self._context(piece)[0] in _OTHERS and self._excluded(piece, self._context(piece)[0])
        )

    def _stands_alone(self, piece: _Piece) -> bool:
        """Refuse digits glued to letters, unless the letters are a word such as "HP" or "STK"."""
        before, after = self._text[max(0, piece.start - 2) : piece.start], self._text[piece.end : piece.end + 1]
        if after and (_LATIN.match(after) or (after in "%:" and self._text[piece.end + 1 : piece.end + 2].isdigit())):
            return False
        if before[-1:] in "-_/#" and _LATIN.match(before[:1] or " "):
            return False
        if before and _LATIN.match(before[-1]):
            return any(cue.end == piece.start for cue in self._cues.within(max(0, piece.start - 20), piece.start))
        if before[-1:] not in (".", ",", "$") or not before[:1].isdigit():
            return True
        # Behind "1." a long number is item 1 of a list; anything shorter is a decimal fraction.
        return (
            before[-1] == "."
            and len(piece.digits) >= 9
            and not self._text[max(0, piece.start - 3) : piece.start - 2].isdigit()
        )

    def _context(self, piece: _Piece) -> tuple[str, Bank | None]:
        """Return the kind announced for the piece, and the bank named beside it."""
        low = max(self._before_end, piece.start - _REACH_BANK)
        before = [
            cue for cue in self._cues.within(max(low, piece.start - _REACH), piece.start) if self._reaches(cue, piece)
        ]
        named = [cue for cue in self._banks.within(low, piece.start) if self._reaches(cue, piece)]
        bank = self._rows[named[-1].label] if named else self._bank_after(piece)
        kind = before[-1].label if before else ""
        if named and (
            not before or before[-1].end <= named[-1].start or before[-1].label in ("payee", "code", "amount")
        ):
            kind = "account" if kind == "account" else "bank"
        if not kind and bank is not None:
            kind = "bank"
        if (
            not kind
            and self._before_end
            and self._before_kind
            and _JOIN.fullmatch(self._text, self._before_end, piece.start)
        ):
            return self._before_kind, self._before_bank
        if not kind:
            after = self._cues.within(piece.end, piece.end + _REACH_AFTER)
            kind = after[0].label if after and not self._text[piece.end : after[0].start].strip(" (-,") else ""
        return kind, bank

    def _reaches(self, cue: Cue, piece: _Piece) -> bool:
        between = self._text[cue.end : piece.start]
        return _BREAK.search(between) is None or _LABEL_LINE.fullmatch(between) is not None

    def _bank_after(self, piece: _Piece) -> Bank | None:
        for cue in self._banks.within(piece.end, piece.end + 40):
            gap = self._text[piece.end : cue.start]
            if gap.strip(" (") and _DIGITS.search(self._text, cue.end, cue.end + 12):
                return None  # "123 and Maybank 456": the bank introduces the next number
            if len(gap) <= 20 and not _BREAK.search(gap) and not _DIGITS.search(gap) and "," not in gap:
                return self._rows[cue.label]
        return None

    def _excluded(self, piece: _Piece, kind: str) -> bool:
        low, high = _OTHERS[kind]
        return low <= len(piece.digits) <= high

    def _judge(self, piece: _Piece, kind: str, bank: Bank | None) -> list[Finding]:
        if piece.plus:
            return self._phone(piece, phones.plus_form(piece.digits), 0.97)
        if kind in _OTHERS and self._excluded(piece, kind):
            return []
        if bank is not None and bank.lengths == (0, 0):
            return self._wallet_or_phone(piece, bank, kind)
        number = self._dialled(piece, strict=kind != "phone" and not self._labelled(piece))
        if kind == "phone":
            return self._phone(piece, number, 0.92 - self._doubt)
        if kind in ("account", "bank"):
            fits = bank is not None and bank.lengths[0] <= len(piece.digits) <= bank.lengths[1]
            if kind == "bank" and number and not fits:
                return self._phone(piece, number, 0.7 - self._doubt)
            return self._account(
                piece, bank, (0.95 if fits else 0.85) - (0.15 if number or kind == "bank" else 0), number
            )
        if number:
            return self._phone(piece, number, 0.75 - self._doubt)
        return self._account(piece, bank, 0.6, None) if kind == "payee" and 8 <= len(piece.digits) <= 19 else []

    def _labelled(self, piece: _Piece) -> bool:
        """Say whether a form's label stands before the piece ("Suspect: 018-…")."""
        return self._text[max(0, piece.start - 3) : piece.start].rstrip().endswith(":")

    def _dialled(self, piece: _Piece, *, strict: bool) -> str | None:
        number = phones.national(piece.digits, self._region, strict=strict) if self._region else None
        return number or phones.without_plus(piece.digits)

    def _phone(self, piece: _Piece, number: str | None, confidence: float) -> list[Finding]:
        if number is None:
            return []
        return [Finding(type="phone", value=number, start=piece.start, end=piece.end, confidence=round(confidence, 2))]

    def _account(self, piece: _Piece, bank: Bank | None, confidence: float, number: str | None) -> list[Finding]:
        if not _ACCOUNT[0] <= len(piece.digits) <= _ACCOUNT[1]:
            return []
        return [
            Finding(
                type="bank_account",
                value=piece.digits,
                start=piece.start,
                end=piece.end,
                confidence=round(confidence, 2),
                jurisdiction=bank.jurisdiction if bank else self._region,
                bank=bank.code if bank else None,
                alternatives=[number] if number else [],
            )
        ]

    def _wallet_or_phone(self, piece: _Piece, bank: Bank, kind: str) -> list[Finding]:
        """A wallet's account number is its holder's telephone number: report both, or the account alone if it cannot ring."""
        number = phones.national(piece.digits, bank.jurisdiction, strict=False) or phones.without_plus(piece.digits)
        both = self._phone(piece, number, 0.85)
        if number and kind == "phone":
            return both
        return both + (self._account(piece, bank, 0.85 if number else 0.7, None))
