import copy
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp

REMEMBERING = [Momentum, Nesterov, RMSProp, Adam, AdamW]
ALL = [SGD, *REMEMBERING]


def gradients(steps=5, shapes=((3, 4), (1, 4)), dtype=float, seed=0):
    """The gradients of some steps, a list of arrays for each."""
    rng = np.random.default_rng(seed)
    return [[rng.standard_normal(shape).astype(dtype) for shape in shapes] for _ in range(steps)]


def taken(optimizer, grads_of_steps, start=None):
    """The parameters after a step for each list of gradients, from zeros unless told."""
    params = [np.zeros_like(grad) for grad in grads_of_steps[0]] if start is None else start
    for grads in grads_of_steps:
        optimizer.step(params, grads)
    return params


def alone(optimizer, grads, start=0.0):
    """One number that takes a step for every gradient; where it has been."""
    param, path = np.array([start]), []
    for grad in grads:
        optimizer.step([param], [np.array([grad])])
        path.append(param.item())
    return path


def assert_same(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one, other)


def assert_close(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


# SGD


def test_sgd_takes_the_learning_rate_times_the_gradient_off_every_parameter():
    params = [np.array([[1.0, 2.0]]), np.array([[3.0]])]
    SGD(0.5).step(params, [np.array([[2.0, -2.0]]), np.array([[4.0]])])
    np.testing.assert_array_equal(params[0], [[0.0, 3.0]])
    np.testing.assert_array_equal(params[1], [[1.0]])


def test_sgd_on_a_parabola_shrinks_the_distance_by_the_same_factor_every_step():
    x = np.array([5.0])
    for _ in range(10):
        SGD(0.1).step([x], [2 * x])
    np.testing.assert_allclose(x, 5.0 * 0.8**10, rtol=1e-12)


def test_sgd_serves_any_parameters():
    sgd = SGD(0.5)
    taken(sgd, gradients(1, shapes=[(3, 4)]))
    assert_same(taken(sgd, [[np.array([2.0])]]), [[-1.0]])


# Momentum


def test_momentum_by_hand():
    # velocities 2, then 0.5 * 2 + 1 = 2, then 0.5 * 2 + 0 = 1
    assert alone(Momentum(lr=0.1, momentum=0.5), [2.0, 1.0, 0.0]) == pytest.approx(
        [-0.2, -0.4, -0.5], rel=1e-12
    )


def test_momentum_under_a_constant_gradient_is_a_geometric_series():
    # After k steps the velocity is (1 - m^k) / (1 - m).
    path = alone(Momentum(lr=0.1, momentum=0.9), [1.0] * 50)
    speeds = [(1 - 0.9**k) / (1 - 0.9) for k in range(1, 51)]
    np.testing.assert_allclose(path, -0.1 * np.cumsum(speeds), rtol=1e-12)


def test_momentum_on_a_parabola_is_the_linear_recurrence_it_should_be():
    # x' = x - lr (m v + 2 x) and v' = m v + 2 x: a matrix, applied again and again.
    lr, m, x = 0.05, 0.8, np.array([3.0])
    optimizer, step = Momentum(lr, m), np.array([[1 - 2 * lr, -lr * m], [2, m]])
    for _ in range(20):
        optimizer.step([x], [2 * x])
    expected = np.linalg.matrix_power(step, 20) @ [3.0, 0.0]
    np.testing.assert_allclose(x, expected[:1], rtol=1e-10)


@pytest.mark.parametrize("cls", [Momentum, Nesterov])
def test_without_momentum_it_is_sgd(cls):
    grads = gradients()
    assert_close(taken(cls(0.3, momentum=0), grads), taken(SGD(0.3), grads))


def test_nesterov_by_hand():
    # velocities 2 and 2 as above; steps 2 + 0.5 * 2 = 3, then 1 + 0.5 * 2 = 2
    path = alone(Nesterov(lr=0.1, momentum=0.5), [2.0, 1.0])
    assert path == pytest.approx([-0.3, -0.5], rel=1e-12)


def test_nesterov_is_momentum_looked_at_one_step_ahead():
    # With y = x - lr * m * v, where Nesterov stands, x and v move as in Polyak's form with the
    # gradient taken at y. On a parabola both can be written down.
    lr, m = 0.05, 0.8
    y, x, v = np.array([3.0]), 3.0, 0.0
    optimizer = Nesterov(lr, m)
    for _ in range(20):
        slope = 2 * (x - lr * m * v)
        v = m * v + slope
        x -= lr * v
        optimizer.step([y], [2 * y])
        assert y.item() == pytest.approx(x - lr * m * v, rel=1e-10)


# RMSProp


def test_rmsprop_by_hand():
    # averages of squares 0.5 * 4 = 2, then 0.5 * 2 + 0.5 * 1 = 1.5
    path = alone(RMSProp(lr=0.1, alpha=0.5, eps=1e-30), [2.0, 1.0])
    first, second = 0.1 * 2 / math.sqrt(2), 0.1 * 1 / math.sqrt(1.5)
    assert path == pytest.approx([-first, -first - second], rel=1e-12)


def test_rmsprop_adds_eps_outside_of_the_root():
    (there,) = alone(RMSProp(lr=1.0, alpha=0.75, eps=0.5), [1.0])
    assert there == pytest.approx(-1 / (0.5 + 0.5), rel=1e-12)


def test_rmsprop_under_a_constant_gradient_is_known_at_every_step():
    path = alone(RMSProp(lr=0.01, alpha=0.9, eps=1e-30), [-7.0] * 30)
    steps = [0.01 / math.sqrt(1 - 0.9**k) for k in range(1, 31)]
    np.testing.assert_allclose(path, np.cumsum(steps), rtol=1e-12)


# Adam


def test_adam_by_hand():
    # means 0.5 * 2 = 1 and 0.5 * 1 + 0.5 * 4 = 2.5, corrected by 1/2 and 3/4: 2 and 10/3
    # squares 0.2 * 4 = 0.8 and 0.8 * 0.8 + 0.2 * 16 = 3.84, corrected by 1/5 and 9/25: 4, 10.67
    path = alone(Adam(lr=0.1, betas=(0.5, 0.8), eps=1e-30), [2.0, 4.0])
    second = 0.1 * (2.5 / 0.75) / math.sqrt(3.84 / 0.36)
    assert path == pytest.approx([-0.1, -0.1 - second], rel=1e-12)


def test_adam_adds_eps_to_the_corrected_root():
    (there,) = alone(Adam(lr=1.0, eps=1.0), [1.0])
    assert there == pytest.approx(-1 / (1 + 1), rel=1e-12)


@pytest.mark.parametrize("grad", [1e-3, -4.0, 1e6])
def test_adam_moves_by_its_learning_rate_under_any_constant_gradient(grad):
    path = alone(Adam(lr=0.01, eps=1e-30), [grad] * 20)
    np.testing.assert_allclose(path, -np.sign(grad) * 0.01 * np.arange(1, 21), rtol=1e-11)


def test_adam_without_averaging_is_the_sign_of_the_gradient():
    grads = gradients()
    expected = [-0.1 * sum(np.sign(step[i]) for step in grads) for i in range(2)]
    assert_close(taken(Adam(lr=0.1, betas=(0, 0), eps=1e-30), grads), expected)


@pytest.mark.parametrize("cls", [RMSProp, Adam])
@pytest.mark.parametrize("factor", [1e-4, 3.0, 1e5])
def test_the_scale_of_the_gradients_does_not_matter(cls, factor):
    grads = gradients()
    scaled = [[factor * grad for grad in step] for step in grads]
    assert_close(taken(cls(eps=1e-30), scaled), taken(cls(eps=1e-30), grads))


def test_an_entry_that_never_has_a_gradient_never_moves():
    for cls in ALL:
        (param,) = taken(cls(), [[np.array([0.0, 1.0])]] * 3)
        assert param[0] == 0
        assert param[1] < 0


def test_adamw_shrinks_the_parameter_and_not_the_gradient():
    start = np.array([5.0])
    AdamW(lr=0.1, eps=1e-30, weight_decay=0.3).step([start], [np.array([7.0])])
    assert start.item() == pytest.approx(5.0 * (1 - 0.1 * 0.3) - 0.1, rel=1e-12)


def test_adamw_without_gradients_shrinks_at_a_steady_rate():
    start = np.array([5.0])
    taken(AdamW(lr=0.1, weight_decay=0.3), [[np.zeros(1)]] * 10, [start])
    assert start.item() == pytest.approx(5.0 * 0.97**10, rel=1e-12)


def test_adamw_without_decay_is_adam():
    grads = gradients()
    assert_same(taken(AdamW(weight_decay=0), grads), taken(Adam(), grads))


# What all of them keep to


@pytest.mark.parametrize("cls", ALL)
def test_every_optimizer_finds_the_lowest_point_of_a_bowl(cls):
    x = np.array([1.0, -2.0])
    optimizer = cls(lr=0.01) if cls is not AdamW else cls(lr=0.01, weight_decay=0)
    for _ in range(3000):
        optimizer.step([x], [np.array([2.0, 0.5]) * x])
    assert np.abs(x).max() < 0.02


@pytest.mark.parametrize("cls", ALL)
def test_parameters_change_in_place_and_gradients_not_at_all(cls):
    param, grad = np.ones((2, 2)), np.full((2, 2), 3.0)
    cls(0.1).step([param], [grad])
    assert (param < 1).all()
    np.testing.assert_array_equal(grad, np.full((2, 2), 3.0))


@pytest.mark.parametrize("cls", ALL)
def test_parameters_do_not_influence_each_other(cls):
    grads = gradients()
    both = taken(cls(), grads)
    first = taken(cls(), [step[:1] for step in grads])
    second = taken(cls(), [step[1:] for step in grads])
    assert_same(both, first + second)


@pytest.mark.parametrize("cls", ALL)
@given(seed=st.integers(0, 2**32 - 1))
def test_mirrored_gradients_lead_to_the_mirrored_place(cls, seed):
    grads = gradients(seed=seed)
    mirrored = [[-grad for grad in step] for step in grads]
    assert_same(taken(cls(), mirrored), [-param for param in taken(cls(), grads)])


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.float32(0.1), 1])
def test_a_learning_rate_of_any_type_keeps_float32(cls, lr):
    optimizer = cls(lr)
    assert type(optimizer.lr) is float
    params = taken(optimizer, gradients(dtype=np.float32))
    state = optimizer.state()
    kept = [array for value in state.values() if isinstance(value, list) for array in value]
    assert {array.dtype for array in params + kept} == {np.dtype(np.float32)}


