"""Finds national identity numbers: by their own shape and check digit, or by the words in front of them."""

import re
from collections.abc import Callable, Iterator

from lintas.text.finding import Finding, Page
from lintas.text.phrases import Cues

_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d(?:[ /-]?\d){4,17}(?: ?\([0-9A]\)|-?[A-Za-z])?(?![A-Za-z0-9])")
_BREAK = re.compile(r"[!?;。！？；\n\x01]|\.\s")
_WORD_SPACE = 32


def _malaysia(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31


def _singapore(text: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}[text[0].upper()]
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    place = total % 11
    return letters[text[0].upper()][10 - place if text[0] in "Mm" else place] == text[8].upper()


def _thailand(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    total = sum(int(digit) * (13 - i) for i, digit in enumerate(digits[:12]))
    return (11 - total % 11) % 10 == int(digits[12])


def _china(text: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], weights, strict=True))
    return "10X98765432"[total % 11] == text[17].upper() and 1 <= int(text[10:12]) <= 12 and 1 <= int(text[12:14]) <= 31


def _hong_kong(text: str) -> bool:
    letters, digits = re.sub(r"[^A-Z]", "", text[:2].upper()), re.sub(r"[^0-9A]", "", text[1:].upper())
    values = (
        [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits[-7:-1]]
    )
    total = sum(value * weight for value, weight in zip(values, (9, 8, 7, 6, 5, 4, 3, 2), strict=True))
    return (total + (10 if digits[-1] == "A" else int(digits[-1]))) % 11 == 0


def _taiwan(text: str) -> bool:
    area = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0].upper()) + 10
    total = area // 10 + area % 10 * 9 + sum(int(digit) * (8 - i) for i, digit in enumerate(text[1:9])) + int(text[9])
    return total % 10 == 0


def _always(text: str) -> bool:
    return bool(text)


#: jurisdiction, shape, check: a shape strong enough to stand without a word in front of it.
_SHAPES: list[tuple[str, re.Pattern[str], Callable[[str], bool]]] = [
    ("MY", re.compile(r"(?<![\d-])\d{6}-\d{2}-\d{4}(?![\d-])"), _malaysia),
    ("SG", re.compile(r"(?<![A-Za-z0-9])[STFGM]\d{7}[A-Z](?![A-Za-z0-9])"), _singapore),
    ("TH", re.compile(r"(?<![\d-])\d-\d{4}-\d{5}-\d{2}-\d(?![\d-])"), _thailand),
    ("CN", re.compile(r"(?<![A-Za-z0-9])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![A-Za-z0-9])"), _china),
    ("HK", re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6}\([0-9A]\)"), _hong_kong),
    ("TW", re.compile(r"(?<![A-Za-z0-9])[A-Z][1289]\d{8}(?![A-Za-z0-9])"), _taiwan),
    ("MM", re.compile(r"(?<![A-Za-z0-9])\d{1,2}/[A-Za-z]{3,9}\([NCTPnctp]\)\d{6}(?!\d)"), _always),
]


def find_national_ids(page: Page, cues: Cues) -> Iterator[Finding]:
    """Find identity numbers behind an identity word, then by shape and check digit; spans read are crossed out."""
    text = page.rest()
    taken = 0
    for cue in cues.all:
        if cue.label != "national_id" or cue.end < taken:
            continue
        token = _TOKEN.search(text, cue.end, min(len(text), cue.end + _WORD_SPACE + 24))
        if token and token.start() - cue.end <= _WORD_SPACE and not _interrupted(text, cues, cue.end, token.start()):
            taken = token.end()
            page.cross_out(token.start(), taken)
            yield _finding(token, 0.9)
    text = page.rest()
    for _, shape, check in _SHAPES:
        for token in shape.finditer(text):
            near = cues.within(max(0, token.start() - 30), token.start())
            if check(token.group()) and not (near and near[-1].label in ("account", "parcel", "reference", "serial")):
                page.cross_out(token.start(), token.end())
                yield _finding(token, 0.85)


def _finding(token: re.Match[str], confidence: float) -> Finding:
    value = re.sub(r"[ \-]", "", token.group()).upper()
    if "/" not in value:
        value = re.sub(r"[()]", "", value)
    return Finding(type="national_id", value=value, start=token.start(), end=token.end(), confidence=confidence)


def _interrupted(text: str, cues: Cues, start: int, end: int) -> bool:
    """Another kind of number was announced, or the sentence ended, between the identity word and the digits."""
    others = [cue for cue in cues.within(start, end) if cue.label not in ("national_id", "serial")]
    return bool(others) or _BREAK.search(text[start:end]) is not None
