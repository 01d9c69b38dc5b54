"""The report holds what an instructor needs, and nothing of a student's comes alive in it."""

import os
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote

import pytest
from classroom import NAME
from hostile_page import SCRIPT
from nbgrader.api import Gradebook
from small_class import (
    BOX,
    NO_BOX,
    empty_entry,
    failed,
    make_entry,
    make_marks,
    write_class,
)

from chainrule.cli import main
from chainrule.grading.course import CourseError
from chainrule.grading.journal import FAILED, MISSING, UNREADABLE, Journal
from chainrule.grading.notes import Note
from chainrule.grading.report.survey import address, anchor_of, survey
from chainrule.grading.report.writing import OVERVIEW, write_report, write_reports

LONG = "def double(x):\n" + "".join(
    f"    part{n} = np.roll(x, {n}) * {n + 2} - part{max(0, n - 1)}\n" for n in range(20)
)
HOSTILE = {
    "tag": "<img src=x onerror=alert(1)>",
    "quote": "\"><b onclick='alert(2)'>",
    "jinja": "{{ 7 * 7 }}{% for x in y %}",
    "formula": "=cmd|'/c calc'!A1",
    "space": "ada lovelace #1? 100%&amp;",
    "arabic": "عمر \u202e gnp.exe",
    "other": "李雷",
}
VOID = {"meta", "br", "rect", "line", "img"}