@pytest.mark.parametrize("cls", ALL)
def test_float32_takes_the_steps_of_float64_to_seven_digits(cls):
    grads = gradients(dtype=np.float32)
    double = [[grad.astype(float) for grad in step] for step in grads]
    for one, other in zip(taken(cls(), grads), taken(cls(), double), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("cls", REMEMBERING)
def test_steps_after_the_first_make_no_new_arrays(cls):
    optimizer, grads = cls(), gradients(2, shapes=[(300, 300)])
    params = taken(optimizer, grads[:1])
    tracemalloc.start()
    optimizer.step(params, grads[1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < grads[0][0].nbytes / 10


@pytest.mark.parametrize("cls", ALL)
def test_the_learning_rate_may_change_between_steps(cls):
    grads = gradients(2)
    optimizer = cls(lr=0.1)
    params = taken(optimizer, grads[:1])
    held = [param.copy() for param in params]
    optimizer.lr = 0.0
    optimizer.step(params, grads[1])
    assert_same(params, held)


def test_an_optimizer_shows_its_settings():
    assert repr(SGD(0.1)) == "SGD(lr=0.1)"
    assert repr(Nesterov()) == "Nesterov(lr=0.01, momentum=0.9)"
    taken(adam := AdamW(), gradients())
    assert repr(adam) == "AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"


# State


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_restored_optimizer_goes_on_bit_for_bit(cls, done):
    grads = gradients(6)
    optimizer = cls(lr=0.2)
    start = [np.zeros_like(grad) for grad in grads[0]]
    halfway = taken(optimizer, grads[:done], start) if done else start
    state, copies = optimizer.state(), [param.copy() for param in halfway]
    expected = taken(optimizer, grads[done:], halfway)
    other = cls(lr=0.5)
    other.restore(state, copies)
    assert_same(taken(other, grads[done:], copies), expected)


@pytest.mark.parametrize("cls", REMEMBERING)
def test_a_state_is_a_copy(cls):
    grads = gradients(3)
    optimizer = cls()
    params = taken(optimizer, grads[:1])
    state = optimizer.state()
    before = copy.deepcopy(state)
    taken(optimizer, grads[1:], params)
    for name in optimizer.keeps:
        assert_same(state[name], before[name])
    assert state["steps"] == 1


def test_the_state_of_another_optimizer_is_refused():
    adam = Adam()
    with pytest.raises(ValueError, match="one of Momentum, this optimizer is Adam"):
        adam.restore(Momentum(0.5).state(), [])
    assert adam.lr == 0.001


@pytest.mark.parametrize("cls", REMEMBERING)
def test_a_state_that_does_not_fit_the_parameters_is_refused_and_changes_nothing(cls):
    grads = gradients(3)
    taken(donor := cls(), gradients(1, shapes=[(4, 3), (1, 4)]))
    optimizer = cls(lr=0.2)
    params = taken(optimizer, grads[:2])
    twin = copy.deepcopy((optimizer, params))
    for misfit in (params, params[:1], [param.astype(np.float32) for param in params]):
        state = donor.state() if misfit is params else optimizer.state()
        with pytest.raises(ValueError, match="does not fit the parameters"):
            optimizer.restore(state, misfit)
    assert_same(taken(optimizer, grads[2:], params), taken(twin[0], grads[2:], twin[1]))


@pytest.mark.parametrize("cls", ALL)
def test_what_is_no_state_is_refused(cls):
    for missing in cls().state():
        state = {name: value for name, value in cls().state().items() if name != missing}
        with pytest.raises(ValueError, match=f"no state of an optimizer: it lacks {missing}"):
            cls().restore(state, [])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"lr": "0.1"}, TypeError, "the lr of the state must be a number, got '0.1'"),
        ({"lr": math.nan}, ValueError, "the lr of the state must be at least 0, got nan"),
        ({"steps": -1}, ValueError, "the steps of the state must be counted, got -1"),
        ({"steps": 1.5}, ValueError, "the steps of the state must be counted, got 1.5"),
    ],
)
def test_a_state_that_no_optimizer_was_ever_in_is_refused(change, error, message):
    adam = Adam(0.25)
    with pytest.raises(error, match=message):
        adam.restore(Adam().state() | change, [])
    assert adam.lr == 0.25


