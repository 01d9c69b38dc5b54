"""A bank compiles into exercises, and refuses to when it would tell students something wrong."""

import sys

import numpy as np
import pytest
from small_exercises import Cubed, affine_backward, function_cases, operation_cases

from chainrule.checks import store
from chainrule.checks.bank import Bank, Entry, array, compile_bank, load_bank
from chainrule.checks.exercise import Case


@pytest.fixture
def entry():
    entry = Entry("Cubed", "operation", operation_cases(), "lecture 00")
    entry.correct(Cubed)
    return entry


def compiled(entry):
    (exercise,) = Bank([entry]).compile()
    return exercise


def scaled(factor, name="Scaled", method="_output"):
    """Cubed with one method's result multiplied."""

    def changed(self, *arguments):
        return getattr(Cubed, method)(self, *arguments) * np.float32(factor)

    return type(name, (Cubed,), {method: changed, "__doc__": f"it is {factor} times too large."})


def test_the_truth_is_what_the_first_right_answer_yields(entry):
    case = compiled(entry).cases["a batch"]
    assert np.array_equal(
        case.truth["forward"].parts["output"], operation_cases()["a batch"].inputs["input_"] ** 3
    )


def test_a_gradient_is_measured_unless_the_case_asks_for_a_table():
    batch = operation_cases()["a batch"]
    tabled = Case(batch.inputs, batch.output_grad, {"backward": None}, 1e-7)
    entry = Entry("Cubed", "operation", {"measured": batch, "tabled": tabled}, "")
    entry.correct(Cubed)
    cases = compiled(entry).cases
    assert set(cases["measured"].truth) == {"forward"}
    assert set(cases["tabled"].truth) == {"forward", "backward"}
    assert cases["tabled"].tolerance == 1e-7


def test_a_mistake_is_kept_by_what_it_yields_in_the_stage_where_it_goes_wrong(entry):
    entry.mistake()(scaled(2, "double", "_input_grad"))
    (mistake,) = compiled(entry).mistakes
    assert (mistake.id, mistake.stage) == ("double", "backward")
    assert mistake.says == "it is 2 times too large."
    batch = operation_cases()["a batch"]
    expected = 6 * batch.inputs["input_"] ** 2 * batch.output_grad
    assert np.allclose(mistake.outcomes["a batch"].parts["input_grad"], expected)


def test_a_docstring_becomes_a_headline_and_one_line():
    entry = Entry("affine_backward", "function", function_cases(), "", ("a", "b", "c"))
    entry.correct(affine_backward)

    @entry.mistake()
    def minus(X, W, output_grad):
        """the sign
        is wrong.

        Look at it
        again.
        """
        return tuple(-value for value in affine_backward(X, W, output_grad))

    assert compiled(entry).mistakes[0].says == "the sign is wrong.\nLook at it again."


def test_a_mistake_that_goes_by_another_name_has_no_fingerprint(entry):
    entry.mistake(named="factor_2")(scaled(2))
    assert compiled(entry).mistakes == []
    assert entry.wrong[0].named == "factor_2"


def test_a_mistake_that_only_the_hidden_check_can_see_has_no_fingerprint(entry):
    class large(Cubed):
        """large inputs are cut."""

        def _output(self):
            return np.clip(self.input_, -100, 100) ** 3

    entry.mistake()(large)
    assert compiled(entry).mistakes == []


# --- what a bank refuses


def test_two_mistakes_that_do_the_same_are_an_error(entry):
    entry.mistake()(scaled(2, "one"))
    entry.mistake()(scaled(2 * (1 + 1e-8), "other"))
    with pytest.raises(ValueError, match="'one' and 'other' do the same in every case"):
        compiled(entry)


def test_two_mistakes_in_different_stages_or_of_different_size_are_none(entry):
    entry.mistake()(scaled(2, "one"))
    entry.mistake()(scaled(2, "other", "_input_grad"))
    entry.mistake()(scaled(2.001, "third"))
    assert len(compiled(entry).mistakes) == 3


@pytest.mark.parametrize("method", ["_output", "_input_grad"])
def test_a_right_answer_that_is_wrong_is_an_error(entry, method):
    entry.correct(scaled(1.001, "NotQuite", method))
    with pytest.raises(ValueError, match="the right answer 'NotQuite' does not pass"):
        compiled(entry)


