"""The page of `make bench` says ratios and versions, draws them to scale, and names no machine."""

import platform
import xml.etree.ElementTree as ET

import pytest

from benchmarks.product.results import Measured, plot, results_text

FOUND = [
    Measured(step="import & load", ours=3.0, reference=2.0, beside="COPY"),
    Measured(step="page", ours=0.012, reference=0.004, beside="SELECT", note="warm"),
]


def test_the_page_has_each_ratio_beside_its_reference() -> None:
    text = results_text(FOUND, customers=7, postgres="18.4", load=0.5)
    assert "| import & load | 3.0 s | 2.0 s | 1.50 | COPY |" in text
    assert "| page | 12.0 ms | 4.0 ms | 3.00 | SELECT |" in text
    assert "- **page**: warm" in text
    assert "18.4" in text
    assert platform.node() not in text


def test_equal_factors_are_equal_lengths() -> None:
    ratios = [Measured(step="s", ours=ours, reference=1, beside="r") for ours in (1.0, 4.0, 16.0)]
    drawn = ET.fromstring(plot(ratios))
    first, second, third = (
        float(bar.attrib["width"]) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")
    )
    assert 0 < second - first == pytest.approx(third - second, abs=0.2)
