"""Copies are found however they are dressed up, and honest work is not."""

import random
from itertools import product

import pytest

from chainrule.grading.report.likeness import find_groups
from chainrule.grading.report.prints import Printer

STUB = '''def smooth(values, width):
    """Return the running mean."""
    # YOUR CODE HERE
    raise NotImplementedError()
'''
# Three honest ways to do each of three things, and none like another.
WAYS = {
    "smooth": [
        """def smooth(values, width):
    result = []
    for start in range(len(values) - width + 1):
        window = values[start : start + width]
        result.append(sum(window) / width)
    return np.array(result)
""",
        """def smooth(values, width):
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return (sums[width:] - sums[:-width]) / width
""",
        """def smooth(values, width):
    weights = np.full(width, 1 / width)
    padded = np.asarray(values, dtype=float)
    return np.convolve(padded, weights, mode="valid")
""",
    ],
    "normalise": [
        """def normalise(X):
    mean = X.mean(axis=0)
    spread = X.std(axis=0)
    spread[spread == 0] = 1
    return (X - mean) / spread
""",
        """def normalise(X):
    Z = np.empty_like(X)
    for column in range(X.shape[1]):
        part = X[:, column]
        deviation = np.sqrt(np.mean((part - np.mean(part)) ** 2))
        Z[:, column] = (part - np.mean(part)) / (deviation or 1.0)
    return Z
""",
        """def normalise(X):
    centred = X - np.sum(X, axis=0, keepdims=True) / X.shape[0]
    variance = np.einsum("ij,ij->j", centred, centred) / len(X)
    return centred / np.where(variance > 0, np.sqrt(variance), 1.0)
""",
    ],
    "accuracy": [
        """def accuracy(scores, labels):
    guesses = scores.argmax(axis=1)
    return float((guesses == labels).mean())
""",
        """def accuracy(scores, labels):
    right = 0
    for row, label in zip(scores, labels):
        best = max(range(len(row)), key=lambda k: row[k])
        if best == label:
            right += 1
    return right / len(labels)
""",
        """def accuracy(scores, labels):
    order = np.argsort(scores, axis=1)
    wrong = np.count_nonzero(order[:, -1] - labels)
    return 1.0 - wrong / np.size(labels)
""",
    ],
}
LONG = '''def train(network, X, y, epochs, batch_size, lr, rng):
    """Train and return the losses."""
    history = []
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        total = 0.0
        for start in range(0, len(X), batch_size):
            chosen = order[start : start + batch_size]
            prediction = network.forward(X[chosen])
            loss = network.loss.forward(prediction, y[chosen])
            network.backward(network.loss.backward())
            for param, gradient in zip(network.params(), network.param_grads()):
                momentum = 0.9 * gradient + 0.1 * np.sign(param)
                param -= lr / (1 + 0.01 * epoch) * momentum
            total += loss * len(chosen)
        if epoch > 3 and total / len(X) > 1.5 * min(history):
            lr = lr / 2
        history.append(total / len(X))
    return np.array(history)
'''
DRESSED_UP = """def train(net, inputs, targets, rounds, size, step, generator):
    # my own training loop!!
    record = []
    for r in range(rounds):
        shuffled = generator.permutation(len(inputs))
        summed = 0.0

        for begin in range(0, len(inputs), size):
            pick = shuffled[begin:begin + size]      # a batch
            out = net.forward(inputs[pick])
            how_bad = net.loss.forward(out, targets[pick])
            net.backward(net.loss.backward())
            for p, g in zip(net.params(), net.param_grads()):
                m = 0.9 * g + 0.1 * np.sign(p)
                p -= step / (1 + 0.01 * r) * m
            summed += how_bad * len(pick)
        print("round", r)
        if r > 3 and summed / len(inputs) > 1.5 * min(record):
            step = step / 2
        record.append(summed / len(inputs))
    return np.array(record)
"""


def printers(**stubs):
    return {name: Printer(stubs.get(name, "")) for name in [*WAYS, "train"]}


def prints_of(students, using=None):
    """The prints of a class, given everybody's answers."""
    using = using or printers()
    return {
        student: {
            name: taken for name, text in answers.items() if (taken := using[name].take(text))
        }
        for student, answers in students.items()
    }


def honest_class(count, seed=1):
    """Everybody does each thing in one of three ways, the first most often."""
    rng = random.Random(seed)
    pick = lambda ways: rng.choices(ways, [5, 3, 2])[0]  # noqa: E731
    return {
        f"s{number:04}": {name: pick(ways) for name, ways in WAYS.items()}
        for number in range(count)
    }


def test_different_answers_are_not_alike():
    students = {
        f"s{place}": {name: ways[place] for name, ways in WAYS.items()} for place in range(3)
    }
    assert find_groups(prints_of(students)) == []


@pytest.mark.parametrize("count", [12, 60, 400])
def test_an_honest_class_in_which_many_write_alike_has_no_group(count):
    assert find_groups(prints_of(honest_class(count))) == []


