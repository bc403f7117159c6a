"""Draws the trail of a case as one SVG file without style sheet or script, for a report or on paper: time runs to the right.

Each state has a colour and a pattern, so that the picture reads in black and white too.
"""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import msgspec

from lintas.model.money import show
from lintas.requests.flow import Flow
from lintas.requests.records import SHARE_STATES
from lintas.text.translation import Words, mark

SVG = "image/svg+xml"
_WIDTH, _STEP, _TALL, _THICK, _GAP, _EDGE = 1200, 185, 360, 14, 60, 24
#: Room at the right for what is said of the ends, and at the top for the heading.
_SAID, _HEAD = 250, 74
#: The colour of each state, and the lines that are drawn over it (None: none), as on the pages.
_LOOKS = {
    "held": ("#1b7f4d", None),
    "moved": ("#b35f00", "M0 8L8 0M-2 2L2 -2M6 10L10 6"),
    "spent": ("#8a1c1c", "M0 0L8 8M0 8L8 0"),
    "returned": ("#1f5fa8", "M0 4H8"),
    "released": ("#5b6b7a", "M4 0V8"),
    "unknown": ("#6d757d", "M0 4H4M4 0V4"),
}
NOT_FOUND = mark("not found yet")


class _Box(NamedTuple):
    """A place, or an end ("end" with its number): in which column, how much, and what is said of it."""

    id: str
    column: int
    amount: int
    said: tuple[str, ...]
    state: str = ""


class _Flowing(NamedTuple):
    """So much flows from one box to another, and has this state further on."""

    source: str
    target: str
    state: str
    amount: int
    said: str


class _At(msgspec.Struct):
    """Where a box stands, and how much of its two sides is taken."""

    x: float
    y: float
    height: float
    came: float = 0
    left: float = 0


def draw(flow: Flow, words: Words) -> bytes:
    """Return the picture; where no money has been found yet, one that says so."""
    boxes, flowing = _boxes(flow, words), _flowing(flow, words)
    last = max(box.column for box in boxes)
    width = max(_WIDTH, 2 * _EDGE + _SAID + last * _STEP)
    at, bottom = _laid_out(boxes, flowing, flow.stolen, last, width)
    ribbons = [_ribbon(each, at, flow.stolen) for each in _in_order(flowing, at)]
    title = words.say(mark("Trail of case %(case)s"), case=flow.case)
    stolen = words.gettext("stolen")
    total = f"{stolen} {show(flow.stolen, flow.currency)} {flow.currency}"
    taken = "" if flow.taken_at is None else f", {words.moment(flow.taken_at)}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom:.0f}" role="img" '
            f'lang="{words.language}" font-family="sans-serif" font-size="13" fill="#14181d">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(total)}</desc>",
            f"<defs>{''.join(_pattern(state) for state in _LOOKS)}</defs>",
            f'<rect width="{width}" height="{bottom:.0f}" fill="#ffffff"/>',
            f'<text x="{_EDGE}" y="28" font-size="18" font-weight="bold">{escape(title)}</text>',
            f'<text x="{_EDGE}" y="50">{escape(total + taken)}</text>',
            *ribbons,
            *(_drawn(box, at[box.id]) for box in boxes),
            *_legend(flow, words, width),
            "</svg>\n",
        ]
    ).encode()


def _boxes(flow: Flow, words: Words) -> list[_Box]:
    made = []
    for place in flow.places:
        named = place.holder or words.gettext(NOT_FOUND)
        since = () if place.since is None else (words.moment(place.since),)
        made.append(_Box(place.id, place.hop, place.amount_minor, (named, *since)))
    hops = {place.id: place.hop for place in flow.places}
    for number, end in enumerate(flow.ends):
        state = words.code("here_not_held" if end.here else end.state)
        amount = f"{show(end.amount_minor, flow.currency)} {flow.currency}"
        made.append(_Box(f"end{number}", hops[end.place] + 1, end.amount_minor, (state, amount), end.state))
    return made


