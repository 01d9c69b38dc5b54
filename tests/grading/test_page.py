"""The feedback page says what a student needs, and nothing of theirs comes alive in it."""

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from classroom import CANARIES, OWN, source_notebook
from hostile_page import SCRIPT, card, encoded, hostile_notebook, png
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.utils import compute_checksum

from chainrule.checks.message import Message
from chainrule.grading.notes import Note, add_notes
from chainrule.grading.page import Mark, feedback_page
from chainrule.grading.pictures import MAX_SIDE, read_picture
from chainrule.grading.plaintext import excerpt, one_line, visible
from chainrule.grading.prose import TAGS, as_html

BOX = "Students' code ran in a sandbox: without network, without files of this machine."
NO_BOX = "none: a Jupyter kernel with time limits; the code can do what the instructor can"
MARKS = {
    "double-check": Mark(2.0, 2.0),
    "double-hidden": Mark(1.5, 3.0),
    "square-check": Mark(0.0, 1.0),
    "why": Mark(None, 4.0, waiting=True),
}


def page_of(nb, marks=MARKS, **names):
    told = {"student": "ada", "assignment": "mini", "title": "mini", "box": BOX} | names
    return feedback_page(nb, marks, **told)


class Elements(HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def solved():
    nb = source_notebook()
    cells = {cell.id: cell for cell in nb.cells}
    cells["double"].source = "def double(x):\n    return x + x"
    cells["double-check"].outputs = [card(Message("✓", "double: right for all cases."))]
    cells["double-hidden"].outputs = [
        card(
            Message(
                "◐",
                "double: 1 of 2 hidden checks passed.",
                ("Look at the sign.",),
                (("a tall batch", "has wrong values"),),
                "lecture 3",
            )
        ),
        new_output("execute_result", {"text/plain": "1.5"}),
    ]
    cells["square-check"].outputs = [
        new_output(
            "error",
            ename="AssertionError",
            evalue="three squared is nine",
            traceback=["\x1b[31mAssertionError\x1b[0m: three squared is nine"],
        )
    ]
    cells["why"].source = "Because of **bold** reasons: $x^2$."
    return nb


# --- what it says ---------------------------------------------------------------------------------


def test_it_has_the_points_of_all_and_what_waits_for_a_person():
    text = " ".join(Elements(page_of(solved())).text.split())
    assert "Mini for ada 3.5 of 10 points so far" in text
    assert "Still to be graded by a person Squares · why" in text


def test_the_table_has_a_line_for_every_exercise_with_result_points_and_link():
    page = page_of(solved())
    table = page[page.index('<table class="summary"') : page.index("</table>")]
    rows = table.split('<tr role="row">')[2:]
    assert [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows] == [
        "double ◐ passed in part 3.5 of 5",
        "Squares · square ✗ not passed 0 of 1",
        "Squares · why … waits for a person – of 4",
    ]
    anchors = re.findall('href="#(exercise-[0-9]+)"', table)
    assert len(anchors) == 3
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_a_hidden_check_tells_its_hint_and_message_and_none_of_its_code():
    nb = solved()
    page = page_of(nb)
    text = Elements(page).text
    assert "More checks run when your work is graded." in text
    assert "1 of 2 hidden checks passed." in text
    assert "has wrong values" in text
    assert "Reread: lecture 3" in text
    assert not [word for word in CANARIES if word in page]
    assert "BEGIN HIDDEN TESTS" in nb.cells[4].source, "the notebook itself must stay as it is"


def test_a_failed_assert_tells_its_text_and_what_it_ran():
    text = Elements(page_of(solved())).text
    assert "AssertionError: three squared is nine" in text
    assert "assert square(3) == 9" in text


def test_answers_and_written_ones_are_shown():
    page = page_of(solved())
    assert "return x + x" in page
    assert "<strong>bold</strong> reasons: <code>$x^2$</code>" in page


def test_comments_of_the_grader_are_shown_wherever_they_stand():
    nb = solved()
    nb.cells[2].metadata.nbgrader["comment"] = "Nicely *done*."
    page = page_of(nb, MARKS | {"why": Mark(3.0, 4.0, comment="Say why two.")})
    assert "Nicely <em>done</em>." in page
    assert "Say why two." in page
    assert page.count("Comment of the grader") == 2


def test_an_untouched_answer_is_called_so():
    nb = solved()
    nb.cells[8].metadata.nbgrader["checksum"] = compute_checksum(nb.cells[8])
    page = page_of(nb, MARKS | {"why": Mark(0.0, 4.0, comment="No response.")})
    assert "This answer is as it was handed out." in page
    assert "No response." not in page


def test_notes_from_grading_stand_at_the_top():
    nb = solved()
    add_notes(nb, [Note("deleted", "Cells had been deleted; they were put back", ["double"])])
    page = page_of(nb)
    note = "<li>Cells had been deleted; they were put back: double</li>"
    assert page.index(note) < page.index('<table class="summary"')
    assert page.count("put back") == 1


def test_own_cells_are_shown_apart_from_the_exercises():
    nb = solved()
    nb.cells.insert(3, new_code_cell("mine = 1", id="own-1", metadata=OWN))
    nb.cells[3].outputs = [new_output("stream", name="stdout", text="my print")]
    page = page_of(nb)
    assert page.index("Your other cells") < page.index("mine = 1") < page.index("my print")


@pytest.mark.parametrize("box", [NO_BOX, "Students' code ran WITHOUT a sandbox.", ""])
def test_without_a_sandbox_the_page_says_so_at_the_top(box):
    page = page_of(solved(), box=box)
    assert page.index("No sandbox.") < page.index('id="exercises"')


def test_with_a_sandbox_there_is_no_warning():
    page = page_of(solved())
    assert "No sandbox." not in page
    assert "ran in a sandbox" in page


def test_a_cell_without_a_mark_has_no_points_yet():
    assert "no points yet" in page_of(solved(), {})


def test_points_that_a_person_will_look_at_again_are_said_to_be_so():
    again = MARKS | {"why": Mark(3.0, 4.0, waiting=True)}
    assert "A person will look at this answer again." in page_of(solved(), again)


def test_the_same_input_gives_the_same_page():
    assert page_of(hostile_notebook()) == page_of(hostile_notebook())


# --- what it must not do --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile():
    name = f"{SCRIPT}\u202e'\"onload=EVIL_ALERT(0)"
    marks = MARKS | {"why": Mark(1.0, 4.0, comment=f"{SCRIPT} [x](javascript:EVIL_ALERT(1))")}
    return page_of(hostile_notebook(), marks, student=name, assignment=name, title=name)


def test_nothing_in_a_hostile_page_can_run_or_load(hostile):
    page = Elements(hostile)
    forbidden = {"script", "iframe", "object", "embed", "svg", "link", "base", "form", "math"}
    assert not forbidden & {tag for tag, _ in page.found}
    for tag, attributes in page.found:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            assert name != "style", f"<{tag} style>"
            if name in ("href", "src", "action", "srcset", "data", "formaction"):
                assert re.match(r"#[\w-]+$|data:image/(png|jpeg);base64,[\w+/=]+$", value)
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert [each["href"] for each in page.all("a") if not each["href"].startswith("#")] == []


def test_the_parser_of_browsers_finds_nothing_either(hostile):
    html5lib = pytest.importorskip("bleach._vendor.html5lib")
    tree = html5lib.parse(hostile, namespaceHTMLElements=False)
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert tags <= TAGS | {
        *("html", "head", "body", "meta", "title", "style", "header", "main", "section", "footer"),
        *("aside", "div", "span", "h1", "h2", "h3", "a", "bdi", "small", "progress", "img"),
        *("details", "summary"),
    }
    assert len(list(tree.iter("style"))) == 1
    for element in tree.iter():
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]


