from xml.etree import ElementTree

import pytest

from plant_assets.svg import SvgCanvas, element

NAN = float("nan")


def drawn(canvas: SvgCanvas) -> ElementTree.Element:
    return ElementTree.fromstring(canvas.markup("a chart"))


def test_data_units_map_to_the_area_with_y_upwards():
    canvas = SvgCanvas(100, 100, (0, 10), (0, 1), margins=(10, 10, 10, 10))
    assert (canvas.x(0), canvas.x(10)) == (10, 90)
    assert (canvas.y(0), canvas.y(1)) == (90, 10)


def test_an_empty_range_does_not_divide_by_zero():
    assert SvgCanvas(100, 100, (5, 5), margins=(10, 10, 10, 10)).x(5) == 10


def test_text_and_attributes_are_escaped():
    made = element("text", "<b>&", class_='"x"')
    assert ElementTree.fromstring(made).text == "<b>&"
    assert ElementTree.fromstring(made).get("class") == '"x"'


def test_a_line_breaks_where_a_value_is_missing():
    canvas = SvgCanvas(100, 100)
    canvas.line([(0, 0), (0.1, 0.1), (0.2, NAN), (0.3, 0.3), (0.4, float("inf"))], "c0")
    path = drawn(canvas).find("path")
    assert path is not None
    assert path.get("d", "").count("M") == 2


def test_a_line_without_a_point_draws_nothing():
    canvas = SvgCanvas(100, 100)
    canvas.line([(NAN, 0)], "c0")
    assert len(drawn(canvas)) == 0


@pytest.mark.parametrize("width", [0.0, 1e-9])
def test_a_band_is_never_too_thin_to_see(width):
    canvas = SvgCanvas(100, 100)
    canvas.band(0.5, 0.5 + width, "event", "why")
    band = drawn(canvas).find("rect")
    assert band is not None
    assert float(band.get("width", "0")) >= 1
    assert band.findtext("title") == "why"


def test_the_drawing_says_what_it_is():
    root = drawn(SvgCanvas(100, 50))
    assert root.get("aria-label") == "a chart"
    assert root.get("viewBox") == "0 0 100 50"
