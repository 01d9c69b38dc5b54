"""The figures of a class's points are those of the textbook."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.grading.report.statistics import distribution, is_full, summarise

points = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=60)


def test_nobody_has_no_figures():
    assert summarise([], 10) is None


def test_a_single_one_is_its_own_mean_median_and_quartiles():
    found = summarise([7.0], 10)
    assert (found.mean, found.median, found.lower, found.upper) == (7, 7, 7, 7)


@given(points)
def test_the_figures_are_numpys(points):
    found = summarise(points, 100)
    assert found.count == len(points)
    assert found.mean == pytest.approx(np.mean(points))
    expected = np.quantile(points, [0, 0.25, 0.5, 0.75, 1])
    got = [found.least, found.lower, found.median, found.upper, found.most]
    assert got == pytest.approx(list(expected))


@given(points)
def test_the_order_of_people_makes_no_difference(points):
    assert summarise(points, 100) == summarise(points[::-1], 100)


def test_all_points_are_full_marks_up_to_roundoff_and_extra_credit_too():
    assert is_full(0.1 + 0.2, 0.3)
    assert is_full(3.3, 3)
    assert not is_full(2.99, 3)
    assert summarise([0.1 + 0.2, 0.2, 0.4], 0.3).full == 2


@given(points)
def test_everybody_is_in_one_bar(points):
    bars = distribution(points, 100)
    assert len(bars) == 11
    assert sum(bar.count for bar in bars) == len(points)


@pytest.mark.parametrize(
    ("value", "label"),
    [(0, "0 to 10"), (9.99, "0 to 10"), (10, "10 to 20"), (99.9, "90 to 100"), (100, "all")],
)
def test_a_bar_begins_with_its_lower_bound(value, label):
    assert [bar.label for bar in distribution([value], 100) if bar.count] == [label]


def test_a_share_that_falls_short_of_a_tenth_by_roundoff_counts_as_the_tenth():
    full = 0.7
    assert 10 * (full * 0.3) / full < 3.0000001
    assert distribution([full * 0.3], full)[3].count == 1


def test_less_than_nothing_is_in_the_lowest_bar():
    assert distribution([-2.5], 10)[0].count == 1


def test_where_there_are_no_points_to_have_everybody_has_all():
    assert distribution([0.0, 0.0], 0.0)[-1].count == 2