def test_the_policy_allows_the_style_of_the_page_and_pictures_in_it(hostile):
    (style,) = re.findall("<style>(.*?)</style>", hostile, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (meta["content"] for meta in Elements(hostile).all("meta") if "http-equiv" in meta)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_a_hostile_page_gives_no_hidden_check_away(hostile):
    assert not re.findall("LEAK_[A-Z]", hostile)
    assert not [word for word in CANARIES[:3] if word in hostile]


def test_what_turns_text_around_is_written_out(hostile):
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200f\x00-\x08\x1b]", hostile)
    assert not re.search("&#(x202e|8238)|&rlm;", hostile, re.IGNORECASE)
    assert "⟨U+202E⟩" in hostile


def test_a_card_in_an_own_cell_stays_text(hostile):
    others = hostile[hostile.index('id="others"') :]
    assert "✓ fake: all hidden checks passed." in others
    assert 'class="card' not in others


def test_a_hostile_page_stays_small(hostile):
    assert len(hostile) < 600_000
    assert max(map(len, hostile.splitlines())) < 10_000
    assert "characters in all, most of them not shown" in hostile
    assert "more outputs are not shown" in hostile
    assert "more cells are not shown" in hostile


def test_a_real_picture_is_shown_with_its_size_and_others_are_not(hostile):
    (picture,) = Elements(hostile).all("img")
    assert (picture["width"], picture["height"]) == ("3", "2")
    assert picture["alt"]


