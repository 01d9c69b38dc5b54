"""What may lie in a folder instead of a notebook, or beside it."""

import contextlib
import json
import os
import socket

from case import Group, Notebook
from setting import NAME

CASES = Group("files")
FILE = f"{NAME}.ipynb"
UNREADABLE = {"status": "unreadable", "flags": ("unreadable",)}
EITHER = {"status": "unreadable", "flags": ("unreadable",), "may": ("extra", "large")}


def solved(name, **more):
    """Of what is done to a folder with a solved notebook."""

    def add(change):
        def make(folder, pristine):
            Notebook(pristine).solve().save(folder)
            change(folder, folder / FILE)

        CASES.case(name, make, **more)

    return add


def bare(name, **more):
    """Of what is done to an empty folder."""

    def add(change):
        def make(folder, pristine):
            folder.mkdir(parents=True)
            change(folder, folder / FILE)

        CASES.case(name, make, **more)

    return add


CASES.case(
    "no folder",
    lambda folder, pristine: folder.parent.mkdir(),
    status="missing",
    flags=("missing",),
)
bare("empty folder", **UNREADABLE)(lambda folder, path: None)
CASES.case(
    "a file instead of the folder",
    lambda folder, pristine: (folder.parent.mkdir(), folder.write_text("here")),
    status="unreadable",
    may=("missing", "unreadable"),
)
CASES.file("empty", "", **UNREADABLE)
CASES.file("blanks only", " \n\n", **UNREADABLE)
CASES.file("not JSON", "print('hello')", **UNREADABLE)
CASES.file("PDF", b"%PDF-1.7 ...", **UNREADABLE)
CASES.file("ZIP", b"PK\x03\x04....", **UNREADABLE)
CASES.file("HTML", "<!doctype html><html></html>", **UNREADABLE)
CASES.file("a list", "[1, 2, 3]", **UNREADABLE)
CASES.file("no cells", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', **UNREADABLE)
CASES.file("zero cells", '{"nbformat": 4, "cells": [], "metadata": {}}', **UNREADABLE)
CASES.file("cells of the wrong type", '{"nbformat": 4, "cells": [1, null, "a", []]}', **UNREADABLE)
CASES.file("nested deep", "[" * 100_000 + "]" * 100_000, **UNREADABLE)
CASES.file(
    "nested deep in a cell",
    '{"nbformat":4,"cells":[{"metadata":' + '{"a":' * 5000 + "1" + "}" * 5001 + "]}",
    **UNREADABLE,
)
CASES.file("binary", bytes(range(256)) * 50, **UNREADABLE)
CASES.file("Latin-1", '{"cells": [{"source": "é"}]}'.encode("latin-1"), **UNREADABLE)
CASES.file("not a number", '{"nbformat": NaN, "cells": Infinity}', **UNREADABLE)
CASES.file("huge number", '{"nbformat": ' + "9" * 5000 + ', "cells": []}', **UNREADABLE)
_CELL = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}
_OTHER = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [_CELL]}
CASES.file("another notebook", json.dumps(_OTHER), **UNREADABLE)


@solved("cut off", **UNREADABLE)
def cut_off(folder, path):
    path.write_bytes(path.read_bytes()[:-400])


@solved("format of the future")
def future(folder, path):
    nb = json.loads(path.read_text())
    nb.update(nbformat=99, nbformat_minor=0)
    path.write_text(json.dumps(nb))


@solved("huge", **EITHER)
def huge(folder, path):
    with path.open("ab") as file:
        for _ in range(60):
            file.write(b" " * 1_000_000)


@solved("sparse", **EITHER)
def sparse(folder, path):
    os.truncate(path, 50_000_000_000)


@solved("renamed", flags=("renamed",))
def renamed(folder, path):
    path.rename(folder / "my work.ipynb")


@solved("downloaded twice", flags=("renamed",))
def downloaded_twice(folder, path):
    path.rename(folder / f"{NAME} (1).ipynb")


@solved("two notebooks", flags=("extra",))
def two_notebooks(folder, path):
    (folder / f"{NAME} (1).ipynb").write_bytes(path.read_bytes())


@solved("two unknown notebooks", flags=("renamed", "extra"))
def two_unknown(folder, path):
    (folder / "a.ipynb").write_bytes(path.read_bytes())
    path.rename(folder / "b.ipynb")


@solved("odd names", flags=("renamed",))
def odd_names(folder, path):
    path.rename(folder / "=1+1\n*?[a]{x}$(id)<b>.ipynb")


@bare("a folder of the notebook's name", **EITHER)
def folder_instead(folder, path):
    path.mkdir()


@bare("link to the source", **EITHER)
def link_to_source(folder, path):
    path.symlink_to(folder.parents[2] / "source" / NAME / FILE)


@bare("link to a classmate", **EITHER)
def link_to_classmate(folder, path):
    path.symlink_to(folder.parents[1] / "sentinel_0" / NAME / FILE)


@bare("link to itself", **EITHER)
def link_to_itself(folder, path):
    path.symlink_to(path)


@bare("link to nothing", **EITHER)
def link_to_nothing(folder, path):
    path.symlink_to("/nowhere/at/all")


@bare("link to a device", **EITHER)
def link_to_device(folder, path):
    path.symlink_to("/dev/zero")


@bare("hard link to the source", **EITHER)
def hard_link(folder, path):
    path.hardlink_to(folder.parents[2] / "source" / NAME / FILE)


