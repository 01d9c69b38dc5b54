"""A message is one explanation in two forms: text for a terminal, HTML for a notebook."""

import io
import os
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from chainrule.checks.message import CheckFailed, Message, say, show

FULL = Message(
    "✗",
    "ReLU backward: output_grad is left out.",
    ("Multiply by it.", "It is the chain rule."),
    (("tried on", "a batch"), ("input_grad[0, 1] expected", "-3.5")),
    "lecture 07, “The sigmoid”",
)
NASTY = "<script>alert(1)</script> & \"quotes\" <img src=x onerror='x'>"


class Tags(HTMLParser):
    """Collects tags, and fails on one that is closed without having been opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_text_starts_with_the_mark_and_the_headline():
    assert str(FULL).splitlines()[0] == "✗ ReLU backward: output_grad is left out."


def test_the_text_has_every_line_the_aligned_evidence_and_where_to_reread():
    assert str(FULL).splitlines()[1:] == [
        "  Multiply by it.",
        "  It is the chain rule.",
        "    tried on                   a batch",
        "    input_grad[0, 1] expected  -3.5",
        "  Reread: lecture 07, “The sigmoid”",
    ]


def test_long_sentences_are_wrapped_so_that_nothing_cuts_them_off():
    text = str(Message("✗", "a " * 90, ("b " * 90,), (("name", "c " * 90),), "d " * 90))
    assert all(len(line) <= 80 for line in text.splitlines())
    assert [text.split().count(word) for word in "abcd"] == [90] * 4


def test_a_long_value_continues_below_its_beginning():
    text = str(Message("✗", "x", (), (("name", "word " * 30),)))
    assert {line.index("word") for line in text.splitlines()[1:]} == {10}


def test_a_message_of_a_headline_only_is_one_line():
    assert str(Message("✓", "all right.")) == "✓ all right."
    assert "Reread" not in Message("✓", "all right.")._repr_html_()


def test_the_html_holds_all_that_the_text_holds():
    shown = Tags(FULL._repr_html_()).text
    for part in (FULL.headline, *FULL.lines, *sum(FULL.evidence, ()), FULL.reread):
        assert part in shown


def test_the_html_is_well_formed():
    assert Tags(FULL._repr_html_()).open == []


def test_the_html_escapes_what_came_from_a_student():
    page = Message("✗", NASTY, (NASTY,), ((NASTY, NASTY),), NASTY)._repr_html_()
    allowed = {"div", "p", "strong", "span", "table", "tbody", "tr", "th", "td", "code", "em"}
    tags = Tags(page)
    assert {tag for tag, _ in tags.seen} <= allowed
    assert tags.text.count(NASTY) == 5


def test_numbers_and_code_look_like_code_and_sentences_do_not():
    rows = (("got", "-3.5"), ("tried on", "a batch"), ("in the line", "x = 1 < 2"))
    page = Message("✗", "x", (), rows)._repr_html_()
    assert "<code>-3.5</code>" in page
    assert "<code>x = 1 &lt; 2</code>" in page
    assert "<code>a batch</code>" not in page


def test_the_html_names_its_kind_to_a_screen_reader():
    for mark, name in {"✗": "not yet right", "✓": "right", "◐": "right in part"}.items():
        tags = Tags(Message(mark, "x")._repr_html_())
        # An untrusted notebook keeps the title alone.
        assert {"role": "img", "aria-label": name, "title": name}.items() <= dict(
            next(attrs for tag, attrs in tags.seen if tag == "span")
        ).items()


def test_a_short_label_stays_on_one_line_and_a_long_one_may_break():
    rows = (("in the line", "x"), ('gradients["W1"][10, 10] expected', "1"))
    short, long = (
        attrs["style"]
        for tag, attrs in Tags(Message("✗", "x", (), rows)._repr_html_()).seen
        if tag == "th"
    )
    assert "nowrap" in short
    assert "nowrap" not in long


def test_the_html_sets_no_text_or_background_colour_that_a_dark_theme_would_swallow():
    for _, attrs in Tags(FULL._repr_html_()).seen:
        style = attrs.get("style", "").replace(" ", "")
        assert "background" not in style
        assert not any(rule.startswith("color:") for rule in style.split(";"))


def test_the_failure_is_the_message():
    failed = CheckFailed(FULL, "upstream_ignored")
    assert str(failed) == str(FULL)
    assert failed.message is FULL
    assert failed.mistake == "upstream_ignored"
    assert CheckFailed(FULL).mistake == ""


def test_without_ipython_a_message_is_printed(capsys):
    show(FULL)
    assert capsys.readouterr().out == f"{FULL}\n"


def test_a_terminal_that_lacks_a_character_gets_the_rest(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    say("✓ ReLU forward: right.")
    terminal.seek(0)
    assert terminal.read().strip() == "? ReLU forward: right."


SESSION = """
from IPython.core.interactiveshell import InteractiveShell
from chainrule.checks.message import CheckFailed, Message
shell = InteractiveShell.instance()
shell.colors = "nocolor"
shell.user_ns["failed"] = CheckFailed(
    Message("✗", "f: it is wrong.", ("Because.",), (("got", "1"),), "lecture 00")
)
shell.run_cell("raise failed")
"""


@pytest.fixture
def shell():
    """Run a failing cell in a real IPython shell; what it prints."""

    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-c", SESSION],
            capture_output=True,
            encoding="utf-8",
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        )
        assert done.stderr == ""
        return done.stdout

    return run


def test_in_ipython_a_failure_shows_the_card_and_one_line_in_place_of_a_traceback(shell, tmp_path):
    text = shell(IPYTHONDIR=str(tmp_path), NBGRADER_EXECUTION="")
    assert text.strip().splitlines() == [
        "✗ f: it is wrong.",
        "  Because.",
        "    got  1",
        "  Reread: lecture 00",
        "CheckFailed: f: it is wrong.",
    ]


def test_under_nbgrader_validate_the_whole_text_stands_in_the_traceback(shell, tmp_path):
    text = shell(IPYTHONDIR=str(tmp_path), NBGRADER_EXECUTION="validate")
    assert text.strip().splitlines() == [
        "✗ f: it is wrong.",
        "  Because.",
        "    got  1",
        "  Reread: lecture 00",
    ]
