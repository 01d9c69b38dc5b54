"""The functions that the notebook defines and hands to the answers."""

import numpy as np


def cube(x):
    return x**3


def wave(x):
    return np.sin(3 * x) + x


def double(x):
    return 2 * x


def square(x):
    return x**2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def leaky_relu(x):
    return np.maximum(x, 0.2 * x)


def double_slope(x):
    return 2.0


def square_slope(x):
    return 2 * x


def sigmoid_slope(x):
    return sigmoid(x) * (1 - sigmoid(x))


def leaky_relu_slope(x):
    return 1.0 if x > 0 else 0.2


NAMESPACE = {
    "cube": cube,
    "wave": wave,
    "two_functions": [double, square],
    "three_functions": [leaky_relu, square, sigmoid],
    "one_function": [square],
    "five_functions": [double, sigmoid, double, square, leaky_relu],
    "two_slopes": [double_slope, square_slope],
    "three_slopes": [leaky_relu_slope, square_slope, sigmoid_slope],
    "one_slope": [square_slope],
    "five_slopes": [double_slope, sigmoid_slope, double_slope, square_slope, leaky_relu_slope],
}
