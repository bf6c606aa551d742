"""A tiny SVG canvas: axes with ticks, lines, dots and bands, escaped.

Belongs here: drawing in data units. Doesn't belong here: what a picture shows.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

Point = tuple[float, float]


def element(name: str, content: str | Markup = "", /, **attributes: object) -> Markup:
    """One SVG element; `class_` stands for `class`, underscores for dashes."""
    listed = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), listed, escape(content))


@dataclass(slots=True)
class SvgCanvas:
    """A chart area in data units; x to the right, y upwards.

    Attributes:
        width, height: of the whole drawing, in its own units.
        x_range: data values at the left and the right end.
        y_range: data values at the bottom and the top.
        margins: left, right, top, bottom.
    """

    width: float
    height: float
    x_range: Point = (0.0, 1.0)
    y_range: Point = (0.0, 1.0)
    margins: tuple[float, float, float, float] = (44, 12, 10, 38)
    parts: list[Markup] = field(default_factory=list)

    def x(self, value: float) -> float:
        low, high = self.x_range
        left, right = self.margins[0], self.width - self.margins[1]
        return left + (value - low) / ((high - low) or 1) * (right - left)

    def y(self, value: float) -> float:
        low, high = self.y_range
        top, bottom = self.margins[2], self.height - self.margins[3]
        return bottom - (value - low) / ((high - low) or 1) * (bottom - top)

    def axes(self, x_label: str, y_label: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Grid lines with their numbers, and what the axes mean."""
        bottom, left = self.height - self.margins[3], self.margins[0]
        for tick in x_ticks:
            at = self.x(tick)
            self.draw("line", x1=at, x2=at, y1=self.margins[2], y2=bottom, class_="grid")
            self.text(at, bottom + 14, f"{tick:g}", anchor="middle")
        for tick in y_ticks:
            at = self.y(tick)
            self.draw("line", x1=left, x2=self.width - self.margins[1], y1=at, y2=at, class_="grid")
            self.text(left - 6, at + 3.5, f"{tick:g}", anchor="end")
        middle = (self.margins[2] + bottom) / 2
        self.text((left + self.width - self.margins[1]) / 2, self.height - 6, x_label, anchor="middle")
        if y_label:
            self.draw(
                "text", y_label, x=12, y=middle, text_anchor="middle", transform=f"rotate(-90 12 {middle:g})"
            )

    def line(self, points: Iterable[Point], class_: str, title: str = "") -> None:
        """A line in data units, broken where a value isn't finite."""
        path, pen = [], "M"
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                pen = "M"
                continue
            path.append(f"{pen}{self.x(x):.1f} {self.y(y):.1f}")
            pen = "L"
        if path:
            self.draw("path", _title(title), d="".join(path), class_=f"line {class_}")

    def dot(self, at: Point, class_: str, title: str = "", radius: float = 3.5) -> None:
        self.draw(
            "circle", _title(title), cx=self.x(at[0]), cy=self.y(at[1]), r=radius, class_=f"dot {class_}"
        )

    def band(
        self,
        x_from: float,
        x_to: float,
        class_: str | None = None,
        title: str = "",
        fill: str | None = None,
    ) -> None:
        """A stretch of x over the whole height."""
        top, bottom = self.margins[2], self.height - self.margins[3]
        left = self.x(x_from)
        self.draw(
            "rect",
            _title(title),
            x=left,
            y=top,
            width=max(self.x(x_to) - left, 1.0),
            height=bottom - top,
            class_=class_,
            fill=fill,
        )

    def text(
        self, x: float, y: float, content: str, anchor: str = "start", class_: str | None = None
    ) -> None:
        """Text at drawing coordinates."""
        self.draw("text", content, x=x, y=y, text_anchor=anchor, class_=class_)

    def draw(self, name: str, content: str | Markup = "", /, **attributes: object) -> None:
        self.parts.append(element(name, content, **attributes))

    def markup(self, label: str, **attributes: object) -> Markup:
        """The finished drawing; `label` is what a screen reader says, `attributes` are the whole drawing's."""
        return element(
            "svg",
            Markup("").join(self.parts),
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            role="img",
            aria_label=label,
            **attributes,
        )


def _title(text: str) -> Markup:
    return element("title", text) if text else Markup("")


def _number(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
