"""Texts are spelt right, in British English, and the check notices what is not."""

import re
from pathlib import Path

import codespell_lib
import nbformat
import pytest
from spelling import ALLOWED, DICTIONARIES, misspelt, prose_of_markdown, prose_of_python

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"]
MODULES = [
    *(ROOT / "chainrule").rglob("*.py"),
    *(ROOT / "source").rglob("*.py"),  # what a mistake bank says to students
    ROOT / "course.py",
]
# Lectures have rules of their own, and spelling is one of them.
NOTEBOOKS = [*(ROOT / "source").rglob("*.ipynb"), *(ROOT / "docs").rglob("*.ipynb")]


def named(path):
    return path.relative_to(ROOT).as_posix()


def without_titles(text):
    """Titles in quotation marks keep the spelling of their authors."""
    return re.sub(r"\"[^\"]{12,}?\"", "", text)


@pytest.mark.parametrize("path", sorted(PAGES), ids=named)
def test_a_page_is_spelt_right(path):
    assert list(misspelt(prose_of_markdown(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", sorted(MODULES), ids=named)
def test_a_module_speaks_without_mistakes(path):
    prose = prose_of_python(path.read_text(encoding="utf-8"))
    assert list(misspelt(without_titles(prose))) == []


@pytest.mark.parametrize("path", sorted(NOTEBOOKS), ids=named)
def test_a_problem_set_is_spelt_right(path):
    wrong = {}
    for cell in nbformat.read(path, as_version=4).cells:
        prose = prose_of_markdown if cell.cell_type == "markdown" else prose_of_python
        wrong[cell.id] = list(misspelt(prose(cell.source)))
    assert {name: words for name, words in wrong.items() if words} == {}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("seperate", "separate"),
        ("Recieved", "received"),
        ("the behavior", "behaviour"),
        ("normalized", "normalised"),
        ("analyzing", "analysing"),
        ("vectorizable", "vectorisable"),  # in no list: known by its ending
        ("the well-known begining", "beginning"),
        ("a color-blind reader", "colour"),
        ("didnt", "didn't"),
    ],
)
def test_a_mistake_is_noticed(text, right):
    assert [better for _, better in misspelt(text)] == [right]


@pytest.mark.parametrize(
    "text",
    [
        "colour, normalise, behaviour, centre, grey, judgement, modelling, sceptical",
        "size, resized, prize, seizes, capsize, horizon, citizen, analyses",
        "the optimizer's learning rate; a computer program; practice; cannot, don’t, don't",
        "load_color, np.color, sizeColor, color2, a@color.org",  # names
    ],
)
def test_what_is_right_is_let_pass(text):
    assert list(misspelt(text)) == []


def test_code_formulas_tags_and_targets_of_links_are_not_prose():
    text = "A `color`, ``the `color` ``, $color$, $$\ncolor\n$$, <i color='color'>b</i>, "
    text += "[a link](https://color.org/color 'b'), https://color.org\n\n```python\ncolor\n```\n"
    assert list(misspelt(prose_of_markdown(text))) == []
    assert list(misspelt(prose_of_markdown("`a` color `b` and $x$ color $y$, [color](b)")))


def test_comments_docstrings_and_texts_of_code_are_prose():
    source = '"""One color."""\n\ncolor = f(color="color", loc="upper center")  # the color\n'
    source += 'print(f"two colors {color}", "color")\n'
    words = [word for word, _ in misspelt(prose_of_python(source))]
    assert sorted(words) == ["color", "color", "colors"]


@pytest.mark.parametrize("word", ALLOWED)
def test_an_allowed_word_is_let_pass_for_a_reason(word):
    assert len(ALLOWED[word]) > 5
    assert list(misspelt(f"{word}, {word.title()}")) == []


def test_the_lists_are_codespell_s_own():
    assert DICTIONARIES.parent == Path(codespell_lib.__file__).parent