def _flowing(flow: Flow, words: Words) -> list[_Flowing]:
    made = []
    for leg in flow.legs:
        told = f"{show(leg.local_minor, leg.local_currency)} {leg.local_currency}, {leg.transfer}"
        for state, amount in leg.states.items():
            said = f"{words.code(state)} {show(amount, flow.currency)} {flow.currency}; {told}"
            made.append(_Flowing(leg.source, leg.target, state, amount, said))
    for number, end in enumerate(flow.ends):
        said = f"{words.code(end.state)} {show(end.amount_minor, flow.currency)} {flow.currency}"
        made.append(_Flowing(end.place, f"end{number}", end.state, end.amount_minor, said))
    return made


def _laid_out(
    boxes: list[_Box], flowing: list[_Flowing], stolen: int, last: int, width: int
) -> tuple[dict[str, _At], float]:
    """Put the boxes into columns, each near what flows into it; returns where they are and the picture's height."""
    at: dict[str, _At] = {}
    step, bottom = (width - 2 * _EDGE - _SAID) / max(1, last), 0.0
    for column in range(last + 1):
        y = float(_HEAD + _GAP)
        for box in sorted((box for box in boxes if box.column == column), key=lambda box: _wish(box, flowing, at)):
            height = max(2.0, box.amount * _TALL / stolen)
            at[box.id] = _At(_EDGE + column * step, y, height)
            y += height + _GAP
        bottom = max(bottom, y)
    return at, bottom + _GAP


def _wish(box: _Box, flowing: Iterable[_Flowing], at: dict[str, _At]) -> tuple[float, int]:
    """Return how high a box would like to be: where the most of it comes from; ends stand in the order of the states."""
    sources = [at[each.source] for each in flowing if each.target == box.id and each.source in at]
    height = min((place.y for place in sources), default=0.0)
    return height, SHARE_STATES.index(box.state) if box.state else -1


def _in_order(flowing: list[_Flowing], at: dict[str, _At]) -> list[_Flowing]:
    return sorted(flowing, key=lambda each: (at[each.source].x, at[each.target].y, at[each.source].y))


def _ribbon(each: _Flowing, at: dict[str, _At], stolen: int) -> str:
    source, target = at[each.source], at[each.target]
    width = max(1.0, each.amount * _TALL / stolen)
    x0, x1 = source.x + _THICK, target.x
    y0, y1, half = source.y + source.left, target.y + target.came, (x0 + x1) / 2
    source.left += width
    target.came += width
    path = (
        f"M{x0:.1f} {y0:.1f}C{half:.1f} {y0:.1f} {half:.1f} {y1:.1f} {x1:.1f} {y1:.1f}V{y1 + width:.1f}"
        f"C{half:.1f} {y1 + width:.1f} {half:.1f} {y0 + width:.1f} {x0:.1f} {y0 + width:.1f}Z"
    )
    return f'<path d="{path}" fill="url(#{each.state})" opacity="0.75"><title>{escape(each.said)}</title></path>'


def _drawn(box: _Box, at: _At) -> str:
    fill = _LOOKS[box.state][0] if box.state else "#14181d"
    rect = f'<rect x="{at.x:.1f}" y="{at.y:.1f}" width="{_THICK}" height="{at.height:.1f}" fill="{fill}"/>'
    x, y = (at.x + _THICK + 6, at.y + 12) if box.state else (at.x, at.y - 6 - 15 * (len(box.said) - 1))
    weight, halo = ' font-weight="bold"', ' stroke="#ffffff" stroke-width="3" paint-order="stroke"'
    lines = (
        f'<text x="{x:.1f}" y="{y + 15 * number:.1f}"{halo}{"" if number else weight}>{escape(said)}</text>'
        for number, said in enumerate(box.said)
    )
    return rect + "".join(lines)


def _pattern(state: str) -> str:
    colour, lines = _LOOKS[state]
    drawn = "" if lines is None else f'<path d="{lines}" stroke="#ffffff" stroke-width="1.5" fill="none"/>'
    return (
        f'<pattern id="{state}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour}"/>{drawn}</pattern>'
    )


def _legend(flow: Flow, words: Words, width: int) -> list[str]:
    """Return what the patterns mean, at the right of the heading."""
    made, x = list[str](), width - _EDGE - 110
    for state in reversed([each for each in SHARE_STATES if any(end.state == each for end in flow.ends)]):
        made.append(
            f'<rect x="{x}" y="36" width="18" height="18" fill="url(#{state})"/>'
            f'<text x="{x + 24}" y="50">{escape(words.code(state))}</text>'
        )
        x -= 130
    return made
