import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.schedules import CosineDecay, ExponentialDecay, StepDecay, WarmUp

ALL = [
    StepDecay(0.4, every=3, factor=0.5),
    ExponentialDecay(0.4, factor=0.9),
    CosineDecay(0.4, length=10, lowest=0.1),
]


def rates(schedule, length):
    return [schedule(done) for done in range(length)]


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_every_schedule_begins_with_its_rate(schedule):
    assert schedule(0) == 0.4


def test_step_decay_keeps_a_rate_for_a_while_then_cuts_it():
    schedule = StepDecay(0.8, every=3, factor=0.5)
    assert rates(schedule, 8) == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


def test_exponential_decay_has_the_same_quotient_every_time():
    sequence = np.array(rates(ExponentialDecay(0.8, factor=0.7), 30))
    np.testing.assert_allclose(sequence[1:] / sequence[:-1], 0.7, rtol=1e-12)


def test_step_decay_every_time_is_exponential_decay():
    stepwise, exponential = StepDecay(0.8, every=1, factor=0.7), ExponentialDecay(0.8, factor=0.7)
    assert rates(stepwise, 20) == rates(exponential, 20)


def test_cosine_decay_at_the_points_that_are_known():
    schedule = CosineDecay(1.0, length=12, lowest=0.2)
    known = {0: 1.0, 4: 0.2 + 0.8 * 0.75, 6: 0.6, 8: 0.2 + 0.8 * 0.25, 12: 0.2, 13: 0.2, 99: 0.2}
    for done, rate in known.items():
        assert schedule(done) == pytest.approx(rate, rel=1e-12)


def test_cosine_decay_to_the_rate_it_begins_with_stays_there():
    assert rates(CosineDecay(0.5, length=4, lowest=0.5), 6) == [0.5] * 6


@given(st.integers(1, 50))
def test_cosine_decay_is_the_same_upside_down_from_its_end(length):
    schedule = CosineDecay(1.0, length, lowest=0.3)
    for done in range(length + 1):
        assert schedule(done) + schedule(length - done) == pytest.approx(1.3, rel=1e-12)


def test_warm_up_is_a_straight_line_that_meets_what_follows():
    sequence = np.array(rates(WarmUp(4, then=CosineDecay(1.0, length=6)), 5))
    np.testing.assert_allclose(sequence, [0.2, 0.4, 0.6, 0.8, 1.0], rtol=1e-12)


@pytest.mark.parametrize("then", ALL, ids=repr)
def test_after_the_warm_up_the_other_schedule_runs_from_its_start(then):
    assert rates(WarmUp(5, then), 15)[5:] == rates(then, 10)


def test_warm_up_to_a_number_stays_there():
    assert rates(WarmUp(1, then=0.5), 4) == [0.25, 0.5, 0.5, 0.5]


def test_warm_up_may_be_followed_by_any_function():
    assert rates(WarmUp(1, then=lambda done: 1 / (1 + done)), 4) == [0.5, 1, 1 / 2, 1 / 3]


@pytest.mark.parametrize("schedule", [*ALL, WarmUp(3, then=ALL[2])], ids=repr)
@given(st.integers(0, 10**6))
def test_a_rate_is_a_plain_float_from_zero_to_the_first_one(schedule, done):
    rate = schedule(done)
    assert type(rate) is float
    assert 0 <= rate <= 0.4


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: StepDecay(0, 3), ValueError, "lr must be above 0, got 0"),
        (lambda: StepDecay(1, 0), ValueError, "every must be at least 1, got 0"),
        (lambda: StepDecay(1, 2.5), TypeError, "every must be a whole number, got 2.5"),
        (lambda: StepDecay(1, 3, math.nan), ValueError, "factor must be above 0, got nan"),
        (lambda: ExponentialDecay(-1, 0.5), ValueError, "lr must be above 0, got -1"),
        (lambda: ExponentialDecay(1, 0), ValueError, "factor must be above 0, got 0"),
        (lambda: CosineDecay("1", 5), TypeError, "lr must be a number, got '1'"),
        (lambda: CosineDecay(1, True), TypeError, "length must be a whole number, got True"),
        (lambda: CosineDecay(1, 5, -0.1), ValueError, "lowest must be at least 0, got -0.1"),
        (lambda: CosineDecay(1, 5, 2), ValueError, "lowest must be at most lr, 1, got 2"),
        (lambda: WarmUp(0, 1.0), ValueError, "length must be at least 1, got 0"),
        (lambda: WarmUp(3, 0), ValueError, "then must be above 0, got 0"),
        (lambda: WarmUp(3, None), TypeError, "then must be a number, got None"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(build, error, message):
    with pytest.raises(error, match=message):
        build()
