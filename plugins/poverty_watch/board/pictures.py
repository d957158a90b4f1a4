"""Small pictures drawn on the server as inline SVG: no script, no style attribute, told in words too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from markupsafe import Markup, escape

Part: TypeAlias = tuple[str, float, str]
"""What it is, how much, and the colour's class: red, orange, yellow, green, blue, grey."""

_WIDE, _HIGH, _EDGE = 120, 28, 4


def line(values: Sequence[float | None], told: str, colour: str = "blue") -> Markup:
    """Values over the months as a small line; a month without a value is a gap.

    ``told`` is what one reads who does not see it. The lowest value stands at the foot, zero where
    all are alike.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    low, high = min(0.0, *known), max(known)
    span = (high - low) or 1.0
    step = (_WIDE - 2 * _EDGE) / max(len(values) - 1, 1)
    points = [
        None
        if value is None
        else (
            round(_EDGE + n * step, 1),
            round(_HIGH - _EDGE - (value - low) / span * (_HIGH - 2 * _EDGE), 1),
        )
        for n, value in enumerate(values)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    drawn = Markup("").join(
        Markup('<polyline points="{}"/>').format(" ".join(f"{x},{y}" for x, y in run))
        for run in runs
        if len(run) > 1
    )
    x, y = [point for point in points if point is not None][-1]
    return Markup(
        '<svg class="line {}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '{}<circle cx="{}" cy="{}" r="2.5"/></svg>'
    ).format(colour, _WIDE, _HIGH, _WIDE, _HIGH, told, drawn, x, y)


def bar(parts: Sequence[Part], told: str, most: float | None = None) -> Markup:
    """A bar of parts side by side; ``most`` is what a full one stands for, their sum if not given."""
    total = most or sum(amount for _, amount, _ in parts)
    if not total:
        return Markup("")
    at, drawn = 0.0, []
    for title, amount, colour in parts:
        width = amount / total * 100
        if width:
            drawn.append(
                Markup(
                    '<rect class="{}" x="{}" y="0" width="{}" height="12"><title>{}</title></rect>'
                ).format(colour, round(at, 2), round(width, 2), f"{title} {amount:g}")
            )
        at += width
    return Markup(
        '<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(told, Markup("").join(drawn))


def ring(share: float, text: str, told: str, colour: str = "blue") -> Markup:
    """A ring of which a share (0 to 1) is filled, with a short text in it."""
    radius = 42
    around = 2 * math.pi * radius
    filled = max(0.0, min(1.0, share)) * around
    return Markup(
        '<svg class="ring {}" viewBox="0 0 100 100" width="112" height="112" role="img" aria-label="{}">'
        '<circle class="ground" cx="50" cy="50" r="{}"/>'
        '<circle class="share" cx="50" cy="50" r="{}" stroke-dasharray="{} {}" transform="rotate(-90 50 50)"/>'
        '<text x="50" y="58" text-anchor="middle">{}</text></svg>'
    ).format(
        colour, told, radius, radius, round(filled, 1), round(around - filled, 1), escape(text)
    )
