"""What leaves a program the same leaves its normal form the same, and nothing else does."""

import pytest

from chainrule.grading.report.normal_form import of_code, of_prose

ORIGINAL = '''def spread(values, weight=2):
    """How far values lie apart."""
    total = 0
    for value in values:  # one by one
        total += weight * np.abs(value)
    return total
'''
SAME = {
    "other names": """def s(a, b=2):
    c = 0
    for d in a:
        c += b * np.abs(d)
    return c
""",
    "another docstring, comments and prints": '''def spread(values, weight=2):
    """Quite another text."""
    # begin
    total = 0
    print("here", total)
    for value in values:
        total += weight * np.abs(value)

    return total
''',
    "other formatting": """def spread( values, weight = 2 ):
        total = 0
        for value in values :
                total += ( weight
                           * np.abs( value ) )
        return (total)
""",
    "annotations": """def spread(values: list, weight: int = 2) -> float:
    total: float = 0
    for value in values:
        total += weight * np.abs(value)
    return total
""",
    "another name for a library": """import numpy as enn
def spread(values, weight=2):
    total = 0
    for value in values:
        total += weight * enn.abs(value)
    return total
""",
}
OTHER = {
    "another function": ORIGINAL.replace("np.abs", "np.sqrt"),
    "another number": ORIGINAL.replace("total = 0", "total = 1"),
    "another operation": ORIGINAL.replace("weight * np", "weight + np"),
    "names exchanged": ORIGINAL.replace("return total", "return weight"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_it_is_the_same_for(text):
    assert of_code(text).exact == of_code(ORIGINAL).exact
    assert of_code(text).coarse == of_code(ORIGINAL).coarse


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_it_is_not_the_same_for(text):
    assert of_code(text).exact != of_code(ORIGINAL).exact


def test_attributes_of_ones_own_may_have_any_name_and_those_of_others_may_not():
    one = "class A:\n    def f(self, x):\n        self.kept = x\n        return self.kept.sum()"
    assert of_code(one).exact == of_code(one.replace("kept", "_cache")).exact
    assert of_code(one).exact != of_code(one.replace("sum", "mean")).exact


def test_a_line_more_changes_only_its_place_in_the_coarse_form():
    longer = ORIGINAL.replace("    total = 0\n", "    total = 0\n    extra = 5\n")
    before, after = of_code(ORIGINAL).coarse, of_code(longer).coarse
    added = len(after) - len(before)
    place = next(i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    assert before[place:] == after[place + added :]


def test_magics_of_a_notebook_are_left_out():
    assert of_code(f"%matplotlib inline\n!ls\n{ORIGINAL}").exact == of_code(ORIGINAL).exact


def test_code_that_does_not_parse_is_compared_by_its_words():
    broken = ORIGINAL.replace("values:  #", "values  #")
    renamed = broken.replace("total", "sum_").replace("one by one", "each")
    assert of_code(broken).exact == of_code(renamed).exact
    assert of_code(broken).exact != of_code(broken.replace("2", "3")).exact


def test_a_very_deep_expression_ends_nothing():
    assert of_code("x = " + "(" * 5000 + ")" * 5000).exact
    assert of_code("x = " + "-" * 3000 + "1").exact


def test_prose_is_its_words_in_small_letters():
    assert of_prose("The **gradient**, of\ncourse!").exact == ["the", "gradient", "of", "course"]
