"""The bars of ``docs/benchmarks/*.svg``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from benchmarks.timings import show_time

__all__ = ["Bar", "svg"]

WIDTH = 860
LEFT = 230  # where bars begin: labels stand before
RIGHT = 90  # what is kept free for the numbers after them
BAR = 18
GAP = 6
HEADING = 34
TOP = 64

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 17px; font-weight: 600 }
.heading { font-weight: 600 }
.small { font-size: 11px; fill: #57606a }
.grid { stroke: #d0d7de }
.ours { fill: #0969da }
.theirs { fill: #afb8c1 }
.floor { fill: #e3b341 }
"""


@dataclass(frozen=True)
class Bar:
    """A labelled time; ``whose`` gives it its colour."""

    label: str
    seconds: float
    whose: Literal["ours", "theirs", "floor"]


def svg(title: str, groups: dict[str, list[Bar]], facts: dict[str, str]) -> str:
    """Draw times as horizontal bars, group by group, on one logarithmic scale.

    Args:
        title: What the picture shows.
        groups: The bars under each heading.
        facts: Where and how it was measured.

    Returns:
        An SVG document.
    """
    groups = {heading: sorted(bars, key=lambda one: one.seconds) for heading, bars in groups.items() if bars}
    bottom = TOP + sum(HEADING + len(bars) * (BAR + GAP) for bars in groups.values()) + 10
    picture = _canvas(title, bottom + 56)
    scale = _Scale(one.seconds for bars in groups.values() for one in bars)
    _text(picture, 20, 28, title, "title")
    _grid(picture, scale, bottom)
    y = TOP
    for heading, bars in groups.items():
        _text(picture, 20, y + 22, heading, "heading")
        y += HEADING
        for one in bars:
            _bar(picture, scale, y, one)
            y += BAR + GAP
    where = f"{facts['Machine']}. {facts['System']}, {facts['Python']}."
    _text(picture, 20, bottom + 26, where, "small")
    _text(picture, 20, bottom + 44, f"{facts['Date']}. Logarithmic scale. Blue: jwtfast. Yellow: a floor.", "small")
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


class _Scale:
    """From seconds to pixels, over whole decades."""

    def __init__(self, seconds: Iterable[float]) -> None:
        exponents = [math.log10(value) for value in seconds]
        # A little less than the shortest, or its bar could have no length.
        self.first = math.floor(min(exponents) - 0.2)
        self.last = max(math.ceil(max(exponents)), self.first + 1)

    def x(self, seconds: float) -> float:
        share = (math.log10(seconds) - self.first) / (self.last - self.first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _canvas(title: str, height: int) -> ET.Element:
    picture = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(WIDTH),
            "height": str(height),
            "viewBox": f"0 0 {WIDTH} {height}",
            "role": "img",
        },
    )
    ET.SubElement(picture, "title").text = title
    ET.SubElement(picture, "style").text = _STYLE
    ET.SubElement(picture, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    return picture


def _grid(picture: ET.Element, scale: _Scale, bottom: int) -> None:
    for exponent in range(scale.first, scale.last + 1):
        x = scale.x(10.0**exponent)
        ET.SubElement(picture, "line", {"class": "grid", "x1": f"{x}", "x2": f"{x}", "y1": f"{TOP}", "y2": f"{bottom}"})
        _text(picture, x, TOP - 8, show_time(10.0**exponent), "small", anchor="middle")


def _bar(picture: ET.Element, scale: _Scale, y: int, one: Bar) -> None:
    x = scale.x(one.seconds)
    ET.SubElement(
        picture,
        "rect",
        {"class": one.whose, "x": f"{LEFT}", "y": f"{y}", "width": f"{x - LEFT:.1f}", "height": f"{BAR}"},
    )
    _text(picture, LEFT - 8, y + 13, one.label, anchor="end")
    _text(picture, x + 6, y + 13, show_time(one.seconds))


def _text(picture: ET.Element, x: float, y: float, text: str, role: str = "", *, anchor: str = "start") -> None:
    attributes = {"x": f"{x}", "y": f"{y}", "text-anchor": anchor}
    if role:
        attributes["class"] = role
    ET.SubElement(picture, "text", attributes).text = text
