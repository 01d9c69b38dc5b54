"""What a student's code does while a check runs leaves no trace."""

import builtins
import logging
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest

from chainrule.checks.quiet import quiet, undisturbed


@pytest.fixture
def handler():
    """A log handler that holds on to the stderr of its time, as one set up in a notebook does."""
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def noise():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    sys.stderr.writelines(["one", "two"])
    logging.error("to the log")
    warnings.warn("warned", stacklevel=2)
    warnings.simplefilter("always")
    warnings.warn("warned louder", stacklevel=2)
    return np.array(1.0) / np.array(0.0), np.log(np.array(-1.0)), np.exp(np.array(1000.0))


@pytest.mark.parametrize("context", [quiet, undisturbed])
def test_nothing_is_written_whatever_the_code_prints_logs_or_warns_of(context, capfd, handler):
    with context():
        noise()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("context", [quiet, undisturbed])
def test_warning_filters_are_put_back(context):
    before = list(warnings.filters)
    with context():
        warnings.simplefilter("always")
    assert warnings.filters == before


@pytest.mark.parametrize("context", [quiet, undisturbed])
def test_numpys_error_settings_are_put_back(context):
    before = np.geterr()
    with context():
        np.seterr(all="raise")
    assert np.geterr() == before


@pytest.mark.parametrize("context", [quiet, undisturbed])
def test_streams_are_put_back_even_when_the_code_replaces_or_closes_them(context):
    before = sys.stdout, sys.stderr
    with context():
        sys.stdout.close()
        sys.stderr = None
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("context", [quiet, undisturbed])
def test_all_is_put_back_when_the_code_fails(context):
    before = builtins.input, sys.stdout, logging.root.manager.disable, np.geterr()
    with pytest.raises(FloatingPointError), context(), np.errstate(all="raise"):
        np.log(np.array(0.0))
    assert (builtins.input, sys.stdout, logging.root.manager.disable, np.geterr()) == before


def test_a_question_is_an_error_and_not_a_wait():
    with quiet(), pytest.raises(EOFError, match="nobody to ask"):
        input("your name? ")


def test_the_global_random_states_are_put_back():
    numpys, pythons = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    with undisturbed():
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
    assert np.array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    assert random.getstate() == pythons


def test_within_a_check_random_numbers_stay_random():
    with undisturbed():
        drawn = []
        for _ in range(2):
            with quiet():
                drawn.append(np.random.rand())  # noqa: NPY002
    assert drawn[0] != drawn[1]


def test_print_options_are_put_back():
    before = np.get_printoptions()
    with undisturbed():
        np.set_printoptions(precision=1)
    assert np.get_printoptions() == before


def test_what_is_displayed_in_ipython_is_dropped(tmp_path):
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('''\n"
        "from IPython.display import display\n"
        "from chainrule.checks.quiet import undisturbed\n"
        "with undisturbed():\n"
        "    display('secret')\n"
        "display('shown')\n"
        "''')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "'shown'\n"
