"""Reading a notebook: what the rules of lectures look at."""

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def code(notebook):
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [(source, ast.parse(source)) for source in sources]


def outputs(notebook):
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


def output_text(notebook):
    texts = [
        o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs(notebook)
    ]
    return "\n".join(texts)


def headings(notebook):
    text = "\n\n".join(without_code(text, spans=False) for text in prose(notebook))
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)]


def sections(notebook):
    """The numbers of its sections: 3 for '## 3. Measuring'."""
    return {int(n) for _, title in headings(notebook) for n in re.findall(r"^(\d+)\. ", title)}


@cache
def sections_of_lecture(number):
    """Those of the lecture that begins with a number, or None where it is not there."""
    for path in NOTEBOOKS.glob(f"{number:02}_*.ipynb"):
        return sections(nbformat.read(path, as_version=4))
    return None


def pictures(notebook):
    """The pages of HTML that it shows, and its Markdown, which may hold pictures too."""
    return prose(notebook) + [o.get("data", {}).get("text/html", "") for o in outputs(notebook)]


def before_references(notebook):
    """Its Markdown up to the references, which quote titles and point into other books."""
    return "\n\n".join(prose(notebook)).partition("\n## References")[0]


def without_code(text, spans=True):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", text) if spans else text


def first_line(source):
    return source.split("\n", 1)[0][:60]


def images(page):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag == "img":
                found.append(dict(attributes))

    Reader().feed(page)
    return found


def definitions(tree):
    """The functions and classes defined at the top of a module or cell, without docstrings."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner):
                    del inner.body[0]
            found[node.name] = ast.dump(node)
    return found
