"""Spelling: what codespell knows as misspelt, and American spellings; no network.

codespell lists misspellings, not words, so it is silent about names and terms it does not know. Its
list of British words with their American forms is used the other way round.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import codespell_lib

DICTIONARIES = Path(codespell_lib.__file__).parent / "data"

# What the lists call wrong and is right here.
ALLOWED = {
    # terms of the field, and names in code that became words
    "optimizer": "what the framework, the field and PyTorch call it",
    "optimizers": "see optimizer",
    # words that British English spells so, in the meaning they have here
    "program": "of a computer, as against a programme of events",
    "practice": "the noun",
    "practices": "the noun",
    "license": "the file, and the verb",
    "story": "a tale, as against a storey of a house",
    "stories": "see story",
    "math": "the name of a step in every lecture",
    "focused": "both spellings are British",
    "focusing": "both spellings are British",
    "biased": "both spellings are British",
    "writable": "both spellings are British",
}

# Words that end in -ize, -yze and so on in British English too.
ALWAYS_Z = re.compile(r"(re|over|under|out|down|up)?(size|prize|seize|capsize|maize|baize)[sd]?")
AMERICAN = re.compile(r"(\w+)(iz|yz)(e[sdr]?|ers|ing|ingly|ations?|able)")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def misspelt(text: str, british: bool = True) -> Iterator[tuple[str, str]]:
    """Every word that is spelt wrong, with what to write instead."""
    # Names made of words (camelCase, snake_case, chainrule.figures) are code, not prose.
    for token in re.findall(r"[^\s()\[\]{}<>\"“”/|=+*&,;:!?]+", text):
        if re.search(r"[\d_@\\^]|\w\.\w|[a-z][A-Z]", token):
            continue
        for word in WORD.findall(token):
            for part in dict.fromkeys([word, *word.split("-")]):
                right = _right(part.lower().replace("’", "'"), british)
                if right:
                    yield part, right


def _right(word: str, british: bool) -> str | None:
    if word in ALLOWED:
        return None
    if word in _misspellings():
        return _misspellings()[word]
    if not british:
        return None
    if word in _american():
        return _american()[word]
    ending = AMERICAN.fullmatch(word)
    if ending and not ALWAYS_Z.fullmatch(word):
        return ending[1] + ending[2].replace("z", "s") + ending[3]
    return None


@cache
def _misspellings() -> dict[str, str]:
    return _read("dictionary.txt") | _read("dictionary_rare.txt")


@cache
def _american() -> dict[str, str]:
    pairs = _read("dictionary_en-GB_to_en-US.txt").items()
    return {american: british for british, american in pairs}


def _read(name: str) -> dict[str, str]:
    """A list of codespell's: lines such as 'teh->the' and 'ths->the, this,'."""
    lines = (DICTIONARIES / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("->", 1) for line in lines if "->" in line)
    return {wrong.lower(): right.strip().rstrip(",") for wrong, right in pairs}


# --- what is prose --------------------------------------------------------------------------------


def prose_of_markdown(text: str) -> str:
    """Markdown without code, formulas, tags and the targets of links."""
    text = re.sub(r"^ *(```|~~~).*?^ *\1", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(`+)[^`].*?\1", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|https?://\S+", " ", text)
    return re.sub(r"</?[a-z][^>]*>", " ", text)


def prose_of_python(source: str) -> str:
    """Comments, docstrings, and strings of several words: titles, alt texts, messages."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            found.append(token.string.lstrip("# "))
    tree = ast.parse(source)
    # A place in a plot, such as "upper center", is code.
    places = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            alone = id(node) in places and len(node.value.split()) < 3
            if " " in node.value.strip() and not alone:
                found.append(prose_of_markdown(node.value))
    return "\n".join(found)