class Elements(HTMLParser):
    """All elements of a page with their attributes, its text, and whether they are nested well."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.text, self.open = [], "", []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def read(path):
    return path.read_text(encoding="utf-8")


def text_of(page):
    """The text of a page, elements apart."""
    body = page[page.index("<body>") :] if "<body>" in page else page
    return " ".join(unescape(re.sub("<[^>]+>", " ", body)).split())


def section(page, heading):
    """The text of the part of a page under one heading."""
    start = page.index(f'id="{heading}"')
    end = re.compile(r"<h2|</main>").search(page, page.index("</h2>", start)).start()
    return text_of(page[page.index(">", start) + 1 : end])


def whole_class(pristine):
    """One of everything."""
    wrong = make_marks(double_hidden=0.0)
    failed(wrong["double-check"], "✗ double: it halves.", mistake="halved")
    odd = make_marks()
    failed(odd["square-check"], "AssertionError: 3 squared is 9", exercise="square")
    notes = [
        Note(
            "edited", "Given cells had been edited; their own text was put back", ["double-check"]
        ),
        Note("suspicious", "The code looks into Python's own workings (f_back)", ["double"]),
        Note("timeout", "Cells ran longer than allowed and were stopped", ["square"]),
        Note("never heard of", "Something that nobody has foreseen"),
    ]
    return [
        make_entry("ada", pristine, answers={"double": LONG}),
        make_entry("ben", pristine, wrong),
        make_entry("cem", pristine, odd, notes=notes),
        make_entry("dot", pristine, answers={"double": LONG.replace("part", "p")}, seconds=2.5),
        empty_entry("eve", pristine, UNREADABLE, "mini.ipynb is cut off"),
        empty_entry("fay", pristine, MISSING, "There is no folder 'mini' in the submission"),
    ]


@pytest.fixture
def course(released, pristine):
    with Gradebook(released.db_url) as book:
        book.add_student("gus")  # on the roster, and no folder
    return write_class(released, whole_class(pristine))


@pytest.fixture
def page(course):
    return read(write_report(course, NAME))


# --- what it says ---------------------------------------------------------------------------------


def test_it_counts_roster_handed_in_graded_missing_and_unreadable(page):
    text = text_of(page)
    for words in (
        "on the roster 7",
        "handed in 5",
        "graded 4",
        "missing 2",
        "unreadable 1",
        "wait for a person 4",
    ):
        assert words in text


def test_who_handed_in_and_is_not_graded_yet_is_there(course):
    (course.submitted / "hal" / NAME).mkdir(parents=True)
    rows = {one.row.student: one.row for one in survey(course, NAME).people}
    assert "not graded yet" in str(rows["hal"].notes[0])
    assert "hal" in text_of(read(write_report(course, NAME)))


def test_it_has_the_figures_of_those_graded(page):
    said = section(page, "points")
    for words in ("Mean 4.5", "Median 5.5", "Most 6", "Least 1", "Full marks 0"):
        assert words in said, said
    assert "Of the 4 submissions that could be graded" in said


def test_the_histogram_has_an_alternative_in_words_and_as_a_table(page):
    elements = Elements(page)
    (chart,) = [one for one in elements.all("svg") if one.get("role") == "img"]
    assert f'<title id="{chart["aria-labelledby"]}">Histogram of the points of 4' in page
    assert "60 to 70 2" in section(page, "points")


def test_exercises_come_hardest_first_and_those_still_waiting_last(page):
    rows = re.findall(r'<th scope="row" role="rowheader">(.*?)</th>', page)
    assert rows[:3] == ["double", "Squares · square", "Squares · why"]


def test_an_exercise_is_judged_by_those_who_have_points_for_it(page):
    said = section(page, "exercises")
    assert "double 3 (75 %) 0 1 " in said
    assert "Squares · square 3 (75 %) 0 1 " in said


def test_it_tells_the_mistakes_their_count_their_words_and_who(course, page):
    said = section(page, "mistakes")
    assert "It halves. 1 student 25 % of those graded double · double: result · halved" in said
    assert "Who (1) ben" in said


def test_it_tells_what_was_not_recognised(page):
    assert "AssertionError: … squared is … 1 student" in section(page, "unnamed")


def test_it_shows_evidence_of_changed_cells_suspicious_code_and_stops(page):
    assert "Given cells edited 1 student" in section(page, "changed")
    assert "cem double-check" in section(page, "changed")
    assert "f_back" in section(page, "suspicious")
    assert "Time was up" in section(page, "stopped")


def test_no_note_is_lost_whatever_its_kind(page):
    assert "Never heard of" in section(page, "files")
    assert "Something that nobody has foreseen" in section(page, "files")
    assert "mini.ipynb is cut off" in section(page, "files")


def test_it_shows_who_wrote_alike_and_that_this_is_no_verdict(page):
    said = section(page, "alike")
    assert "not a verdict" in said
    assert "ada and dot 2 students double: the same for both" in said
    assert "part3 = np.roll" in said


def test_it_says_what_waits_for_a_person_and_whose(page):
    assert "Squares · why (4) ada ben cem dot" in section(page, "waiting")


def test_everybody_has_a_line_with_points_result_and_link(course, page):
    said = section(page, "everybody")
    assert "ada 6 of 10 points … 1 by hand to come feedback" in said
    assert "ben 1 of 10 points … 1 by hand to come lost in double 0/5 feedback" in said
    assert "eve 0 of 10 points ✗ unreadable" in said
    assert "gus 0 of 10 points ✗ missing" in said
    for name in ("ada", "ben", "cem", "dot", "eve", "fay", "gus"):
        assert f'id="{anchor_of(name)}"' in page
        assert name in said


def test_it_says_what_the_class_was_graded_with_and_under(page):
    said = section(page, "run")
    for words in ("numpy 2.0.0", "15 seconds for a cell", "2 GiB of memory", BOX, "0123456789ab"):
        assert words in said
    assert "2026-10-05 12:30" in said
    assert "4.0 s in all" in said


def test_without_a_sandbox_it_says_so_at_the_top_and_only_then(course, pristine, page):
    assert "No sandbox" not in page
    write_class(course, [make_entry("ada", pristine, protection=NO_BOX)])
    page = read(write_report(course, NAME))
    assert "No sandbox. 1 submission of 4 ran without one." in text_of(page)
    assert page.index("No sandbox") < page.index('class="tiles"')


def test_points_given_by_hand_count(course):
    with Gradebook(course.db_url) as book:
        grade = book.find_grade("why", NAME, NAME, "ada")
        grade.manual_score, grade.needs_manual_grade = 4, False
        book.db.commit()
    page = read(write_report(course, NAME))
    assert "ada 10 of 10 points ✓ full marks feedback" in section(page, "everybody")
    assert "Squares · why (3) ben cem dot" in section(page, "waiting")


def test_what_could_not_be_graded_is_told(course, pristine):
    reason = [Note(FAILED, "RuntimeError: no room")]
    write_class(course, [make_entry("ada", pristine, status=FAILED, notes=reason, notebooks={})])
    page = read(write_report(course, NAME))
    assert "RuntimeError: no room" in section(page, "grading")
    assert "ada – of 10 points ✗ not graded" in section(page, "everybody")


# --- what it is made of ---------------------------------------------------------------------------


def test_the_same_journal_and_gradebook_give_the_same_page(course):
    first = write_report(course, NAME).read_bytes()
    shutil.rmtree(course.reports)
    for path in (course.journal / NAME).glob("*.json"):
        os.utime(path, (0, 0))
    assert write_report(course, NAME).read_bytes() == first


def test_a_report_that_is_as_it_should_be_is_not_written_again(course):
    path = write_report(course, NAME)
    os.utime(path, (0, 0))
    write_report(course, NAME)
    assert path.stat().st_mtime == 0


def test_without_a_gradebook_it_is_made_from_the_journal_and_says_so(course):
    course.gradebook.unlink()
    page = read(write_report(course, NAME))
    assert "No gradebook." in text_of(page)
    assert "ada 6 of 10 points" in section(page, "everybody")
    assert not course.gradebook.exists()


def test_who_is_in_the_journal_and_not_in_the_gradebook_is_named(course, pristine):
    Journal(course.journal, NAME).write(make_entry("ghost", pristine))
    page = read(write_report(course, NAME))
    assert "Left out: 1 entry of the journal with no place in the gradebook: ghost." in text_of(
        page
    )
    assert "ghost" not in section(page, "everybody")


def test_a_damaged_entry_is_told_and_stops_nothing(course):
    Journal(course.journal, NAME).path("ben").write_text("{", encoding="utf-8")
    page = read(write_report(course, NAME))
    assert "ben The journal's entry is no use" in section(page, "grading")
    assert "Of 1 submission the journal has no entry" in text_of(page)
    assert "ada 6 of 10 points" in section(page, "everybody")


def test_a_folder_whose_name_is_no_student_has_a_line(course):
    (course.submitted / "what [is] this" / NAME).mkdir(parents=True)
    page = read(write_report(course, NAME))
    assert "what [is] this – of 10 points ✗ not graded" in section(page, "everybody")


def test_a_folder_whose_name_no_student_can_have_is_said(course):
    (course.submitted / " blank").mkdir(parents=True)
    text = text_of(read(write_report(course, NAME)))
    assert "The folder name ' blank' cannot be a student id; rename the folder" in text


def test_a_class_in_which_nobody_has_handed_in_anything_has_a_report(released):
    page = read(write_report(released, NAME))
    Elements(page)
    assert "Nothing has been graded yet." in section(page, "points")


def test_there_is_no_report_on_what_is_not_there(released):
    with pytest.raises(CourseError, match="no problem set 'other'"):
        write_report(released, "other")
    with pytest.raises(CourseError, match="no problem set"):
        write_report(released, f"../release/{NAME}")
    with pytest.raises(CourseError, match="no problem set has been graded yet"):
        write_reports(released)


# --- it is safe and can be read -------------------------------------------------------------------


@pytest.fixture
def hostile(released, pristine):
    """A class whose names, answers, notes and messages would all like to be more than text."""
    entries = []
    for word, name in HOSTILE.items():
        marks = make_marks()
        failed(marks["double-check"], f"{SCRIPT}: {word}\n{name}", mistake="")
        failed(marks["square-check"], f"✗ square: {SCRIPT}", exercise=SCRIPT, mistake=SCRIPT)
        answers = {"double": f"{LONG}    return '{SCRIPT}'", "why": f"{SCRIPT} " * 30}
        notes = [Note("suspicious", f"Says ({SCRIPT})", [SCRIPT]), Note(SCRIPT, SCRIPT)]
        told = {"versions": {SCRIPT: SCRIPT}, "limits": {SCRIPT: 1}, "protection": f"{SCRIPT}: x"}
        entries.append(make_entry(name, pristine, marks, answers, notes=notes, **told))
    return write_class(released, entries)


def test_nothing_of_a_students_comes_alive(hostile):
    for path in write_reports(hostile):
        elements = Elements(read(path))
        allowed = {"html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "h2"}
        allowed |= {"dl", "dt", "dd", "div", "nav", "ul", "li", "small", "main", "section", "h3"}
        allowed |= {"figure", "svg", "rect", "text", "line", "figcaption", "details", "summary"}
        allowed |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "span", "bdi"}
        allowed |= {"code", "pre", "footer", "defs", "pattern", "br"}
        assert {tag for tag, _ in elements.found} <= allowed
        for _, attributes in elements.found:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert "7 * 7" in elements.text


def test_names_stay_what_they_are_and_what_cannot_be_seen_is_written_out(hostile):
    text = text_of(read(write_report(hostile, NAME)))
    for word, name in HOSTILE.items():
        assert (name if word != "arabic" else "عمر ⟨U+202E⟩ gnp.exe") in text


def test_links_to_feedback_lead_to_the_page_whatever_the_name(hostile):
    elements = Elements(read(write_report(hostile, NAME)))
    links = [one["href"] for one in elements.all("a") if one["href"].startswith("../")]
    found = {os.path.normpath(hostile.reports / unquote(link)) for link in links}
    expected = {str(hostile.feedback / name / NAME / f"{NAME}.html") for name in HOSTILE.values()}
    assert found == expected
    assert not any(set(link) & set("<>\"' #?") for link in links)


def test_a_name_that_is_no_text_can_be_linked_to(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    link = address(tmp_path / "reports", tmp_path / "feedback" / name / "x.html")
    assert link == "../feedback/caf%E9/x.html" or os.name == "nt"


def test_the_pages_load_nothing_and_run_nothing(course):
    for path in write_reports(course):
        page = read(path)
        elements = Elements(page)
        assert "default-src 'none'" in elements.all("meta")[1]["content"]
        assert not {"script", "link", "iframe", "img", "object", "form"} & {
            tag for tag, _ in elements.found
        }
        links = [one["href"] for one in elements.all("a")]
        assert not [link for link in links if re.match(r"[a-z]+:|//", link)]
        assert "url(" not in page.replace("url(#hatch)", "")


def test_every_link_inside_leads_somewhere(course):
    pages = {path.name: read(path) for path in write_reports(course)}
    ids = {
        name: {each.get("id") for _, each in Elements(page).found} for name, page in pages.items()
    }
    for name, page in pages.items():
        for link in Elements(page).all("a"):
            target, _, anchor = link["href"].partition("#")
            if not target.startswith(".."):
                assert (target or name) in pages
                assert not anchor or anchor in ids[target or name]
        named = [each["id"] for _, each in Elements(page).found if "id" in each]
        assert len(named) == len(set(named))


def test_headings_are_in_order_and_sections_and_tables_have_names(course):
    for path in write_reports(course):
        page = read(path)
        elements = Elements(page)
        levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = {each.get("id") for _, each in elements.found}
        assert all(one["aria-labelledby"] in ids for one in elements.all("section"))
        assert page.count("<table") == page.count("<caption")
        assert all("scope" in one for one in elements.all("th"))
        tags = {tag for tag, _ in elements.found}
        assert {"header", "main", "footer"} <= tags
        assert elements.all("html") == [{"lang": "en"}]


# --- the overview and the command -----------------------------------------------------------------


def test_the_overview_tells_of_every_set_and_everybody_and_links_to_both(course):
    write_report(course, NAME)
    page = read(course.reports / OVERVIEW)
    assert f'href="{NAME}.html"' in page
    assert f'href="{NAME}.html#{anchor_of("ada")}"' in page
    text = text_of(page)
    assert "Mini 5 (71 %) 4 4.5 5.5 10 4 " in text
    assert "Most frequent mistake : It halves. (1 student)" in text
    assert "eve unreadable" in text


def test_the_overview_keeps_to_what_is_there(course):
    write_report(course, NAME)
    (course.reports / ".overview" / f"{NAME}.json").write_text("[1]", encoding="utf-8")
    (course.reports / ".overview" / "other.json").write_text("{}", encoding="utf-8")
    from chainrule.grading.report.writing import write_overview

    assert "No problem set has a report yet." in read(write_overview(course))


def test_the_command_writes_one_report_or_all_and_says_where(course, capsys):
    assert main(["--course", str(course.root), "report", NAME]) == 0
    assert capsys.readouterr().out.split() == ["Report:", os.path.join("reports", f"{NAME}.html")]
    shutil.rmtree(course.reports)
    assert main(["--course", str(course.root), "report"]) == 0
    assert OVERVIEW in capsys.readouterr().out
    assert (course.reports / f"{NAME}.html").is_file()


def test_the_command_names_an_unknown_problem_set(course, capsys):
    assert main(["--course", str(course.root), "report", "other"]) == 2
    assert "no problem set 'other'" in capsys.readouterr().err


def test_nothing_of_an_entry_is_kept_but_what_is_shown(course):
    found = survey(course, NAME)
    assert all(person.row.cells == {} for person in found.people)
