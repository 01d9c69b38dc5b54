"""JUnit XML that CI systems read: counts that are right, text that is valid."""

from xml.etree import ElementTree as ET

import pytest
from classroom import NAME

from chainrule.checks.notebook import Verdict
from chainrule.grading.exports.junit import write
from chainrule.grading.exports.rows import Grades, Wishes, number
from chainrule.grading.gradesheet import Row
from chainrule.grading.journal import Mark

# What junit-10.xsd, which Jenkins and pytest's own tests use, lets stand where.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure"},
}
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "testcase": {"name", "classname"},
    "property": {"name", "value"},
    "properties": set(),
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
}


@pytest.fixture(scope="module")
def root(grades, tmp_path_factory):
    to = tmp_path_factory.mktemp("junit") / "junit.xml"
    write(grades, to, Wishes())
    return ET.parse(to).getroot()


def suite(root, student):
    return root.find(f"testsuite[@name='{NAME}.{student}']")


def outcomes(suite):
    return {
        case.get("name"): case[0].tag if len(case) else "passed" for case in suite.iter("testcase")
    }


def test_every_element_and_attribute_is_one_that_readers_know(root):
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert set(element.attrib) == ATTRIBUTES[element.tag]


def test_counts_are_right(root):
    for one in root:
        kinds = [*outcomes(one).values()]
        assert int(one.get("tests")) == len(kinds)
        for name, kind in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(one.get(name)) == kinds.count(kind)
    assert int(root.get("tests")) == len(root.findall(".//testcase"))
    assert int(root.get("failures")) == len(root.findall(".//failure"))


def test_there_is_a_suite_for_everybody_with_the_points_of_the_grade_table(root, grades):
    scores = {
        one.get("name"): one.find("properties/property[@name='score']").get("value") for one in root
    }
    assert scores == {f"{NAME}.{row.student}": number(row.score) for row in grades.rows}


def test_a_cell_passes_fails_or_waits(root):
    assert set(outcomes(suite(root, "anna")).values()) == {"passed"}
    assert outcomes(suite(root, "b.ohm")) == {
        "double: double-check": "passed", "double: double-hidden": "failure",
        "square: square-check": "passed", "why: why": "failure",
    }  # fmt: skip
    assert outcomes(suite(root, "dora"))["why: why"] == "skipped"


def test_points_by_hand_are_in_the_failure(root):
    failure = suite(root, "b.ohm").find("testcase[@name='why: why']/failure")
    assert failure.get("message") == "2.5 of 4 points"


def test_who_could_not_be_graded_has_the_reason(root):
    assert outcomes(suite(root, "cut_off"))["submission"] == "failure"
    assert "cut off" in suite(root, "cut_off").find("testcase/failure").text
    assert outcomes(suite(root, "emil")) == {"submission": "failure"}


def test_a_run_that_went_wrong_is_an_error(tmp_path):
    write(Grades([Row(NAME, "a", "not graded", None, 2.0)]), tmp_path / "x.xml", Wishes())
    assert ET.parse(tmp_path / "x.xml").find(".//error").get("type") == "not graded"


def test_any_text_becomes_valid_xml(tmp_path):
    said = "".join(map(chr, range(0x20))) + '<&"]]>\ufffe\ud800\U0001f600'
    mark = Mark(0.0, 2.0, "failed", said, [Verdict("ReLU", "backward", 0.0, "sign\x00")])
    row = Row(NAME, "a\x08", "graded", 0.0, 2.0, cells={"c\x0b": ("e\x0c", 0.0, mark)})
    write(Grades([row]), tmp_path / "x.xml", Wishes())
    failure = ET.parse(tmp_path / "x.xml").find(".//failure")
    assert failure.get("type") == "sign\\x00"
    assert '<&"]]>\\ufffe\\ud800\U0001f600' in failure.text
    assert "\\x1b" in failure.text
