"""Draws docs/images/architecture.svg from the imports that the code really makes and the floors that pyproject.toml names.

Run it as ``.venv/bin/python docs/draw_architecture.py [FILE]``; the same code gives the same bytes. Needs grimp, which comes
with import-linter.
"""

import sys
import tomllib
from html import escape
from pathlib import Path
from typing import NamedTuple

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

WIDTH, TOP, GUTTER, ROW, BOX = 1120, 64, 92, 104, 44
#: One colour for each room from which arrows start; chosen to stay apart on white.
COLOURS = ("#1d4e89", "#b3541e", "#2f7d4f", "#7a3b8f", "#a3312f", "#4a6572", "#8a6d1b", "#0f7c80", "#5b5b9d")

Edge = tuple[str, str]


class Box(NamedTuple):
    """One room on the page: the middle of its box and its width."""

    middle: float
    top: float
    width: float


def floors(pyproject: Path = ROOT / "pyproject.toml") -> list[list[str]]:
    """Return the rooms of each floor, lowest floor first, as the import contract in ``pyproject`` has them."""
    contracts = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[room.strip() for room in layer.split("|")] for layer in reversed(layers)]


def imports() -> dict[Edge, int]:
    """Return how many imports lead from one room's modules into another room's."""
    graph = grimp.build_graph("lintas", cache_dir=None)
    found: dict[Edge, int] = {}
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            edge = (_room(module), _room(imported))
            if all(edge) and edge[0] != edge[1]:
                found[edge] = found.get(edge, 0) + 1
    return found


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def draw(rows: list[list[str]], edges: dict[Edge, int]) -> str:
    """Return the picture as SVG text: a row for each floor, a box for each room, an arrow for each pair that imports.

    Arrows to the lowest floor are counted in its box instead of drawn: every room has one.
    """
    boxes = _boxes(rows)
    ground = rows[0][0]
    shown = sorted(edge for edge in edges if edge[1] != ground)
    height = TOP + ROW * len(rows)
    parts = [_head(height, len(shown)), *_rules(rows)]
    parts += [_arrow(edge, shown, boxes, rows) for edge in shown]
    for number, row in enumerate(rows):
        for room in row:
            note = f"imported by {sum(target == room for _, target in edges)} rooms" if number == 0 else ""
            parts.append(_draw_box(room, boxes[room], note))
    return "\n".join([*parts, "</svg>", ""])


def _boxes(rows: list[list[str]]) -> dict[str, Box]:
    found = {}
    for number, row in enumerate(rows):
        top = TOP + ROW * (len(rows) - 1 - number)
        cell = (WIDTH - GUTTER) / len(row)
        width = min(cell - 48, 300 if number else 420)
        for place, room in enumerate(row):
            found[room] = Box(GUTTER + cell * (place + 0.5), top, width)
    return found


def _head(height: int, count: int) -> str:
    title = "lintas: floors, rooms and the imports between them"
    said = f"{count} arrows lead downwards only, from a room to each room that it imports; none leads sideways or up."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            'font-family="Verdana, DejaVu Sans, sans-serif">',
            f"<title>{title}</title>",
            f"<desc>{said}</desc>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="30" font-size="18" font-weight="600" fill="#1b1b1b">{title}</text>',
            f'<text x="16" y="50" font-size="12" fill="#555555">{said} Arrows to model are counted in its box.</text>',
        ]
    )


def _rules(rows: list[list[str]]) -> list[str]:
    lines = []
    for number in range(len(rows)):
        top = TOP + ROW * (len(rows) - 1 - number)
        lines.append(
            f'<rect x="8" y="{top}" width="{WIDTH - 16}" height="{BOX + 16}" rx="6" fill="#f4f5f7"/>'
            f'<text x="20" y="{top + 8 + BOX / 2 + 4:.0f}" font-size="12" fill="#555555">floor {number}</text>'
        )
    return lines


def _arrow(edge: Edge, shown: list[Edge], boxes: dict[str, Box], rows: list[list[str]]) -> str:
    """Draw one arrow; those of one box are spread along its edge in the order of where they lead, so that they part early."""
    source, target = boxes[edge[0]], boxes[edge[1]]
    leaving = sorted((each for each in shown if each[0] == edge[0]), key=lambda each: (boxes[each[1]].middle, each[1]))
    arriving = sorted((each for each in shown if each[1] == edge[1]), key=lambda each: (boxes[each[0]].middle, each[0]))
    x1, y1 = _along(source, leaving.index(edge), len(leaving)), source.top + 8 + BOX
    x2, y2 = _along(target, arriving.index(edge), len(arriving)), target.top + 8
    bend = max(26.0, (y2 - y1) * 0.45)
    colour = COLOURS[[room for row in rows for room in row].index(edge[0]) % len(COLOURS)]
    return (
        f'<path d="M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend - 5:.1f} {x2:.1f} {y2 - 5:.1f}" '
        f'fill="none" stroke="{colour}" stroke-opacity=".55"><title>{edge[0]} imports {edge[1]}</title></path>'
        f'<path d="M{x2 - 2.5:.1f} {y2 - 6:.1f}h5l-2.5 6z" fill="{colour}"/>'
    )


def _along(box: Box, place: int, count: int) -> float:
    return box.middle - box.width / 2 + box.width * (place + 1) / (count + 1)


def _draw_box(room: str, box: Box, note: str) -> str:
    left, top = box.middle - box.width / 2, box.top + 8
    text = f"{room} ({note})" if note else room
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{BOX}" rx="5" fill="#ffffff" '
        'stroke="#1b1b1b"/>'
        f'<text x="{box.middle:.1f}" y="{top + BOX / 2 + 5:.1f}" font-size="14" text-anchor="middle" fill="#1b1b1b">'
        f"{escape(text)}</text>"
    )


def main() -> None:
    """Write the picture to the file named, or to its place in docs."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(draw(floors(), imports()), "utf-8")


if __name__ == "__main__":
    main()
