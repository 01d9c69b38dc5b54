"""Every lecture is complete, readable, and made of the library's code. Nothing is run here: that
the stored outputs are what a fresh run yields is for nbval to say (``course.py test``)."""

import ast
import importlib.util
import os
import subprocess
import sys
from contextlib import closing
from functools import cache

import nbformat
import pytest
from lecture_reading import NOTEBOOKS, code, definitions, headings, output_text
from lecture_rules import N_LECTURES, RULES
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = NOTEBOOKS.parent
CURRICULUM = {
    "01_derivatives": "Functions and derivatives",
    "02_chain_rule": "Nested functions and the chain rule",
    "03_many_inputs": "Several inputs, vectors, matrices",
    "04_linear_regression": "Linear regression, derived by hand",
    "05_two_layer_network": "A two-layer network by hand",
    "06_gradient_checking": "Is my gradient right?",
    "07_operations_and_layers": "Operations and layers",
    "08_losses_and_networks": "Losses and networks",
    "09_training": "Optimizers and the Trainer",
    "10_activations_and_losses": "More activations and losses",
    "11_classification": "Many classes: softmax and cross-entropy",
    "12_training_well": "Initialisation, regularisation, optimizers",
    "13_dropout_batchnorm": "Layers that behave differently in training",
    "14_to_pytorch": "You can read PyTorch now",
}
# Says where to begin; it teaches nothing, so there is nothing to predict or to get wrong.
START = "00_start_here"
RULES_OF_LECTURES = {
    "it_opens_with_a_title_and_the_goals",
    "it_closes_with_mistakes_summary_outlook_and_references",
    "it_asks_the_reader_to_predict",
}
# The numbers that a lecture is quoted by; each lecture that publishes some has a row.
PUBLISHED = {
    "01_derivatives": ["3.9999999999995595"],
    "02_chain_rule": [
        "0.9820137900379085",
        "0.0706508353807067",
        "0.07065082585744342",
        "0.6547534606063192",
        "-0.07233643296206184",
    ],
    "03_many_inputs": ["0.0009102213310852", "2.3755", "0.2488887", "0.2489"],
    "04_linear_regression": [
        "[100, 54, 30, 24, 18, 12, 6, 6]",
        "trained weights: agree within 1e-09",
        "weights from the equations: agree within 1e-10",
    ],
    "05_two_layer_network": [
        "network, held out  R² 0.946 ± 0.002",
        "linear, held out   R² 0.734 ± 0.010",
        "floor 0.76",
    ],
    "06_gradient_checking": ["forward, step 0.001: DISAGREE, relative error 0.00024"],
    "11_classification": [
        "network 64-100-200-10  97.",  # percent of the validation digits
        "28,710 numbers to learn",
    ],
    "12_training_well": ["ReLU, He      forward  1.0 to 1.1", "tanh, Xavier  back     0.8 to 1.0"],
    "14_to_pytorch": ["output.weight: agree within 1e-12", "Adam: agree within 1e-12"],
}
# Files come as their authors finish them; what is missing, the tests of the curriculum say.
NOTEBOOK_FILES = sorted(NOTEBOOKS.glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOK_FILES, ids=lambda path: path.stem)
each_lecture = pytest.mark.parametrize("name", CURRICULUM)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@cache
def library():
    """Every public function and class of the framework, as code without docstrings."""
    found = {}
    parts = ("[!_]*.py", "numeric/[!_]*.py", "data/[!_]*.py")
    for path in sorted(path for part in parts for path in (ROOT / "chainrule").glob(part)):
        if path.stem != "cli":
            found |= definitions(ast.parse(path.read_text(encoding="utf-8")))
    return {name: code for name, code in found.items() if not name.startswith("_")}


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("lectures", ROOT / "tools" / "lectures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the lectures ---------------------------------------------------------------------------------


@each_lecture
def test_a_lecture_is_there_with_its_title(name):
    path = NOTEBOOKS / f"{name}.ipynb"
    assert path.exists(), f"there is no notebooks/{name}.ipynb"
    assert headings(read(path))[0] == (1, CURRICULUM[name])


def test_there_are_no_other_notebooks_than_those_of_the_curriculum():
    assert len(CURRICULUM) == N_LECTURES
    assert {path.stem for path in NOTEBOOK_FILES} <= {START, *CURRICULUM}


def test_the_readme_lists_every_lecture_in_order():
    wanted = [f"[{name[:2]} {title}](notebooks/{name}.ipynb)" for name, title in CURRICULUM.items()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [line for line in wanted if line not in readme] == [], "README.md lacks these"
    assert sorted(wanted, key=readme.index) == wanted


@each_notebook
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_lecture_keeps_the_rule(path, rule):
    if path.stem == START and rule.__name__ in RULES_OF_LECTURES:
        pytest.skip("a rule for lectures")
    assert list(rule(read(path))) == []


@each_notebook
def test_a_lecture_is_stored_as_the_tool_stores_it(path, tool):
    stored = path.read_text(encoding="utf-8")
    assert tool.text_of(tool.normalise(nbformat.reads(stored, as_version=4))) == stored, (
        f"run: python3 course.py execute notebooks/{path.name}"
    )


@each_notebook
def test_a_lecture_defines_what_the_library_defines(path):
    for source, tree in code(read(path)):
        for name, definition in definitions(tree).items():
            if name in library():
                assert definition == library()[name], (
                    f"{name} differs from the library's:\n{source}"
                )


def test_the_first_lecture_defines_the_library_s_deriv():
    first = read(NOTEBOOKS / "01_derivatives.ipynb")
    defined = {name for _, tree in code(first) for name in definitions(tree)}
    assert "deriv" in defined & set(library())


@pytest.mark.parametrize("name", [p.stem for p in NOTEBOOK_FILES if p.stem in PUBLISHED])
def test_the_published_numbers_are_among_the_outputs(name):
    printed = output_text(read(NOTEBOOKS / f"{name}.ipynb"))
    for number in PUBLISHED[name]:
        assert number in printed


# --- the rules themselves: each must notice what it is there for ----------------------------------

GOOD = """# Title

You want to know.

## What you will be able to do

- This.
- That.
- More, at $x = 1$.

**Pause and predict.** What comes?

<details>
<summary>Answer</summary>

One.

</details>

**Pause and predict.** And then?

<details>
<summary>Answer</summary>

$$
f(x) = \\left( \\frac{1}{2} \\right) +
x
$$

</details>

## Where people go wrong

See [above](#Title).

## Summary

| idea | number |
|---|---|
| one | 1 |

## What comes next

## References
"""


def lecture(prose=GOOD, source="print(1)", outputs=None):
    said = [new_output("stream", name="stdout", text="1\n")] if outputs is None else outputs
    cell = new_code_cell(source, outputs=said, execution_count=1)
    return new_notebook(cells=[new_markdown_cell(prose), cell])


def image_of(html):
    return [new_output("display_data", data={"text/html": html, "text/plain": "a picture"})]


def test_a_good_lecture_keeps_every_rule():
    assert [problem for rule in RULES for problem in rule(lecture())] == []


BAD = {
    "no title": lecture(GOOD.replace("# Title", "Title")),
    "two titles": lecture(GOOD.replace("You want", "# You want")),
    "two goals": lecture(GOOD.replace("- That.\n", "")),
    "no mistakes": lecture(GOOD.replace("## Where people go wrong", "")),
    "no table": lecture(GOOD.replace("|---|---|", "")),
    "skipped level": lecture(GOOD.replace("See [", "#### Deep\n\nSee [")),
    "one question": lecture(GOOD.replace("**Pause and predict.** And", "And")),
    "open answer": lecture(GOOD.replace("</details>\n\n## Where", "## Where")),
    "long cells": lecture(source="\n".join(["print(1)"] * 13)),
    "too long a cell": lecture(source="class A:\n    x = 1\n\n\nclass B:\n" + "    x = 1\n" * 30),
    "code first": new_notebook(cells=lecture().cells[::-1]),
    "open formula": lecture(GOOD.replace("$x = 1$", "$x = 1")),
    "open display": lecture(GOOD.replace("x\n$$", "x\n")),
    "open brace": lecture(GOOD.replace("\\frac{1}{2}", "\\frac{1}{2")),
    "left alone": lecture(GOOD.replace("\\right)", ")")),
    "begin and another end": lecture(GOOD.replace("$x = 1$", "$\\begin{cases} x \\end{matrix}$")),
    "unknown command": lecture(GOOD.replace("$x = 1$", "$\\frc{1}{2}$")),
    "bar in a table": lecture(GOOD.replace("| one | 1 |", "| one | $|x|$ |")),
    "begin alone": lecture(GOOD.replace("$x = 1$", "$\\begin{cases} x$")),
    "list in a formula": lecture(GOOD.replace("+\nx", "\n+ x")),
    "accidental list": lecture(GOOD.replace("want to know", "want\n1. to know")),
    "dead link": lecture(GOOD.replace("#Title", "nowhere.ipynb")),
    "dead anchor": lecture(GOOD.replace("#Title", "#Nowhere")),
    "no such lecture": lecture(GOOD.replace("want to know", "read lectures 03 and 15")),
    "lecture of one digit": lecture(GOOD.replace("want to know", "read lecture 5")),
    "no such problem set": lecture(GOOD.replace("want to know", "solve problem set 6")),
    "no such section": lecture(GOOD.replace("want to know", "read section 3")),
    "no such section there": lecture(GOOD.replace("want to", "read section 99 of lecture 01 to")),
    "misspelt": lecture(GOOD.replace("want to know", "recieve")),
    "American": lecture(GOOD.replace("want to know", "recognize a color")),
    "misspelt reference": lecture(GOOD + "\n- *Proceding*, 1990.\n"),
    "misspelt comment": lecture(source="print(1)  # the begining"),
    "misspelt text of a picture": lecture(outputs=image_of('<img alt="The coulmns of W">')),
    "unfinished": lecture(source="print(1)  # TODO"),
    "global seed": lecture(source="np.random.seed(1)\nprint(1)"),
    "global draw": lecture(source="print(numpy.random.rand(3))"),
    "global import": lecture(source="from numpy.random import rand\nprint(1)"),
    "random module": lecture(source="import random\nprint(1)"),
    "no seed": lecture(source="print(np.random.default_rng().random())"),
    "no random_state": lecture(source="print(train_test_split(X, y))"),
    "seconds": lecture(outputs=[new_output("stream", name="stdout", text="done in 3.2 s")]),
    "rate": lecture(outputs=[new_output("stream", name="stdout", text="[00:03, 8 it/s]")]),
    "stopwatch": lecture(source="from time import perf_counter\nprint(1)"),
    "large": lecture(outputs=image_of(f'<img alt="a large picture" src="{"A" * 2_100_000}">')),
    "no output": lecture(outputs=[]),
    "error": lecture(outputs=[new_output("error", ename="E", evalue="", traceback=[])]),
    "stderr": lecture(outputs=[new_output("stream", name="stderr", text="w")]),
    "address": lecture(outputs=[new_output("stream", name="stdout", text="<A at 0x7f3a2b1c>")]),
    "bare image": lecture(outputs=[new_output("display_data", data={"image/png": "iVBOR"})]),
    "no alt": lecture(outputs=image_of('<img src="data:image/png;base64,iVBOR">')),
    "empty alt": lecture(outputs=image_of('<img alt="" src="data:image/png;base64,iVBOR">')),
    "no alt in prose": lecture(GOOD.replace("See [above](#Title)", "![](01_derivatives.ipynb)")),
}


@cache
def noticed(what):
    """Which rules notice."""
    return [rule.__name__ for rule in RULES if list(rule(BAD[what]))]


@pytest.mark.parametrize("what", BAD)
def test_some_rule_notices(what):
    assert noticed(what)


def test_every_rule_notices_something():
    assert {rule.__name__ for rule in RULES} == {name for what in BAD for name in noticed(what)}


def test_what_is_no_mistake_is_let_pass():
    fine = GOOD.replace(
        "want to know",
        "read lectures 01 (the optimizer), 02 and 03, section 1 of lecture 01, `color`, $|x|$ and"
        " [a](https://color.org), in practice",
    )
    fine += '\n- S. Ioffe, "Batch normalization", section 3.2.\n'
    printed = new_output("stream", name="stdout", text="4 m², 2 steps, ratio 3:1, 5 samples, 3 m\n")
    source = "from chainrule.data import make_moons\nprint(make_moons(9, rng), loc='upper center')"
    notebook = lecture(fine, source=source, outputs=[printed])
    assert [problem for rule in RULES for problem in rule(notebook)] == []


def test_a_definition_is_compared_without_docstrings_and_nothing_else():
    one, two, three = (
        definitions(ast.parse(f"def f(x):\n    {doc}\n    return x{more}"))
        for doc, more in [('"""A."""', ""), ('"""B."""', ""), ('"""A."""', " + 1")]
    )
    assert one == two != three


# --- the tool -------------------------------------------------------------------------------------


def test_normalising_leaves_out_who_ran_it_and_when(tool):
    notebook = lecture()
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99"}
    notebook.cells[1].metadata = nbformat.from_dict(
        {"execution": {"started": "now"}, "tags": ["hide-input"]}
    )
    notebook.cells[1].execution_count = 17
    text = tool.text_of(tool.normalise(notebook))
    assert "3.99" not in text
    assert "started" not in text
    assert notebook.cells[1].execution_count == 1
    assert notebook.cells[1].metadata == {
        "tags": ["hide-input"],
        "jupyter": {"source_hidden": True},
    }


def test_the_ids_of_cells_depend_on_their_text_alone(tool):
    twice = new_notebook(cells=[new_markdown_cell("same"), new_markdown_cell("same")])
    first, second = (cell.id for cell in tool.normalise(twice).cells)
    assert first != second
    assert tool.normalise(new_notebook(cells=[new_markdown_cell("same")])).cells[0].id == first


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Store one code cell as a lecture, and keep the trust it earns out of the home folder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def store(source):
        path = tmp_path / "lecture.ipynb"
        nbformat.write(lecture(source=source, outputs=[]), path)
        return path

    return store


@pytest.mark.slow
def test_running_twice_changes_no_byte_and_the_result_is_trusted(tool, stored):
    path = stored("import os\nprint(os.environ['OMP_NUM_THREADS'])\nprint(2)")
    assert tool.execute(path)
    once = path.read_bytes()
    assert not tool.execute(path)
    assert path.read_bytes() == once
    notebook = nbformat.read(path, as_version=4)
    assert output_text(notebook) == "1\n2\n"
    notary = nbformat.sign.NotebookNotary()
    with closing(notary.store):
        assert notary.check_signature(notebook)
    assert "PYTHONHASHSEED" not in os.environ  # the settings are the kernel's alone


@pytest.mark.slow
def test_a_failing_cell_is_named(tool, stored, capsys):
    path = stored("missing + 1")
    before = path.read_bytes()
    assert tool.main(["execute", str(path)]) == 1
    assert "lecture.ipynb, cell 1 (missing + 1): NameError" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_file_that_is_no_notebook_is_named(tool, tmp_path, capsys):
    path = tmp_path / "broken.ipynb"
    path.write_text("{", encoding="utf-8")
    assert tool.main(["execute", str(path)]) == 1
    assert "broken.ipynb: cannot be read as a notebook" in capsys.readouterr().err


@pytest.mark.slow
def test_the_check_of_all_stored_outputs_looks_at_notebooks_alone():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "notebooks"]  # as course.py and CI call it
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
    collected = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert collected == {f"notebooks/{path.name}" for path in NOTEBOOK_FILES}
