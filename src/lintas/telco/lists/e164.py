"""Reads telephone numbers in E.164 form, in less than a microsecond, and the ranges that lists are written in.

A number is an integer here: its digits, country code first (ITU-T E.164: at most 15 digits; none begins with 0). National
forms, short codes and words are no numbers here: what they mean depends on who dials, which a numbering plan knows.
"""

from lintas.model.errors import BadInput

#: Fewer digits are a short code, more are no number (ITU-T E.164 section 6).
FEWEST, MOST = 5, 15
#: A shorter prefix names whole parts of the world: nobody means that.
SHORTEST = 3


def read(text: str) -> int | None:
    """Return the number that ``+60…``, ``%2B60…``, ``0060…`` or ``60…`` writes; None for anything else."""
    if text[:1] == "+":
        text = text[1:]
    elif text[:2] == "00":
        text = text[2:]
    elif text[:3] in ("%2B", "%2b"):
        text = text[3:]
    # isdigit alone takes digits of every script, and superscripts, which are none to a switch.
    if not FEWEST <= len(text) <= MOST or not text.isascii() or not text.isdigit() or text[0] == "0":
        return None
    return int(text)


def read_value(text: str) -> tuple[int, int] | None:
    """Return (first, last) of a list entry's value, ``+999…`` or ``+999…-+999…``; None for anything else.

    Both ends of a range have as many digits and the first is not behind the last: a range over two lengths is a slip.
    """
    head, dash, tail = text.partition("-")
    first = read(head)
    if not dash:
        return None if first is None else (first, first)
    last = read(tail)
    if first is None or last is None or first > last or len(str(first)) != len(str(last)):
        return None
    return first, last


def write(first: int, last: int | None = None) -> str:
    """Write a number, or a range, as lists and redress ids have it."""
    return f"+{first}" if last is None or last == first else f"+{first}-+{last}"


def prefix(text: str) -> list[tuple[int, int]]:
    """Return the ranges that ``+9996*`` stands for, one for each length that a number with these digits can have.

    BadInput for what is no prefix.
    """
    digits = text[:-1].removeprefix("+") if text[:2] != "00" else text[2:-1]
    fits = SHORTEST <= len(digits) <= MOST and digits.isascii() and digits.isdigit() and digits[0] != "0"
    if not text.endswith("*") or not fits:
        raise BadInput(f"{text[:40]!r} is no prefix", "write at least three digits from the country code on: +9996*")
    free = range(max(FEWEST - len(digits), 0), MOST - len(digits) + 1)
    return [(int(digits) * 10**each, (int(digits) + 1) * 10**each - 1) for each in free]