def test_a_page_takes_little_time():
    nb = solved()
    page_of(nb)
    began = time.process_time()
    for _ in range(10):
        page_of(nb)
    assert (time.process_time() - began) / 10 < 0.03


# --- for everybody --------------------------------------------------------------------------------


def test_the_page_has_what_people_with_aids_need(hostile):
    for page in (Elements(hostile), Elements(page_of(solved()))):
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("h1")) == 1
        levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch("h[1-6]", tag)]
        assert all(low - high <= 1 for high, low in pairwise(levels))
        assert all("scope" in header for header in page.all("th") if "role" in header)
        ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert all(each["href"][1:] in ids for each in page.all("a"))
        skip = page.all("a")[0]
        assert skip == {"class": "skip", "href": "#exercises"}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_has_enough_contrast_light_dark_and_printed():
    css = Path("chainrule/grading/templates/page.css")
    css = (Path(__file__).parents[2] / css).read_text(encoding="utf-8")
    palettes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    assert len(palettes) == 3
    for palette in palettes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", palette))
        pairs = [(ink, back) for ink in ("ink", "soft", "link") for back in ("paper", "shade")]
        for kind in ("right", "partly", "wrong", "waits"):
            pairs += [(kind, "shade"), (kind, "paper"), (kind, f"{kind}-shade")]
            pairs += [("ink", f"{kind}-shade")]
        for ink, back in pairs:
            low, high = sorted((luminance(colours[ink]), luminance(colours[back])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {back}"


# --- its parts ------------------------------------------------------------------------------------


def test_an_excerpt_keeps_beginning_and_end():
    shown = excerpt("\n".join(map(str, range(1000))), lines=9).split("\n")
    assert shown == [*map(str, range(6)), "… 991 of 1,000 lines not shown …", "997", "998", "999"]
    assert excerpt("short\n") == "short"
    assert excerpt("x" * 500) == "x" * 400 + " … 100 more characters"
    assert "9,880 of 10,000 lines not shown" in excerpt("line\n" * 10_000)
    assert len(excerpt("y" * 10**7)) < 2000
    assert len(excerpt("word\n" * 10**6, lines=10**6)) <= 20_100


def test_what_is_printed_bit_by_bit_is_shown_in_one_piece():
    nb = solved()
    nb.cells[2].outputs = [new_output("stream", name="stdout", text=f"{n} ") for n in range(30)]
    assert " ".join(map(str, range(30))) in page_of(nb)


def test_names_are_made_one_line():
    assert one_line("a\n  b\t\u202ec") == "a b ⟨U+202E⟩c"
    assert len(one_line("x" * 10**6)) < 130
    assert visible("a\u0301" + "\u0301" * 50) == "a" + "\u0301" * 4


def test_a_picture_is_looked_at_before_it_is_believed():
    assert read_picture("image/png", encoded(png())).width == 3
    jpeg = bytes.fromhex("ffd8ffe00004 0000 ffc0000b08 0005 0007 0100".replace(" ", ""))
    picture = read_picture("image/jpeg", encoded(jpeg))
    assert (picture.width, picture.height) == (7, 5)
    assert read_picture("image/jpeg", encoded(png())) is None
    assert read_picture("image/png", encoded(png(MAX_SIDE + 1, 1))) is None
    assert read_picture("image/png", encoded(png(0, 5))) is None
    assert read_picture("image/png", encoded(png()) + "\"'") is None
    assert read_picture("image/png", encoded(png() + bytes(2_000_000))) is None


@pytest.mark.parametrize(
    "odd", ["[" * 7000, "*a " * 2000, "\\begin{a}" * 800, "> " * 3000, "<" * 7000, "![a](" * 1500]
)
def test_odd_markdown_takes_no_time_to_speak_of(odd):
    began = time.process_time()
    as_html(odd)
    assert time.process_time() - began < 2


def test_long_markdown_is_shown_as_it_is():
    assert as_html("**a** " * 5000).startswith("<pre>**a** ")


def test_markdown_with_two_formulas_keeps_what_is_between_them():
    assert as_html("$a_1$ and $b_1$ _c_") == (
        "<p><code>$a_1$</code> and <code>$b_1$</code> <em>c</em></p>\n"
    )


def test_a_markdown_cell_may_stand_where_an_answer_was_code():
    nb = solved()
    nb.cells[2] = new_markdown_cell("words", metadata=nb.cells[2].metadata, id="double")
    assert "words" in page_of(nbformat.from_dict(nb))