def test_a_state_is_a_dict():
    with pytest.raises(TypeError, match=r"state must be a dict like that of state\(\), got None"):
        SGD().restore(None, [])


@pytest.mark.parametrize("cls", REMEMBERING)
def test_an_optimizer_copied_with_its_parameters_goes_on(cls):
    grads = gradients(4)
    optimizer = cls()
    params = taken(optimizer, grads[:2])
    twin, twins = copy.deepcopy((optimizer, params))
    assert_same(taken(twin, grads[2:], twins), taken(optimizer, grads[2:], params))


# What is refused


@pytest.mark.parametrize("lr", [0, -0.1, float("nan")])
def test_a_learning_rate_that_is_not_above_zero_is_refused(lr):
    with pytest.raises(ValueError, match="lr must be above 0, got") as caught:
        SGD(lr)
    assert repr(lr) in str(caught.value)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: SGD(math.inf), ValueError, "lr must be finite, got inf"),
        (lambda: SGD("0.1"), TypeError, "lr must be a number, got '0.1'"),
        (lambda: SGD(True), TypeError, "lr must be a number, got True"),
        (lambda: Momentum(momentum=1), ValueError, "momentum must be from 0 to below 1, got 1"),
        (lambda: Nesterov(momentum=-0.1), ValueError, "momentum must be from 0 .* got -0.1"),
        (lambda: RMSProp(alpha=1.5), ValueError, "alpha must be from 0 to below 1, got 1.5"),
        (lambda: RMSProp(eps=0), ValueError, "eps must be above 0, got 0"),
        (lambda: Adam(betas=0.9), ValueError, "betas must be a pair of numbers, got 0.9"),
        (lambda: Adam(betas=(0.9,)), ValueError, "betas must be a pair of numbers, got"),
        (lambda: Adam(betas=(0.9, 1)), ValueError, r"betas\[1\] must be from 0 to below 1, got 1"),
        (lambda: Adam(betas=(None, 0)), TypeError, r"betas\[0\] must be a number, got None"),
        (lambda: Adam(eps=-1), ValueError, "eps must be above 0, got -1"),
        (lambda: AdamW(weight_decay=-1), ValueError, "weight_decay must be at least 0, got -1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    ("grads", "error", "message"),
    [
        ([None, np.ones(2)], RuntimeError, r"param_grads\[0\] is None: run a batch backward"),
        ([np.ones(3), None], RuntimeError, r"param_grads\[1\] is None: run a batch backward"),
        ([np.ones(3)], ValueError, "there are 2 params, but 1 param_grads"),
        ([], ValueError, "there are 2 params, but 0 param_grads"),
        ([np.ones(3)] * 3, ValueError, "there are 2 params, but 3 param_grads"),
        (
            [np.ones(3), np.ones(1)],
            ValueError,
            r"param_grads\[1\] has shape \(1,\), but params\[1\] has shape \(2,\)",
        ),
    ],
)
def test_gradients_that_do_not_fit_are_refused_before_anything_is_updated(
    cls, grads, error, message
):
    optimizer, params = cls(), [np.zeros(3), np.zeros(2)]
    with pytest.raises(error, match=message):
        optimizer.step(params, grads)
    assert_same(params, [np.zeros(3), np.zeros(2)])
    good = [np.ones(3), np.ones(2)]
    assert_same(taken(optimizer, [good], params), taken(cls(), [good]))


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    ("params", "grads", "message"),
    [
        (None, [np.ones(2)], "must be lists of arrays, got NoneType and list"),
        ([np.zeros(2)], np.ones((1, 2)), "must be lists of arrays, got list and ndarray"),
        ([np.zeros(2), [0.0]], [np.ones(2), np.ones(1)], r"params\[1\] must be an array of floats"),
        ([np.zeros(2), np.zeros(1)], [np.ones(2), [1.0]], r"param_grads\[1\] must be an array of"),
        ([np.zeros(2), np.zeros(2, int)], [np.ones(2)] * 2, r"params\[1\] .* an array of int64"),
    ],
)
def test_what_is_no_list_of_arrays_of_floats_is_refused_before_anything_is_updated(
    cls, params, grads, message
):
    optimizer = cls()
    before = copy.deepcopy(params)
    with pytest.raises(TypeError, match=message):
        optimizer.step(params, grads)
    if params is not None:
        assert_same(params, before)
    good = [[np.ones(3)]]
    assert_same(taken(optimizer, good), taken(cls(), good))


@pytest.mark.parametrize("cls", ALL)
def test_a_step_without_parameters_says_what_is_missing(cls):
    with pytest.raises(RuntimeError, match="no parameters to update: run a batch forward and back"):
        cls().step([], [])


@pytest.mark.parametrize("cls", REMEMBERING)
def test_an_optimizer_that_remembers_serves_one_network(cls):
    optimizer, grads = cls(), gradients(2)
    params = taken(optimizer, grads[:1])
    held = [param.copy() for param in params]
    for others in ([param.copy() for param in params], params[:1], [np.ones(3)]):
        with pytest.raises(ValueError, match=f"this {cls.__name__} remembers .* other parameters"):
            optimizer.step(others, [np.ones_like(other) for other in others])
    assert_same(params, held)
    optimizer.step([param.view() for param in params], grads[1])  # the same memory: welcome
    assert not any(np.array_equal(*pair) for pair in zip(params, held, strict=True))


def test_an_optimizer_without_an_update_is_told_so():
    class Lazy(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Lazy does not define _update"):
        Lazy().step([np.ones(1)], [np.ones(1)])
