"""Pictures say in words what they show, keep hostile text harmless, and draw what is there."""

from __future__ import annotations

from xml.etree import ElementTree

from poverty_watch.board import pictures


def test_a_gap_in_the_months_is_a_gap_in_the_line() -> None:
    drawn = str(pictures.line([1.0, 2.0, None, 3.0, 4.0], "走势"))
    assert drawn.count("<polyline") == 2
    assert 'aria-label="走势"' in drawn
    assert str(pictures.line([None, None], "走势")) == ""


def test_a_bar_shares_its_width_out_as_the_numbers_say() -> None:
    drawn = pictures.bar([("已核实", 3, "green"), ("超期", 1, "red"), ("无", 0, "grey")], "样例")
    rects = [one for one in ElementTree.fromstring(str(drawn)).iter() if one.tag == "rect"]
    assert [(r.get("class"), r.get("x"), r.get("width")) for r in rects] == [
        ("green", "0.0", "75.0"),
        ("red", "75.0", "25.0"),
    ]
    assert str(pictures.bar([("无", 0, "grey")], "样例")) == ""


def test_texts_in_pictures_are_texts() -> None:
    hostile = '"><script>x</script>'
    for drawn in (
        pictures.line([1.0], hostile),
        pictures.bar([(hostile, 1, "red")], hostile),
        pictures.ring(0.5, hostile, hostile),
    ):
        assert "<script>" not in str(drawn)
        ElementTree.fromstring(str(drawn))
