"""Draws the money bar as an SVG with a title and a description, so that it reads without seeing."""

from html import escape

from markupsafe import Markup

from lintas.model.money import show
from lintas.requests.records import SHARE_STATES, Bar, Share
from lintas.text.translation import Words

_WIDTH, _HEIGHT = 1000, 44


def svg_bar(bar: Bar, words: Words) -> Markup:
    """Return the bar: a segment for each share, as wide as its amount, in the order of the states, each saying whose it is."""
    said = [
        f"{words.code(state)} {show(getattr(bar, state), bar.currency)}"
        for state in SHARE_STATES
        if getattr(bar, state)
    ]
    stolen = words.gettext("stolen")
    title = f"{stolen} {show(bar.stolen, bar.currency)} {bar.currency}: {', '.join(said)}"
    segments, left = [], 0
    for share in sorted(bar.shares, key=lambda each: SHARE_STATES.index(each.state)):
        width = share.amount_minor * _WIDTH / bar.stolen
        segments.append(
            f'<rect class="{share.state}" x="{left * _WIDTH / bar.stolen:.2f}" width="{width:.2f}" height="{_HEIGHT}">'
            f"<title>{escape(_described(share, bar.currency, words))}</title></rect>"
        )
        left += share.amount_minor
    return Markup(  # noqa: S704 — made of numbers and escaped words only
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="'
        f'{escape(title)}">{"".join(segments)}</svg>'
    )


def _described(share: Share, currency: str, words: Words) -> str:
    """Say of one share how much it is, where, under whose law, and until when."""
    where = ", ".join(each for each in (share.holder, share.authority, share.law) if each)
    until = f" ({words.moment(share.until)})" if share.until else ""
    return f"{words.code(share.state)} {show(share.amount_minor, currency)} {currency}: {where}{until}"