@bare("FIFO", **EITHER)
def fifo(folder, path):
    os.mkfifo(path)


@bare("socket", **EITHER)
def unix_socket(folder, path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock, contextlib.chdir(folder):
        sock.bind(FILE)


def _linked_folder(target):
    def make(folder, pristine):
        folder.parent.mkdir()
        folder.symlink_to(target(folder))

    return make


for _name, _target in [
    ("folder is a link to the source", lambda folder: folder.parents[2] / "source" / NAME),
    ("folder is a link to a classmate", lambda folder: folder.parents[1] / "sentinel_0" / NAME),
    ("folder is a link to the root", lambda folder: "/"),
    ("folder is a link to itself", lambda folder: folder),
]:
    CASES.case(
        _name,
        _linked_folder(_target),
        status="unreadable",
        may=("missing", "unreadable", "extra", "large"),
    )


@solved("links beside", may=("extra", "links", "large"))
def links_beside(folder, path):
    (folder / "mistakes").symlink_to(folder.parents[2] / "source" / NAME / "mistakes")
    (folder / "loop").symlink_to(folder)
    (folder / "tree.txt").symlink_to(folder.parents[2] / "for_graders.txt")
    (folder / "book.db").symlink_to(folder.parents[2] / "gradebook.db")
    os.mkfifo(folder / "pipe.txt")


CASES.answers(
    "reads what its links lead to",
    own=[("given", "import glob\nfor p in glob.glob('**', recursive=True): print(p)")],
)


@solved("huge file beside", may=("large",))
def huge_beside(folder, path):
    (folder / "data.bin").touch()
    os.truncate(folder / "data.bin", 20_000_000_000)


@solved("thousands of files beside", may=("large", "extra"), seconds=15.0)
def thousands_beside(folder, path):
    for number in range(6000):
        (folder / f"file{number}.txt").write_text("x")


@solved("folders in folders", may=("large", "extra"))
def deep_beside(folder, path):
    here = folder
    for _ in range(150):
        here = here / "deeper"
        here.mkdir()
    (here / "x.txt").write_text("x")


SHADOW = """
raise SystemExit("PWNED")
"""


@solved("files that shadow modules", may=("shadows", "suspicious"))
def shadows(folder, path):
    for name in ("numpy", "json", "os", "random", "sitecustomize", "usercustomize", "abc", "re"):
        (folder / f"{name}.py").write_text(SHADOW)
    for name in ("chainrule", "IPython", "matplotlib"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(SHADOW)


def _blank_with(files, name, **more):
    def make(folder, pristine):
        Notebook(pristine).save(folder)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)

    CASES.case(
        name, make, dict.fromkeys(("tanh", "softmax", "slope", "describe", "why"), 0.0), **more
    )


_blank_with(
    {"numpy.py": "def __getattr__(name): return lambda *a, **k: True"},
    "a numpy of one's own",
    may=("shadows",),
)
_blank_with({"checks.json": "{}"}, "checks.json replaced", flags=("replaced",))
_blank_with(
    {
        "nbgrader_config.py": "open('@DROP@/config', 'w')",
        "conftest.py": "open('@DROP@/conftest', 'w')",
        "gradebook.db": "",
        "jupyter_config.py": "open('@DROP@/jupyter', 'w')",
        "mistakes/__init__.py": "open('@DROP@/bank', 'w')",
    },
    "configuration beside",
    may=("shadows", "extra"),
)


@solved("timestamp that is none", flags=("timestamp",))
def bad_timestamp(folder, path):
    (folder / "timestamp.txt").write_bytes(b"\xff\xfe yesterday")


@solved("timestamp of the future", flags=("timestamp",))
def future_timestamp(folder, path):
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 UTC")


@solved("timestamp is a link", may=("timestamp",))
def linked_timestamp(folder, path):
    (folder / "timestamp.txt").symlink_to(folder.parents[2] / "for_graders.txt")


@solved("timestamp is a pipe", may=("timestamp",))
def piped_timestamp(folder, path):
    os.mkfifo(folder / "timestamp.txt")


def _with_cells(change, name, **more):
    """A notebook whose JSON is changed as plain data."""

    @solved(name, **more)
    def edit(folder, path):
        nb = json.loads(path.read_text())
        change(nb)
        path.write_text(json.dumps(nb))


def _odd_cells(nb):
    nb["cells"] += [None, 3, [], {}, {"cell_type": "code"}, {"cell_type": 7, "source": 7}]
    nb["cells"] += [{"cell_type": "code", "source": [1, None, "x = 1"], "metadata": [], "id": {}}]


def _odd_text(nb):
    nb["cells"].insert(2, {"cell_type": "code", "source": "'\ud800'\n'\0'", "metadata": {}})
    nb["cells"].insert(2, {"cell_type": "markdown", "source": "\udfff \0 \x1b[31m", "metadata": {}})


_with_cells(_odd_cells, "odd cells")
_with_cells(_odd_text, "half characters and NUL")
_with_cells(lambda nb: nb.update(metadata=[1, 2]), "metadata is a list")
_with_cells(lambda nb: nb.pop("metadata"), "no metadata")
_with_cells(lambda nb: nb.update(nbformat="four"), "format is a word")


@solved("keys twice")
def keys_twice(folder, path):
    path.write_text(path.read_text().replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4', 1))


for _student in ("new\nline", "tab\there", "glob*", "[abc]", " blank"):
    CASES.answers(
        f"student called {_student!r}", student=_student, status="not graded", flags=("not graded",)
    )
