"""Draw the README's picture, ``docs/images/chain.svg``, from numbers computed here.

python tools/chain_picture.py
"""

from pathlib import Path

import numpy as np

from chainrule.numeric import deriv

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "chain.svg"
X = 2.0

# Two palettes, with a background of their own: readable whatever the page around them is.
STYLE = """
    .card { fill: #ffffff; stroke: #d0d7de }
    .box { fill: #e6f1f8; stroke: #0072b2; stroke-width: 2 }
    text { font: 16px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1a1a1a;
           text-anchor: middle }
    .name { font-weight: 600; font-size: 19px }
    .small { font-size: 14px }
    .ahead { fill: #0072b2; font-size: 18px; font-weight: 600 }
    .back { fill: #b84a00; font-size: 18px; font-weight: 600 }
    .line { fill: none; stroke-width: 2 }
    .line.go { stroke: #0072b2 }
    .line.come { stroke: #b84a00; stroke-dasharray: 7 4 }
    .tip.go { fill: #0072b2 }
    .tip.come { fill: #b84a00 }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #30363d }
      .box { fill: #12283a; stroke: #56b4e9 }
      text { fill: #e6edf3 }
      .ahead { fill: #56b4e9 }
      .back { fill: #f0a860 }
      .line.go { stroke: #56b4e9 }
      .line.come { stroke: #f0a860 }
      .tip.go { fill: #56b4e9 }
      .tip.come { fill: #f0a860 }
    }
"""


def square(x):
    return x**2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def arrow(start, end, y):
    """Draw an arrow from x = `start` to `end`: to the right solid, to the left dashed."""
    way, kind = (1, "go") if end > start else (-1, "come")
    return (
        f'<path class="line {kind}" d="M{start} {y}H{end - 9 * way}"/>'
        f'<path class="tip {kind}" d="M{end} {y}l{-10 * way} -5v10z"/>'
    )


def box(x, name, formula, slope):
    """Draw a function with its formula and its slope, centred at `x`."""
    return (
        f'<rect class="box" x="{x - 95}" y="66" width="190" height="100" rx="12"/>'
        f'<text class="name" x="{x}" y="97">{name}</text>'
        f'<text x="{x}" y="124">{formula}</text>'
        f'<text class="small" x="{x}" y="149">{slope}</text>'
    )


def draw():
    """Return the picture as SVG text: values forward, slopes backward, the product measured."""
    s = square(X)
    y = sigmoid(s)
    slopes = 2 * X, y * (1 - y)
    total = slopes[0] * slopes[1]
    measured = deriv(lambda x: sigmoid(square(x)), X, delta=1e-4)
    alt = (
        f"A chain of two functions. Forward: x = {X:g} goes through square, giving {s:g}, and "
        f"through sigmoid, giving {y:.4f}. Backward: 1 times the slope of sigmoid, "
        f"{slopes[1]:.4f}, times the slope of square, {slopes[0]:.1f}, is {total:.4f}; "
        f"a measurement gives {measured:.4f} too."
    )
    parts = [
        box(275, "square", "s = x²", f"slope 2x = {slopes[0]:.1f}"),
        box(605, "sigmoid", "y = 1 / (1 + e⁻ˢ)", f"slope y(1 − y) = {slopes[1]:.4f}"),
    ]
    columns = [
        (60, 174, f"x = {X:g}", f"{total:.4f}"),
        (376, 504, f"s = {s:g}", f"{slopes[1]:.4f}"),
        (706, 820, f"y = {y:.4f}", "1"),
    ]
    for left, right, value, slope in columns:
        middle = (left + right) / 2
        parts += [
            arrow(left, right, 100),
            arrow(right, left, 134),
            f'<text class="ahead" x="{middle:g}" y="88">{value}</text>',
            f'<text class="back" x="{middle:g}" y="159">{slope}</text>',
        ]
    parts += [
        '<text class="ahead" x="440" y="40">values, forward</text>',
        '<text class="back" x="440" y="200">slopes, backward</text>',
        # Seven digits: the rounded product is the product of the rounded slopes.
        f'<text x="440" y="238">chain rule: {slopes[1]:.7f} × {slopes[0]:.1f} = {total:.7f}; '
        f"measured: (f(2.0001) − f(1.9999)) / 0.0002 = {measured:.7f}</text>",
    ]
    body = "\n  ".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 264" width="880" height="264" '
        f'role="img">\n  <title>{alt}</title>\n  <style>{STYLE}  </style>\n'
        '  <rect class="card" x="1" y="1" width="878" height="262" rx="14"/>\n'
        f"  {body}\n</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(), encoding="utf-8", newline="\n")
