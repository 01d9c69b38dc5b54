"""What every lecture must keep. A rule takes a notebook and returns what is wrong, in sentences."""

import ast
import re
import statistics
from itertools import pairwise
from urllib.parse import unquote

import nbformat
from lecture_formulas import (
    its_formulas_are_balanced,
    its_formulas_leave_tables_whole,
    its_formulas_use_known_commands,
)
from lecture_reading import (
    NOTEBOOKS,
    before_references,
    code,
    first_line,
    headings,
    images,
    outputs,
    pictures,
    prose,
    sections,
    sections_of_lecture,
    without_code,
)
from spelling import misspelt, prose_of_markdown, prose_of_python

GOALS = "What you will be able to do"
CLOSING = ["Where people go wrong", "Summary", "What comes next", "References"]
N_LECTURES = 14
N_PROBLEM_SETS = 5
LARGEST = 2_000_000  # bytes
# What of numpy.random keeps no state of its own.
GENERATORS = {"default_rng", "Generator", "SeedSequence", "PCG64", "RandomState"}
# What draws from the global state unless it is told a random_state.
DRAWS = re.compile(
    r"train_test_split|make_(moons|circles|blobs|classification|regression|friedman\d|sparse\w*|"
    r"low_rank_matrix|swiss_roll|s_curve|gaussian_quantiles|hastie\w*)|resample|"
    r"(MLP|SGD)(Classifier|Regressor)|Perceptron|KMeans"
)
DURATION = re.compile(
    r"\b\d[\d.,]*(?:e-?\d+)? ?(?:ns|µs|μs|us|ms|s|sec|secs|seconds?|min|minutes?|it/s)\b(?!²)"
    r"|\b\d+:\d\d(?::\d\d)?\b|\b(?:[Ww]all time|[Ee]lapsed)\b"
)


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


def it_speaks_of_lectures_and_sections_that_are_there(notebook):
    text = re.sub(r"\s+", " ", without_code(before_references(notebook)))
    for number in _lectures_named(text):
        if len(number) != 2 or not 1 <= int(number) <= N_LECTURES:
            yield f"there are lectures 01 to {N_LECTURES}, but it speaks of lecture {number}"
    for number in re.findall(r"\b[Pp]roblem sets? (\d+)", text):
        if not 1 <= int(number) <= N_PROBLEM_SETS:
            yield f"there are problem sets 1 to {N_PROBLEM_SETS}, but it speaks of {number}"
    for before, numbers, after in re.findall(SECTIONS, text):
        lecture = (re.findall(r"ectures? (\d\d)", f"{before} {after}") or [None])[0]
        known = sections(notebook) if lecture is None else sections_of_lecture(int(lecture))
        for number in re.findall(r"\d+", numbers):
            if known is not None and int(number) not in known:
                yield f"there is no section {number}{f' in lecture {lecture}' if lecture else ''}"


# "section 3", "sections 5 and 6", "lecture 05, section 3", "section 3 of lecture 05"; not a book's.
SECTIONS = re.compile(
    r"([Ll]ectures? \d\d\*{0,2}(?:,|'s|’s) )?"
    r"\b[Ss]ections? (\d+(?:(?:, | and | to |–)\d+\b)*)(?!\.\d)"
    r"( (?:of|in) [Ll]ecture \d\d)?"
)


def _lectures_named(text):
    """The numbers in "lecture 03", "lectures 03 (matrices), 05 (by hand) and 06", and so on."""
    note = r"(?: \([^)]*\))?"
    several = rf"\b[Ll]ectures (\d+{note}(?:(?:,? and|,|,? or| to|–) ?\d\d\b{note})*)"
    for named in re.findall(several, text):
        yield from re.findall(r"\d+", re.sub(r"\([^)]*\)", "", named))
    yield from re.findall(r"\b[Ll]ecture (\d+)", text)


def its_words_are_spelt_right(notebook):
    body = before_references(notebook)
    everything = "\n\n".join(prose(notebook))
    yield from _wrong_words(prose_of_markdown(body), "Markdown")
    # Titles keep the spelling of their authors.
    yield from _wrong_words(prose_of_markdown(everything[len(body) :]), "References", british=False)
    for source, _ in code(notebook):
        yield from _wrong_words(prose_of_python(source), f"cell {first_line(source)!r}")
    for page in pictures(notebook):
        for image in images(page):
            yield from _wrong_words(image.get("alt") or "", "an alternative text")


def _wrong_words(text, where, british=True):
    for word, right in misspelt(text, british):
        yield f"{word!r} should be {right!r} (or allowed, with a reason, in spelling.py): {where}"


def it_is_finished(notebook):
    for cell in notebook.cells:
        for word in re.findall(r"\b(TODO|FIXME|XXX|TBD)\b", cell.source):
            yield f"{word} in: {first_line(cell.source)}"


# --- code and outputs -----------------------------------------------------------------------------


def it_leaves_the_global_random_state_alone(notebook):
    ours = _imported_from("chainrule", notebook)  # these take a generator
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
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func).rpartition(".")[2]
                if called == "default_rng" and not node.args and not node.keywords:
                    name = "default_rng() without a seed"
                told = "random_state" in {keyword.arg for keyword in node.keywords}
                if DRAWS.fullmatch(called) and called not in ours and not told:
                    name = f"{called} without a random_state"
            if name:
                yield f"{name} in: {first_line(source)}"


def _imported_from(package, notebook):
    return {
        name.asname or name.name
        for _, tree in code(notebook)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for name in node.names
    }


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


def its_outputs_hold_no_timing(notebook):
    """The next run would take another time, on this machine and on every other."""
    for output in outputs(notebook):
        for found in DURATION.finditer(output.get("text", "")):
            yield f"the output holds a time: {found[0]}"
    for source, tree in code(notebook):
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            if {"time", "timeit"} & set(names):
                yield f"it measures time in: {first_line(source)}"


def it_is_small(notebook):
    """A clone fetches every version of every notebook, and GitHub shows no large ones."""
    size = len(nbformat.writes(notebook).encode("utf-8"))
    if size > LARGEST:
        yield f"{size / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}: draw fewer or smaller pictures"


def its_pictures_say_what_they_show(notebook):
    for output in outputs(notebook):
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data) and "text/html" not in data:
            yield "an image that is shown without alternative text: use chainrule.figures.show"
    for page in pictures(notebook):
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
    its_formulas_use_known_commands,
    its_formulas_leave_tables_whole,
    its_wrapped_lines_are_no_lists,
    its_links_lead_somewhere,
    it_speaks_of_lectures_and_sections_that_are_there,
    its_words_are_spelt_right,
    it_is_finished,
    it_leaves_the_global_random_state_alone,
    its_outputs_are_stored_and_clean,
    its_outputs_hold_nothing_of_one_run,
    its_outputs_hold_no_timing,
    it_is_small,
    its_pictures_say_what_they_show,
]
