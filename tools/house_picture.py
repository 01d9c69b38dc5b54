"""Draw ``docs/images/house.svg``: the framework's modules, floor by floor, and their real imports.

python tools/house_picture.py

Modules stand on the floors that tests/test_architecture.py gives them. An import that follows from
others is left out: the network imports the layers, which import the operations.
"""

import runpy
from itertools import pairwise
from math import fsum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "house.svg"
WIDTH, MARGIN, STOREY, BOX_HEIGHT = 960, 24, 76, 34

# Two palettes, with a background of their own: readable whatever the page around them is.
STYLE = """
    .card { fill: #ffffff; stroke: #d0d7de }
    .floor { stroke: #d0d7de; stroke-dasharray: 2 5 }
    .box { fill: #e6f1f8; stroke: #0072b2; stroke-width: 1.5 }
    text { font: 15px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1a1a1a;
           text-anchor: middle }
    .number { font-size: 13px; fill: #57606a }
    .line { fill: none; stroke: #57606a; stroke-width: 1.5 }
    .tip { fill: #57606a }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #30363d }
      .floor { stroke: #30363d }
      .box { fill: #12283a; stroke: #56b4e9 }
      text { fill: #e6edf3 }
      .number { fill: #9da7b1 }
      .line { stroke: #9da7b1 }
      .tip { fill: #9da7b1 }
    }
"""


def house():
    """Return the floor of every module, and the modules that each imports."""
    rules = runpy.run_path(str(ROOT / "tests" / "test_architecture.py"))
    floors = rules["FLOORS"]
    names = {module: rules["inside"]("chainrule", rules["imports_of"](module)) for module in floors}
    imports = {
        module: sorted({name.split(".")[1] for name in names[module] - {"chainrule"}})
        for module in floors
    }
    return floors, imports


def without_detours(imports):
    """Leave out the imports that follow from others."""

    def below(module):
        return set(imports[module]).union(*map(below, imports[module]))

    return {
        module: [name for name in own if not any(name in below(other) for other in own)]
        for module, own in imports.items()
    }


def routes(floors, imports):
    """Return the way of every import: the importer, a place on each floor between, the imported."""
    return [
        [upper, *((upper, lower, f) for f in range(floors[upper] - 1, floors[lower], -1)), lower]
        for upper, lowers in imports.items()
        for lower in lowers
    ]


def arrange(floors, ways):
    """Choose where everything stands on its floor: near what it is joined to, and apart.

    Returns
    -------
    dict of place to float
        The middle of every module, and of every place where a line passes a floor.
    """
    on_floor = floors | {place: place[2] for way in ways for place in way[1:-1]}
    joined = {place: [] for place in on_floor}
    for way in ways:
        for upper, lower in pairwise(way):
            joined[upper].append(lower)
            joined[lower].append(upper)
    rows = [[p for p in on_floor if on_floor[p] == f] for f in range(max(floors.values()) + 1)]
    at = {place: float(i) for row in rows for i, place in enumerate(row)}
    for turn in range(200):
        for row in rows if turn % 2 else rows[::-1]:
            for place in row:
                others = [at[other] for other in joined[place]]
                at[place] = fsum(others) / len(others) if others else at[place]
            row.sort(key=lambda place: at[place])
            _set_apart(row, at)
    return at


def _set_apart(row, at):
    """Move the places of a row as little as it takes for none to touch the next."""
    left = [at[row[0]]]
    for one, other in pairwise(row):
        left.append(max(at[other], left[-1] + (_half(one) + _half(other))))
    shift = fsum(x - at[place] for place, x in zip(row, left, strict=True)) / len(row)
    at |= {place: x - shift for place, x in zip(row, left, strict=True)}


def _half(place):
    """Half of the room that a place needs on its floor: a module, or a line that passes."""
    return box_width(place) / 2 + 12 if isinstance(place, str) else 10


def box_width(module):
    return 8.6 * len(module) + 26


def draw():
    """Return the picture as SVG text."""
    floors, imports = house()
    ways = routes(floors, without_detours(imports))
    at = arrange(floors, ways)
    left = min(at[p] - _half(p) for p in at)
    right = max(at[p] + _half(p) for p in at)
    room = WIDTH - 2 * MARGIN - 40
    assert right - left <= room, f"the house is {right - left:.0f} wide, there is room for {room}"
    start = MARGIN + 40 + (room - (right - left)) / 2 - left
    top = max(floors.values())
    height = 2 * MARGIN + STOREY * (top + 1) - (STOREY - BOX_HEIGHT)

    def x(place):
        return round(at[place] + start, 1)

    def y(place):
        floor = floors[place] if isinstance(place, str) else place[2]
        return MARGIN + (top - floor) * STOREY + BOX_HEIGHT / 2

    parts = []
    for floor in range(top + 1):
        line = MARGIN + (top - floor) * STOREY + BOX_HEIGHT / 2
        parts += [
            f'<text class="number" x="{MARGIN + 8}" y="{line + 5:g}">{floor}</text>',
            f'<path class="floor" d="M{MARGIN + 24} {line:g}H{WIDTH - MARGIN}"/>',
        ]
    for way in ways:
        parts += _arrow([(x(place), y(place)) for place in way])
    for module in floors:
        width = box_width(module)
        parts += [
            f'<rect class="box" x="{x(module) - width / 2:g}" y="{y(module) - BOX_HEIGHT / 2:g}" '
            f'width="{width:g}" height="{BOX_HEIGHT}" rx="8"/>',
            f'<text x="{x(module):g}" y="{y(module) + 5:g}">{module}</text>',
        ]
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n  <title>{alt()}</title>\n'
        f"  <style>{STYLE}  </style>\n"
        f'  <rect class="card" x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="14"/>\n'
        f"  {body}\n</svg>\n"
    )


def _arrow(points):
    """Draw a line that bends from floor to floor, with its tip on the module that is imported."""
    (x, y), *rest = points
    y += BOX_HEIGHT / 2
    path = f"M{x:g} {y:g}"
    for number, (to_x, to_y) in enumerate(rest, start=1):
        last = number == len(rest)
        to_y -= BOX_HEIGHT / 2 + (8 if last else 0)
        middle = (y + to_y) / 2
        path += f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"
        x, y = to_x, to_y
        if not last:
            y += BOX_HEIGHT
            path += f"V{y:g}"
    return [
        f'<path class="line" d="{path}"/>',
        f'<path class="tip" d="M{x:g} {y + 8:g}l-5 -9h10z"/>',
    ]


def alt():
    """Say in words what the picture shows."""
    floors, _ = house()
    storeys = [
        f"floor {floor}: {', '.join(module for module in floors if floors[module] == floor)}"
        for floor in range(max(floors.values()) + 1)
    ]
    return (
        "The modules of chainrule as a house. Every arrow, from a module to one that it imports, "
        f"leads down. From the ground up: {'; '.join(storeys)}."
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8", newline="\n")
