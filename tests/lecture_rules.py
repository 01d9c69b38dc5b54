"""What every lecture must keep. A rule takes a notebook and returns what is wrong, in sentences."""

import ast
import re
import statistics
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
GOALS = "What you will be able to do"
CLOSING = ["Where people go wrong", "Summary", "What comes next", "References"]
# What of numpy.random keeps no state of its own.
GENERATORS = {"default_rng", "Generator", "SeedSequence", "PCG64", "RandomState"}


# --- structure ------------------------------------------------------------------------------------


def it_opens_with_a_title_and_the_goals(notebook):
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not Markdown that starts with '# title'"
    titles = [text for level, text in headings(notebook) if level == 1]
    if len(titles) != 1:
        yield f"there must be one title, found {titles}"
    before_code = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            break
        before_code.append(cell.source)
    goals = "\n".join(before_code).partition(f"## {GOALS}\n")[2].partition("\n#")[0]
    if len(re.findall(r"^- ", goals, re.MULTILINE)) < 3:
        yield f"'## {GOALS}' must come before the first code and list at least three goals"


def it_closes_with_mistakes_summary_outlook_and_references(notebook):
    titles = [text for level, text in headings(notebook) if level == 2]
    if titles[-len(CLOSING) :] != CLOSING:
        yield f"the last headings must be {CLOSING}, are {titles[-len(CLOSING) :]}"
    summary = "\n".join(prose(notebook)).partition("## Summary\n")[2].partition("\n#")[0]
    if not re.search(r"^\|[ :|-]+\|$", summary, re.MULTILINE):
        yield "the summary has no table"


def its_heading_levels_do_not_skip(notebook):
    levels = [0] + [level for level, _ in headings(notebook)]
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"


def it_asks_the_reader_to_predict(notebook):
    asked = [part for text in prose(notebook) for part in text.split("Pause and predict")[1:]]
    if len(asked) < 2:
        yield f"there must be at least two 'Pause and predict', found {len(asked)}"
    for text in asked:
        if not re.search(r"<details>\n<summary>.+</summary>\n\n.+\n\n</details>", text, re.DOTALL):
            yield f"no collapsed answer, with blank lines around it, after: {text.strip()[:60]}"


def its_code_cells_are_short(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lengths = [len(source.splitlines()) for source in cells]
    if statistics.median(lengths) > 12:
        yield f"the median code cell has {statistics.median(lengths)} lines, more than 12"
    for source, length in zip(cells, lengths, strict=True):
        classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
        if length > 30 and len(classes) != 1:
            yield f"{length} lines, more than 30, and not one class: {first_line(source)}"


def its_code_cells_follow_prose(notebook):
    for before, cell in zip([None, *notebook.cells], notebook.cells, strict=False):
        if cell.cell_type == "code" and (before is None or before.cell_type != "markdown"):
            yield f"no prose before: {first_line(cell.source)}"


# --- text -----------------------------------------------------------------------------------------


def its_formulas_are_balanced(notebook):
    for text in prose(notebook):
        bare = without_code(text).replace(r"\$", "")
        blocks = bare.split("$$")
        if len(blocks) % 2 == 0:
            yield f"'$$' opened and not closed: {text[:60]}"
            continue
        inline = [part for outside in blocks[::2] for part in outside.split("\n\n")]
        for paragraph in inline:
            if paragraph.count("$") % 2:
                yield f"'$' opened and not closed: {paragraph.strip()[:60]}"
        for formula in blocks[1::2] + [f for part in inline for f in part.split("$")[1::2]]:
            yield from _unbalanced(formula)
        for block in blocks[1::2]:
            if re.search(r"\n\s*\n", block.strip()):
                yield f"a blank line ends the formula early: {block.strip()[:60]}"
            if re.search(r"^([-+*]|\d+[.)]) ", block, re.MULTILINE):
                yield f"a line of the formula reads as a list: {block.strip()[:60]}"


def _unbalanced(formula):
    plain = formula.replace(r"\{", "").replace(r"\}", "")
    if plain.count("{") != plain.count("}"):
        yield f"braces do not match: {formula.strip()[:60]}"
    if len(re.findall(r"\\left\b", plain)) != len(re.findall(r"\\right\b", plain)):
        yield rf"\left and \right do not match: {formula.strip()[:60]}"
    if re.findall(r"\\begin(\{.*?\})", formula) != re.findall(r"\\end(\{.*?\})", formula)[::-1]:
        yield rf"\begin and \end do not match: {formula.strip()[:60]}"


def its_wrapped_lines_are_no_lists(notebook):
    """A paragraph whose next line happens to start with '1. ' or '- ' turns into a list."""
    for text in prose(notebook):
        before, inside = "", False
        for line in re.sub(r"\$\$.*?\$\$", "", without_code(text), flags=re.DOTALL).splitlines():
            item = re.match(r"([-+*]|\d+[.)]) ", line)
            if item and before.strip() and not inside and not before.startswith(("#", "<")):
                yield f"this line reads as a list: {line[:60]}"
            inside = bool(item) or (inside and line.strip() != "")
            before = line


def its_links_lead_somewhere(notebook):
    anchors = {text.replace(" ", "-") for _, text in headings(notebook)}
    for text in prose(notebook):
        links = re.findall(r"\]\(<?([^)>\s]+)>?[^)]*\)", without_code(text))
        for link in links + re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"(https?|mailto|data):", link):
                continue
            if target and not (NOTEBOOKS / target).exists():
                yield f"nothing is at {link}"
            if not target and anchor not in anchors:
                yield f"no heading for {link}"


