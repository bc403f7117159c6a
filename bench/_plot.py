"""Lines on paper: measured series as one SVG, without a library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 460, 320, 56, 24, 74, 46
_COLOURS = ("#1f5fa8", "#b4560f", "#3f7a3a")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture: values at common places, by the name of their line; both axes begin at zero."""

    title: str
    x: Sequence[float]
    lines: Mapping[str, Sequence[float]]


def drawn(panels: Sequence[Panel], *, x_name: str) -> str:
    """Return panels side by side as an SVG document."""
    whole = _WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {_HEIGHT}" width="{whole}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f"<title>{escape(' and '.join(panel.title for panel in panels))}</title>",
        f'<rect width="{whole}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel, x_name), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, x_name: str) -> list[str]:
    right, top = _nice(max(panel.x)), _nice(max(max(values) for values in panel.lines.values()))

    def place(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + x / right * (_WIDTH - _LEFT - _RIGHT)
        return round(across, 1), round(_HEIGHT - _BOTTOM - y / top * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{escape(panel.title)}</text>']
    for step in range(5):
        across, up = place(right * step / 4, 0)[0], place(0, top * step / 4)[1]
        parts.append(f'<line x1="{_LEFT}" y1="{up}" x2="{_WIDTH - _RIGHT}" y2="{up}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{up + 4}" text-anchor="end">{top * step / 4:g}</text>')
        parts.append(
            f'<text x="{across}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{right * step / 4:g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>')
    for number, (name, values) in enumerate(panel.lines.items()):
        colour, y = _COLOURS[number], 38 + 16 * number
        points = [place(*point) for point in zip(panel.x, values, strict=True)]
        path = " ".join(f"{across},{up}" for across, up in points)
        dashes = ' stroke-dasharray="6 3"' if number else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{across}" cy="{up}" r="3" fill="{colour}"/>' for across, up in points]
        parts.append(
            f'<line x1="{_LEFT}" y1="{y}" x2="{_LEFT + 24}" y2="{y}" stroke="{colour}" stroke-width="2"{dashes}/>'
        )
        parts.append(f'<text x="{_LEFT + 30}" y="{y + 4}">{escape(name)}</text>')
    return parts


def _nice(highest: float) -> float:
    """Return the end of an axis: the next of 1, 2, 4, 6, 8 times a power of ten, so that its quarters read well."""
    power = 1e-6
    while True:
        for first in (1, 2, 4, 6, 8):
            if highest <= first * power * 1.0001:
                return first * power
        power *= 10