def test_every_mixture_of_usual_ways_is_honest():
    mixtures = product(*WAYS.values())
    students = {f"s{n}": dict(zip(WAYS, ways, strict=True)) for n, ways in enumerate(mixtures)}
    assert find_groups(prints_of(students)) == []


def test_a_copy_with_other_names_comments_and_formatting_is_found():
    students = honest_class(40)
    students["s0007"]["train"] = LONG
    students["s0031"]["train"] = DRESSED_UP
    (group,) = find_groups(prints_of(students))
    assert group.students == ("s0007", "s0031")
    assert group.telling == "train"
    assert group.same["train"] == 2


def test_a_copy_with_a_few_other_lines_is_found_and_called_nearly_the_same():
    students = honest_class(40)
    students["s0007"]["train"] = LONG
    changed = DRESSED_UP.replace("1.5 * min", "2 * min").replace(
        "    record = []", "    record = list()"
    )
    students["s0031"]["train"] = changed
    (group,) = find_groups(prints_of(students))
    assert group.students == ("s0007", "s0031")
    assert group.shared["train"] == 2
    assert "train" not in group.same


def test_those_who_share_one_source_are_one_group():
    students = honest_class(60)
    for name in ("s0003", "s0019", "s0044", "s0051"):
        students[name]["train"] = LONG
        students[name]["smooth"] = WAYS["smooth"][0].replace("/ width", "* (1.0 / width) + 0 * 7")
        students[name]["normalise"] = WAYS["normalise"][1].replace("or 1.0", "or 1e-3")
    (group,) = find_groups(prints_of(students))
    assert group.students == ("s0003", "s0019", "s0044", "s0051")


def test_a_group_larger_than_what_is_compared_pair_by_pair_is_found():
    students = honest_class(600)
    copied = [f"s{number:04}" for number in range(0, 600, 20)]
    for name in copied:
        students[name] = {
            "train": LONG,
            "smooth": WAYS["smooth"][0].replace("/ width", "* (1.0 / width) + 0 * 7"),
            "normalise": WAYS["normalise"][1].replace("or 1.0", "or 1e-3"),
            "accuracy": WAYS["accuracy"][1].replace("right += 1", "right = right + 1"),
        }
        students[name] |= {"second": LONG.replace("0.9", "0.8").replace("lr / 2", "lr / 3")}
        students[name] |= {"third": LONG.replace("> 3", "> 5").replace("np.sign", "np.tanh")}
    using = printers() | {"second": Printer(), "third": Printer()}
    (group,) = find_groups(prints_of(students, using))
    assert list(group.students) == copied


def test_what_most_of_a_class_writes_is_no_evidence():
    students = {f"s{number}": {"train": LONG} for number in range(30)}
    assert find_groups(prints_of(students)) == []


def test_what_was_handed_out_and_left_as_it_is_does_not_count():
    long_stub = LONG.replace("return np.array(history)", "raise NotImplementedError()")
    using = {"train": Printer(long_stub)}
    assert using["train"].take(long_stub) is None
    assert using["train"].take(long_stub.replace("# ", "# still to do: ")) is None
    little = long_stub.replace("raise NotImplementedError()", "return history")
    students = {"ada": {"train": little}, "ben": {"train": little}}
    assert find_groups(prints_of(students, using)) == []


def test_the_stub_does_not_make_two_different_answers_alike():
    using = printers(smooth=STUB)
    students = {f"s{place}": {"smooth": way} for place, way in enumerate(WAYS["smooth"])}
    assert find_groups(prints_of(students, using)) == []


def test_short_answers_do_not_count():
    assert Printer().take("def double(x):\n    return 2 * x") is None


def test_the_courses_own_solution_does_not_count():
    assert Printer(known=[LONG]).take(DRESSED_UP) is None
    assert Printer(known=[LONG]).take(WAYS["normalise"][1]) is not None


def test_written_answers_are_compared_by_their_words():
    text = (
        "A plateau is where the slope of the activation is nearly nothing, so that whatever "
        "arrives from upstream is multiplied by nearly nothing as well, and my weights stay "
        "put like a cat on a warm radiator, however large the loss may be on that very sample; "
        "with twelve layers one after another I would expect not to see any movement at all."
    )
    using = {"why": Printer("*Write here.*", prose=True)}
    others = {
        f"s{number}": {"why": " ".join(random.Random(number).choices(text.split(), k=60))}
        for number in range(10)
    }
    copied = {"ada": {"why": text}, "ben": {"why": text.replace(",", " -").upper()}}
    found = find_groups(prints_of(others | copied, using))
    assert [group.students for group in found] == [("ada", "ben")]


def test_the_order_in_which_a_class_is_read_makes_no_difference():
    students = honest_class(50)
    students["s0007"]["train"], students["s0031"]["train"] = LONG, DRESSED_UP
    prints = prints_of(students)
    assert find_groups(prints) == find_groups(dict(reversed(prints.items())))


@pytest.mark.parametrize("students", [{}, {"ada": {}}, {"ada": {"train": LONG}}])
def test_nobody_and_one_alone_are_like_nobody(students):
    assert find_groups(prints_of(students)) == []
