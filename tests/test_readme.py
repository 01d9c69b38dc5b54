"""Tests of what the README promises."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_code_draws():
    tool = runpy.run_path(str(ROOT / "tools" / "chain_picture.py"))
    assert tool["PICTURE"].read_text(encoding="utf-8") == tool["draw"]()


def test_the_picture_has_a_text_for_who_cannot_see_it(readme):
    (alt,) = re.findall(r"!\[([^\]]+)\]\(docs/images/chain\.svg\)", readme)
    assert all(number in alt for number in ("0.9820", "0.0177", "0.0707"))


def test_every_link_into_the_checkout_leads_somewhere(readme):
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert links
    for link in links:
        if "://" not in link:
            assert (ROOT / link).exists(), link


def test_the_lecture_table_lists_the_lectures_there_are(readme):
    listed = re.findall(r"\]\((notebooks/\d\d_\w+\.ipynb)\)", readme)
    there = [f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert listed == there


def test_the_problem_set_table_lists_the_problem_sets_there_are(readme):
    listed = re.findall(r"\]\(release/(\w+)\)", readme)
    there = [path.name for path in sorted((ROOT / "source").iterdir()) if path.is_dir()]
    assert listed == there