def test_a_right_answer_that_crashes_is_an_error(entry):
    class Crashing(Cubed):
        def _output(self):
            raise KeyError("x")

    entry.correct(Crashing)
    with pytest.raises(ValueError, match="the right answer 'Crashing' does not pass forward"):
        compiled(entry)


def test_a_first_right_answer_whose_gradient_is_not_that_of_its_forward_is_an_error():
    entry = Entry("Cubed", "operation", operation_cases(), "")
    entry.correct(scaled(2, "Wrong", "_input_grad"))
    with pytest.raises(ValueError, match="'Wrong' does not pass backward"):
        compiled(entry)


def test_a_mistake_that_cannot_be_told_from_a_right_answer_is_an_error(entry):
    class nearly(Cubed):
        """a little off."""

        def _output(self):
            return super()._output() * (1 + 1e-8)

    entry.mistake()(nearly)
    with pytest.raises(ValueError, match="'nearly' cannot be told from a right answer"):
        compiled(entry)


def test_a_mistake_that_yields_no_numbers_is_an_error(entry):
    class crashing(Cubed):
        """it crashes."""

        def _output(self):
            raise ValueError("shapes")

    entry.mistake()(crashing)
    with pytest.raises(ValueError, match="'crashing' yields no numbers"):
        compiled(entry)


def test_an_entry_without_a_right_answer_is_an_error():
    with pytest.raises(ValueError, match="the bank holds no right answer"):
        compiled(Entry("Cubed", "operation", operation_cases(), ""))


def test_a_mistake_without_words_is_an_error(entry):
    with pytest.raises(ValueError, match="'silent' has no docstring"):
        entry.mistake()(type("silent", (Cubed,), {}))


def test_a_name_given_twice_is_an_error(entry):
    with pytest.raises(ValueError, match="two answers are called 'Cubed'"):
        entry.mistake()(scaled(2, "Cubed"))
    with pytest.raises(ValueError, match="two answers are called 'Cubed'"):
        entry.correct(Cubed)


# --- folders

BANK = """
from chainrule.checks.bank import Bank, Entry, array
from chainrule.checks.exercise import Case

from .answers import double

entry = Entry("double", "function", {{"one": Case({{"x": array(1, 2)}})}}, "{reread}", ("y",))
entry.correct(double)
bank = Bank([entry, Entry("train", "training", {{}}, "")])
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "ps_of_tests"
    (folder / "mistakes").mkdir(parents=True)
    write(folder / "mistakes" / "answers.py", "def double(x):\n    return 2 * x\n")
    write(folder / "mistakes" / "__init__.py", BANK.format(reread="lecture 00"))
    yield folder
    for name in [name for name in sys.modules if name.startswith("mistakes_of_ps_of_tests")]:
        del sys.modules[name]


def write(path, text):
    path.write_text(text, encoding="utf-8")


def test_a_folder_without_a_bank_has_none(tmp_path):
    assert load_bank(tmp_path) is None
    assert compile_bank(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folders_bank_is_compiled_beside_its_notebook(folder):
    path = compile_bank(folder)
    assert path == folder / "checks.json"
    exercises = store.read(path)
    assert list(exercises) == ["double"]  # training is judged by its loss
    truth = exercises["double"].cases["one"].truth["result"].parts["y"]
    assert truth.tolist() == [2, 4]


def test_what_the_files_say_now_is_compiled(folder):
    compile_bank(folder)
    write(folder / "mistakes" / "__init__.py", BANK.format(reread="lecture 99"))
    assert store.read(compile_bank(folder))["double"].reread == "lecture 99"


def test_a_file_that_is_the_same_up_to_round_off_stays_as_it_is(folder):
    path = compile_bank(folder)
    text = path.read_text(encoding="utf-8").replace("2.0", "2.0000000000001")
    write(path, text)
    compile_bank(folder)
    assert path.read_text(encoding="utf-8") == text


def test_a_file_of_an_older_bank_is_replaced(folder):
    path = compile_bank(folder)
    text = path.read_text(encoding="utf-8")
    write(path, text.replace("2.0", "3.0"))
    compile_bank(folder)
    assert path.read_text(encoding="utf-8") == text


def test_arrays_of_cases_are_float64():
    assert array([1, 2], [3, 4]).dtype == np.float64
    assert array([1, 2], [3, 4]).shape == (2, 2)
