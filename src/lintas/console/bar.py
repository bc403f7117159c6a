"""Draws the money bar as an SVG with a title and a description, so that it reads without seeing."""

from html import escape

from markupsafe import Markup

from lintas.model.money import show
from lintas.requests.records import SHARE_STATES, Bar
from lintas.text.translation import Words

_WIDTH, _HEIGHT = 1000, 36


def svg_bar(bar: Bar, words: Words) -> Markup:
    """Return the bar; each segment is as wide as its amount, and named."""
    said = [
        f"{words.code(state)} {show(getattr(bar, state), bar.currency)}"
        for state in SHARE_STATES
        if getattr(bar, state)
    ]
    said_stolen = words.gettext("stolen")
    stolen = f"{said_stolen} {show(bar.stolen, bar.currency)} {bar.currency}"
    title = escape(f"{stolen}: {', '.join(said)}")
    segments, left = [], 0
    for state in SHARE_STATES:
        amount = getattr(bar, state)
        if amount:
            width = amount * _WIDTH / bar.stolen
            segments.append(
                f'<rect class="{state}" x="{left * _WIDTH / bar.stolen:.2f}" width="{width:.2f}" height="{_HEIGHT}"/>'
            )
        left += amount
    return Markup(  # noqa: S704 — made of numbers and escaped words only
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{title}</title>{''.join(segments)}</svg>"
    )