def it_is_finished(notebook):
    for cell in notebook.cells:
        for word in re.findall(r"\b(TODO|FIXME|XXX|TBD)\b", cell.source):
            yield f"{word} in: {first_line(cell.source)}"


# --- code and outputs -----------------------------------------------------------------------------


def it_leaves_the_global_random_state_alone(notebook):
    for source, tree in code(notebook):
        for node in ast.walk(tree):
            name = ""
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                if owner in {"np.random", "numpy.random"} and node.attr not in GENERATORS:
                    name = f"{owner}.{node.attr}"
            elif isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
                name = next((f"numpy.random.{a.name}" for a in node.names), "")
                name = "" if {a.name for a in node.names} <= GENERATORS else name
            elif isinstance(node, ast.Import | ast.ImportFrom):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if "random" in [*modules, getattr(node, "module", "")]:
                    name = "the random module"
            if name:
                yield f"{name} in: {first_line(source)}"


def its_outputs_are_stored_and_clean(notebook):
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        called = {
            node.func.id
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        defines = any(isinstance(n, ast.FunctionDef) for n in ast.walk(ast.parse(cell.source)))
        if called & {"print", "show", "stepper"} and not defines and not cell.outputs:
            yield f"no output stored: {first_line(cell.source)}"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"ends in {output.ename}: {first_line(cell.source)}"
            if output.get("name") == "stderr":
                yield f"writes to stderr, {output.text.strip()[:60]!r}: {first_line(cell.source)}"


def its_outputs_hold_nothing_of_one_run(notebook):
    for output in outputs(notebook):
        text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for found in re.findall(r"0x[0-9a-f]{6,}|/(?:home|Users|tmp)/\S+", text):
            yield f"the output holds {found}"


def its_pictures_say_what_they_show(notebook):
    pages = prose(notebook)
    for output in outputs(notebook):
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data) and "text/html" not in data:
            yield "an image that is shown without alternative text: use chainrule.figures.show"
        pages.append(data.get("text/html", ""))
    for page in pages:
        for image in images(page):
            if len(image.get("alt") or "") < 10:
                yield f"an <img> without a telling alt: {image.get('alt')!r}"
    for text in prose(notebook):
        for alt in re.findall(r"!\[([^\]]*)\]\(", without_code(text)):
            if len(alt) < 10:
                yield f"a picture without a telling alt: ![{alt}]"


RULES = [
    it_opens_with_a_title_and_the_goals,
    it_closes_with_mistakes_summary_outlook_and_references,
    its_heading_levels_do_not_skip,
    it_asks_the_reader_to_predict,
    its_code_cells_are_short,
    its_code_cells_follow_prose,
    its_formulas_are_balanced,
    its_wrapped_lines_are_no_lists,
    its_links_lead_somewhere,
    it_is_finished,
    it_leaves_the_global_random_state_alone,
    its_outputs_are_stored_and_clean,
    its_outputs_hold_nothing_of_one_run,
    its_pictures_say_what_they_show,
]


# --- reading a notebook ---------------------------------------------------------------------------


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
