import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.batches import batches


@given(st.permutations(range(20)), st.integers(1, 25))
def test_every_sample_comes_once_in_the_order_asked_for_with_its_own_target(order, batch_size):
    X = np.arange(20.0).reshape(-1, 1)
    parts = list(batches(X, 10 * X, np.array(order), batch_size))
    np.testing.assert_array_equal(np.concatenate([x for x, _ in parts]).ravel(), order)
    for x, y in parts:
        np.testing.assert_array_equal(y, 10 * x)


@pytest.mark.parametrize(("batch_size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (99, [10])])
def test_the_last_batch_is_kept_however_small(batch_size, sizes):
    X = np.zeros((10, 1))
    assert [len(x) for x, _ in batches(X, X, np.arange(10), batch_size)] == sizes
