"""A roster is changed cell by cell; every other byte stays."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.grading.course import CourseError
from chainrule.grading.exports.roster import read_roster


def roster(tmp_path, content, encoding=""):
    path = tmp_path / "roster.csv"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return read_roster(path, encoding)


ODD = (
    'Name,"Login ID",Points\r\n'
    '"Müller, ""Mü"" Änne" ,am1,"3"\n'
    "\r\n"
    ',,,,\r\n=HYPERLINK("x"),zz9,\r\n'
    '"two\r\nlines",b2,4'
)


def test_unchanged_it_is_the_same_bytes(tmp_path):
    assert roster(tmp_path, ODD).content() == ODD.encode("utf-8")


def test_a_changed_cell_changes_nothing_else(tmp_path):
    read = roster(tmp_path, ODD)
    assert read.header == ["Name", "Login ID", "Points"]
    for line in read.lines:
        if not line.is_blank:
            read.put(line, 2, "7.5")
    expected = ODD.replace('"3"', '"7.5"').replace("zz9,", "zz9,7.5").replace("b2,4", "b2,7.5")
    assert read.content() == expected.encode("utf-8")


def test_lines_are_numbered_as_an_editor_does(tmp_path):
    read = roster(tmp_path, 'a,b\n"x\ny",1\nz,2\n')
    assert [line.number for line in read.lines] == [2, 4]


def test_a_line_that_ends_early_grows(tmp_path):
    read = roster(tmp_path, "a;b;c\r\nanna\r\nbert;1;2\r\n")
    read.put(read.lines[0], 2, "5")
    assert read.content() == b"a;b;c\r\nanna;;5\r\nbert;1;2\r\n"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path, mark):
    text = mark.join(["Name", "Mail: private", "Points (a;b)" if mark != ";" else "P"]) + "\n"
    read = roster(tmp_path, text)
    assert (read.delimiter, len(read.header)) == (mark, 3)


def test_a_colon_is_a_delimiter_where_there_is_no_other(tmp_path):
    assert roster(tmp_path, "Name:Grade\nanna:1\n").header == ["Name", "Grade"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + "Name,P\nÄnne,1\n".encode(),
        b"\xff\xfe" + "Name,P\nÄnne,1\n".encode("utf-16-le"),
        b"\xfe\xff" + "Name,P\nÄnne,1\n".encode("utf-16-be"),
        "Name,P\nÄnne,1\n".encode("cp1252"),
    ],
)
def test_encoding_and_byte_order_mark_stay(tmp_path, content):
    read = roster(tmp_path, content)
    assert read.header == ["Name", "P"]
    assert read.lines[0].get(0) == "Änne"
    assert read.content() == content
    read.put(read.lines[0], 1, "2")
    assert read.content() != content
    assert len(read.content()) == len(content)


def test_an_encoding_can_be_named(tmp_path):
    content = "Name,P\nŁukasz,1\n".encode("iso8859-2")
    assert roster(tmp_path, content, "iso8859-2").lines[0].get(0) == "Łukasz"


@pytest.mark.parametrize(
    ("content", "encoding", "says"),
    [
        (b"", "", "is empty"),
        (b"PK\x03\x04\0\0", "", "is no CSV file"),
        (b"Name\nanna\n", "", "one column only, 'Name'"),
        (b'a,b\n"anna,1\n', "", "a quote in line 2 is never closed"),
        (b"a,\x81\n", "", "is not in utf-8 or cp1252"),
        (b"a,b\n", "klingon", "there is no encoding 'klingon'"),
    ],
)
def test_what_is_no_roster_is_refused_with_the_reason(tmp_path, content, encoding, says):
    with pytest.raises(CourseError, match=says):
        roster(tmp_path, content, encoding)


def test_a_missing_roster_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"could not read the roster .*none\.csv: No such file"):
        read_roster(tmp_path / "none.csv")


CELLS = st.lists(
    st.lists(st.text(st.sampled_from('ab ü",;\n='), max_size=5), min_size=2, max_size=4),
    min_size=1,
    max_size=5,
)


@given(CELLS, st.sampled_from(["\r\n", "\n"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_it_reads_what_the_csv_module_writes(tmp_path_factory, table, end, quoting):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows([["h,x", "i;"], *table])
    path = tmp_path_factory.mktemp("csv") / "roster.csv"
    path.write_bytes(text.getvalue().encode("utf-8"))
    read = read_roster(path)
    assert [[cell.value for cell in line.cells] for line in read.lines] == table
    assert read.content() == path.read_bytes()
