"""Right ways and wrong ways to normalise a batch, forward and back."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(507)


def arrays(samples, features, size=1.0):
    shapes = (samples, features), (1, features), (1, features), (samples, features)
    X, gamma, beta, output_grad = (rng.standard_normal(shape) for shape in shapes)
    return {"X": size * (1 + X), "gamma": gamma, "beta": beta, "output_grad": output_grad}


norm = Entry(
    "batch_norm",
    "function",
    {
        "a batch": Case({**arrays(7, 4), "eps": 1e-5}),
        "the tiny example": Case(
            {
                "X": array([1], [2], [6]),
                "gamma": array([1]),
                "beta": array([0]),
                "output_grad": array([1], [0], [2]),
                "eps": 0.0,
            }
        ),
        "large numbers": Case({**arrays(5, 3, 10.0), "eps": 1e-5}),
        "a large eps": Case({**arrays(4, 2), "eps": 0.5}),
    },
    reread="lecture 13, “Batch normalisation, forward” and “Back through the batch”",
    returns=("output", "X_grad", "gamma_grad", "beta_grad"),
)


def mean(a):
    return a.mean(axis=0, keepdims=True)


def total(a):
    return a.sum(axis=0, keepdims=True)


def parts(X, eps):
    s = np.sqrt(X.var(axis=0, keepdims=True) + eps)
    return (X - mean(X)) / s, s


def back(x_hat, s, G):
    return (G - mean(G) - x_hat * mean(G * x_hat)) / s


@norm.correct
def with_the_formula(X, gamma, beta, output_grad, eps):
    x_hat, s = parts(X, eps)
    X_grad = back(x_hat, s, gamma * output_grad)
    return gamma * x_hat + beta, X_grad, total(output_grad * x_hat), total(output_grad)


@norm.correct
def node_by_node(X, gamma, beta, output_grad, eps):
    n = len(X)
    c = X - X.sum(axis=0) / n
    s = np.sqrt((c * c).sum(axis=0) / n + eps)
    x_hat = c / s
    hat_grad = gamma * output_grad
    s_grad = -np.sum(hat_grad * c, axis=0) / s**2
    c_grad = hat_grad / s
    c_grad += s_grad * c / (n * s)
    X_grad = c_grad - c_grad.sum(axis=0) / n
    gamma_grad = np.sum(output_grad * x_hat, axis=0).reshape(1, -1)
    return x_hat * gamma + beta, X_grad, gamma_grad, np.sum(output_grad, axis=0)[None, :]


@norm.correct
def with_a_jacobian(X, gamma, beta, output_grad, eps):
    n, f = X.shape
    output, X_grad = np.zeros((n, f)), np.zeros((n, f))
    gamma_grad, beta_grad = np.zeros((1, f)), np.zeros((1, f))
    for j in range(f):
        column = X[:, j]
        s = (column.var() + eps) ** 0.5
        x_hat = (column - column.mean()) / s
        J = (np.eye(n) - np.ones((n, n)) / n - np.outer(x_hat, x_hat) / n) / s
        output[:, j] = gamma[0, j] * x_hat + beta[0, j]
        X_grad[:, j] = gamma[0, j] * (J @ output_grad[:, j])
        gamma_grad[0, j] = x_hat @ output_grad[:, j]
        beta_grad[0, j] = output_grad[:, j].sum()
    return output, X_grad, gamma_grad, beta_grad


def wrong_back(name, says, rule, named=None):
    """A mistake in the gradient of X: a function of x_hat, s, the gradient there, X, eps."""

    def answer(X, gamma, beta, output_grad, eps):
        output, _, gamma_grad, beta_grad = with_the_formula(X, gamma, beta, output_grad, eps)
        x_hat, s = parts(X, eps)
        return output, rule(x_hat, s, gamma * output_grad, X, eps), gamma_grad, beta_grad

    answer.__name__, answer.__doc__ = name, says
    norm.mistake(named)(answer)


wrong_back(
    "statistics_as_constants",
    "X_grad: mean and variance are treated as constants.\n\nIn training they move with every "
    "sample: two more paths lead back to X.",
    lambda h, s, G, X, e: G / s,
)
wrong_back(
    "mean_path_missing",
    "X_grad: the path through the mean is missing.\n\nEvery sample has a share in the mean, and "
    "that is subtracted from all samples.",
    lambda h, s, G, X, e: (G - h * mean(G * h)) / s,
)
wrong_back(
    "variance_path_missing",
    "X_grad: the path through the variance is missing.\n\nEvery sample has a share in the "
    "variance, and all samples are divided by its root.",
    lambda h, s, G, X, e: (G - mean(G)) / s,
)
wrong_back(
    "sums_for_means",
    "X_grad: sums over the batch stand where means belong.\n\nThe share of a sample in the mean "
    "and in the variance is 1 / n.",
    lambda h, s, G, X, e: (G - total(G) - h * total(G * h)) / s,
)
wrong_back(
    "along_the_features",
    "X_grad: the means run along the features.\n\nEvery column has statistics of its own: axis=0.",
    lambda h, s, G, X, e: (
        (G - G.mean(axis=1, keepdims=True) - h * (G * h).mean(axis=1, keepdims=True)) / s
    ),
)
wrong_back(
    "over_the_whole_table",
    "X_grad: the means run over the whole table.\n\nEvery column has statistics of its own: "
    "axis=0.",
    lambda h, s, G, X, e: (G - G.mean() - h * (G * h).mean()) / s,
)
wrong_back(
    "X_for_normalised",
    "X_grad: X stands where the normalised x̂ belongs.",
    lambda h, s, G, X, e: (G - mean(G) - X * mean(G * X)) / s,
)
wrong_back(
    "normalised_missing_outside",
    "X_grad: in the path through the variance the factor x̂ is missing outside of the mean.\n\nA "
    "sample far from the mean moves the variance more than one close to it.",
    lambda h, s, G, X, e: (G - mean(G) - mean(G * h)) / s,
)
wrong_back(
    "paths_added",
    "X_grad: the paths through mean and variance have the wrong sign.\n\nRaising one sample raises "
    "the mean, and that lowers all others.",
    lambda h, s, G, X, e: (G + mean(G) + h * mean(G * h)) / s,
)
wrong_back(
    "divided_by_the_variance",
    "X_grad: it is divided by the variance, not by its root.",
    lambda h, s, G, X, e: back(h, s, G) / s,
)
wrong_back(
    "not_divided",
    "X_grad: the division by the root of the variance is missing.",
    lambda h, s, G, X, e: back(h, s, G) * s,
)
wrong_back(
    "multiplied_by_the_root",
    "X_grad: it is multiplied by the root of the variance where it should be divided.",
    lambda h, s, G, X, e: back(h, s, G) * s**2,
)
wrong_back(
    "two_in_the_variance",
    "X_grad: the path through the variance counts twice.\n\nThe 2 of the square and the ½ of the "
    "root cancel.",
    lambda h, s, G, X, e: (G - mean(G) - 2 * h * mean(G * h)) / s,
)
wrong_back(
    "half_in_the_variance",
    "X_grad: the path through the variance counts half.\n\nThe 2 of the square and the ½ of the "
    "root cancel.",
    lambda h, s, G, X, e: (G - mean(G) - h * mean(G * h) / 2) / s,
)
wrong_back(
    "n_minus_one_going_back",
    "X_grad: the path through the variance divides by n − 1.\n\nThe variance of the way forward "
    "divides by n.",
    lambda h, s, G, X, e: (G - mean(G) - h * total(G * h) / (len(X) - 1)) / s,
)


def wrong_all(says=None):
    """A mistake in any of the four values."""

    def add(change):
        def answer(X, gamma, beta, output_grad, eps):
            right = with_the_formula(X, gamma, beta, output_grad, eps)
            return change(X, gamma, beta, output_grad, eps, *parts(X, eps), *right)

        answer.__name__, answer.__doc__ = change.__name__, change.__doc__
        norm.mistake(says)(answer)
        return change

    return add


@wrong_all()
def gamma_forgotten_going_back(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """X_grad: gamma is left out.

    output_grad arrives behind the scaling, and has to go back through it first.
    """
    return output, back(h, s, G), gamma_grad, beta_grad


@wrong_all()
def upstream_ignored(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """gamma_grad: output_grad is left out.

    Every sample's x̂ is multiplied by its own output_grad before they are added up.
    """
    return output, X_grad, total(h), beta_grad


@wrong_all()
def gamma_grad_from_X(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """gamma_grad: X stands where the normalised x̂ belongs.

    gamma multiplies x̂.
    """
    return output, X_grad, total(G * X), beta_grad


@wrong_all()
def gamma_grad_from_the_output(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """gamma_grad: the output stands where the normalised x̂ belongs.

    gamma multiplies x̂, before the shift.
    """
    return output, X_grad, total(G * output), beta_grad


@wrong_all()
def means_for_the_parameters(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """gamma_grad and beta_grad: they are averaged over the samples.

    All samples share the parameters, and each adds its part: sum.
    """
    return output, X_grad, mean(G * h), mean(G)


@wrong_all()
def gamma_in_its_own_gradient(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """gamma_grad and beta_grad: gamma is multiplied in.

    output_grad arrives at y; gamma and beta get theirs there, before the way leads through gamma.
    """
    return output, X_grad, gamma * gamma_grad, gamma * beta_grad


@wrong_all()
def gradients_exchanged(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """the gradients of gamma and beta are returned in the other order."""
    return output, X_grad, beta_grad, gamma_grad


@wrong_all()
def not_scaled(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """output: it is the normalised batch, without gamma and beta."""
    return h, X_grad, gamma_grad, beta_grad


@wrong_all()
def gamma_and_beta_exchanged(X, gamma, beta, G, eps, h, s, output, X_grad, gamma_grad, beta_grad):
    """output: gamma and beta are exchanged.

    gamma multiplies, beta is added.
    """
    return beta * h + gamma, X_grad, gamma_grad, beta_grad


def with_other_statistics(x_hat, s, gamma, beta, G):
    X_grad = back(x_hat, s, gamma * G)
    return gamma * x_hat + beta, X_grad, total(G * x_hat), total(G)


@norm.mistake()
def unbiased_variance(X, gamma, beta, output_grad, eps):
    """the variance divides by n − 1.

    In training it is the mean over the n samples of the batch: X.var(axis=0).
    """
    s = np.sqrt(X.var(axis=0, ddof=1, keepdims=True) + eps)
    return with_other_statistics((X - mean(X)) / s, s, gamma, beta, output_grad)


@norm.mistake()
def eps_beside_the_root(X, gamma, beta, output_grad, eps):
    """eps is added to the root, not under it.

    With a large eps that is another number.
    """
    s = X.std(axis=0, keepdims=True) + eps
    return with_other_statistics((X - mean(X)) / s, s, gamma, beta, output_grad)


@norm.mistake()
def eps_forgotten(X, gamma, beta, output_grad, eps):
    """eps is not used: it is added to the variance, under the root."""
    s = X.std(axis=0, keepdims=True)
    return with_other_statistics((X - mean(X)) / s, s, gamma, beta, output_grad)


@norm.mistake()
def rows_normalised(X, gamma, beta, output_grad, eps):
    """every sample is normalised, where every column should be.

    That is another layer's idea (layer normalisation). The statistics run over the batch: axis=0.
    """
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    with np.errstate(all="ignore"):
        x_hat = (X - X.mean(axis=1, keepdims=True)) / s
        return with_other_statistics(x_hat, s, gamma, beta, output_grad)


@norm.mistake()
def table_normalised(X, gamma, beta, output_grad, eps):
    """one mean and one variance are taken for the whole table.

    Every column has its own: axis=0.
    """
    s = np.sqrt(X.var() + eps)
    return with_other_statistics((X - X.mean()) / s, s, gamma, beta, output_grad)


@norm.mistake()
def divided_by_the_variance_forward(X, gamma, beta, output_grad, eps):
    """the batch is divided by its variance, not by the root."""
    s = X.var(axis=0, keepdims=True) + eps
    return with_other_statistics((X - mean(X)) / s, s, gamma, beta, output_grad)


@norm.mistake(named="wrong_shape")
def parameter_gradients_flat(X, gamma, beta, output_grad, eps):
    output, X_grad, gamma_grad, beta_grad = with_the_formula(X, gamma, beta, output_grad, eps)
    return output, X_grad, gamma_grad[0], beta_grad[0]


@norm.mistake(named="wrong_axis")
def beta_grad_along_the_features(X, gamma, beta, output_grad, eps):
    output, X_grad, gamma_grad, _ = with_the_formula(X, gamma, beta, output_grad, eps)
    return output, X_grad, gamma_grad, output_grad.sum(axis=1, keepdims=True)


@norm.mistake(named="wrong_type")
def output_alone(X, gamma, beta, output_grad, eps):
    return with_the_formula(X, gamma, beta, output_grad, eps)[0]


@norm.mistake(named="modifies_input")
def in_place(X, gamma, beta, output_grad, eps):
    right = with_the_formula(X, gamma, beta, output_grad, eps)
    X -= mean(X)
    return right


@norm.mistake(named="not_implemented")
def unwritten(X, gamma, beta, output_grad, eps):
    raise NotImplementedError
