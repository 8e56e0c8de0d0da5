"""The bars of ``results/verify.svg``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from benchmarks.timings import Timing, show_time

__all__ = ["svg"]

WIDTH = 860
LEFT = 190  # where bars begin: labels stand before
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
"""


def svg(timings: Iterable[Timing], titles: dict[str, str], facts: dict[str, str]) -> str:
    """Draw the medians as horizontal bars, group by group, on one logarithmic scale.

    Args:
        timings: What was measured.
        titles: The headings of the groups, in order.
        facts: Where and how it was measured.

    Returns:
        An SVG document.
    """
    rows = list(timings)
    groups = {
        title: sorted((one for one in rows if one.group == group), key=lambda one: one.median)
        for group, title in titles.items()
    }
    groups = {title: members for title, members in groups.items() if members}
    bottom = TOP + sum(HEADING + len(members) * (BAR + GAP) for members in groups.values()) + 10
    picture = _canvas(bottom + 56)
    scale = _Scale(one.median for one in rows)
    _text(picture, 20, 28, "Time for one verification of an HS256 token (less is better)", "title")
    _grid(picture, scale, bottom)
    y = TOP
    for title, members in groups.items():
        _text(picture, 20, y + 22, title, "heading")
        y += HEADING
        for one in members:
            _bar(picture, scale, y, one)
            y += BAR + GAP
    where = f"{facts['Machine']}. {facts['System']}, {facts['Python']}."
    _text(picture, 20, bottom + 26, where, "small")
    _text(picture, 20, bottom + 44, f"{facts['Versions']}. {facts['Date']}. Logarithmic scale.", "small")
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


def _canvas(height: int) -> ET.Element:
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
    ET.SubElement(picture, "title").text = "Time for one verification of an HS256 token"
    ET.SubElement(picture, "style").text = _STYLE
    ET.SubElement(picture, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    return picture


def _grid(picture: ET.Element, scale: _Scale, bottom: int) -> None:
    for exponent in range(scale.first, scale.last + 1):
        x = scale.x(10.0**exponent)
        ET.SubElement(picture, "line", {"class": "grid", "x1": f"{x}", "x2": f"{x}", "y1": f"{TOP}", "y2": f"{bottom}"})
        _text(picture, x, TOP - 8, show_time(10.0**exponent), "small", anchor="middle")


def _bar(picture: ET.Element, scale: _Scale, y: int, one: Timing) -> None:
    x = scale.x(one.median)
    role = "ours" if one.contender.startswith("jwtfast") else "theirs"
    ET.SubElement(
        picture,
        "rect",
        {"class": role, "x": f"{LEFT}", "y": f"{y}", "width": f"{x - LEFT:.1f}", "height": f"{BAR}"},
    )
    _text(picture, LEFT - 8, y + 13, one.label, anchor="end")
    _text(picture, x + 6, y + 13, show_time(one.median))


def _text(picture: ET.Element, x: float, y: float, text: str, role: str = "", *, anchor: str = "start") -> None:
    attributes = {"x": f"{x}", "y": f"{y}", "text-anchor": anchor}
    if role:
        attributes["class"] = role
    ET.SubElement(picture, "text", attributes).text = text
