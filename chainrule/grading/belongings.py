"""What a student hands in beside the notebook: which files come along, and why others do not."""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from nbgrader.utils import parse_utc

from chainrule.grading.folder import FOLDER, LINK, SPECIAL, Entry, Folder, Refused, TooLarge
from chainrule.grading.notes import Note, some

MAX_BYTES = 10_000_000  # of one file, and of all together
MAX_FILES = 200
TIMESTAMP = "timestamp.txt"  # nbgrader's, not the student's work

_SILENTLY = "silently"  # for a reason that nobody needs to know
# Why a file is left out: the kind of the note, and its sentence.
_REASONS = {
    LINK: ("links", "Links were not followed"),
    SPECIAL: ("links", "Pipes and devices were not opened"),
    "refused": ("links", "Files cannot be opened, or have a second name (hard links)"),
    "name": ("extra", "Files were left out since their names are no text"),
    "twins": ("extra", "Files were left out since some disks confuse their names with others"),
    "replaced": ("replaced", "Files that belong to the problem set were used as released"),
    "deep": ("large", "Folders lie too deep in others"),
    "large": ("large", f"Files were too large to take along (in all {MAX_BYTES / 1e6:.0f} MB)"),
    "many": ("large", f"Files were left out: there are more than {MAX_FILES}"),
}
_LIBRARIES = {
    "IPython", "chainrule", "ipykernel", "matplotlib", "nbformat", "numpy", "pandas", "pytest",
    "scipy", "sitecustomize", "sklearn", "usercustomize",
}  # fmt: skip


class Belongings:
    """Files beside the notebook.

    Parameters
    ----------
    released : dict of str to bytes
        Files of the problem set: a student's of the same name is left out.
    reserved : collection of str
        Other names that no file of a student may have.
    max_depth : int
        Folders that lie as deep as this have not been looked into.

    Attributes
    ----------
    files : dict of str to bytes
        What is taken along, by its path beside the notebook.
    seen : dict of str to str
        Of every file met, by its path in the submission, the digest or why it was not read.
        Whatever is the same in here has the same effect.
    """

    def __init__(self, released: Mapping[str, bytes], reserved: Collection[str], max_depth: int):
        self.released = released
        self.max_depth = max_depth
        self.files: dict[str, bytes] = {}
        self.seen: dict[str, str] = {}
        self._room = MAX_BYTES
        self._left: dict[str, list[str]] = defaultdict(list)
        self._ours = _Names([*released, *reserved])
        self._theirs = _Names()

    def take(self, folder: Folder, entries: list[Entry], beside: str) -> None:
        """Read files in `folder`; the notebook lies in the folder `beside` of it."""
        # Those beside the notebook first: a name is taken once.
        for entry in sorted(entries, key=lambda entry: _moved(entry.name, beside) == entry.name):
            if entry.kind == FOLDER:
                why = "deep" if entry.name.count("/") + 1 >= self.max_depth else _SILENTLY
            elif entry.name == TIMESTAMP:
                why = self._take_timestamp(folder, entry)
            else:
                why = self._take_file(folder, entry, _moved(entry.name, beside))
            if why not in (None, _SILENTLY):
                self._left[why].append(entry.name)
                self.seen.setdefault(entry.name, why)

    def notes(self) -> list[Note]:
        """What is to be known about the files."""
        notes = [
            Note(kind, text, some(self._left[why]))
            for why, (kind, text) in _REASONS.items()
            if why in self._left
        ]
        shadows = _shadows(self.files)
        if shadows:
            text = "Files are named like modules that they would replace"
            notes.append(Note("shadows", text, some(shadows)))
        return notes

    def _take_timestamp(self, folder: Folder, entry: Entry) -> str:
        """Keep it if nbgrader can read it, whose run ends otherwise. It is no part of the work."""
        try:
            content = folder.read(entry.name, 1000)
            if parse_utc(content.decode("utf-8").strip()) is not None:
                self.files[TIMESTAMP] = content
        except Exception:  # whatever it is: dateutil promises nothing
            return _SILENTLY
        return _SILENTLY

    def _take_file(self, folder: Folder, entry: Entry, target: str) -> str | None:
        """Take a file along as `target`, or say why not."""
        if entry.kind in (LINK, SPECIAL):
            return entry.kind
        if not _is_text(entry.name):
            return "name"
        if self._ours.exclude(target):
            return self._compare(folder, entry, target)
        if target == TIMESTAMP or self._theirs.exclude(target):
            return "twins"
        if len(self.files) >= MAX_FILES:
            return "many"
        try:
            content = folder.read(entry.name, self._room)
        except TooLarge:
            return "large"
        except (Refused, OSError) as reason:
            self.seen[entry.name] = str(reason)
            return "refused"
        self._room -= len(content)
        self.seen[entry.name] = hashlib.sha256(content).hexdigest()
        self.files[target] = content
        self._theirs.add(target)
        return None

    def _compare(self, folder: Folder, entry: Entry, target: str) -> str:
        """Most hand in what was released with their work, as it was."""
        released = self.released.get(target)
        if released is None:
            return "replaced"
        try:
            content = folder.read(entry.name, 2 * len(released) + 1)
        except (Refused, OSError):
            return "replaced"
        same = content.replace(b"\r\n", b"\n") == released.replace(b"\r\n", b"\n")
        self.seen[entry.name] = "as released" if same else "replaced"
        return _SILENTLY if same else "replaced"


class _Names:
    """Names of files, some of which exclude others.

    Two differing by case only, or in whether ``é`` is one character or two, are one for some disks;
    and nothing is a file and a folder.
    """

    def __init__(self, names: Iterable[str] = ()):
        self._files: set[str] = set()
        self._folders: set[str] = set()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        folded = _folded(name)
        self._files.add(folded)
        self._folders.update(_above(folded))

    def exclude(self, name: str) -> bool:
        folded = _folded(name)
        taken = folded in self._files or folded in self._folders
        return taken or not self._files.isdisjoint(_above(folded))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _above(name: str) -> list[str]:
    """The folders that a path lies in."""
    return [str(folder) for folder in PurePosixPath(name).parents][:-1]


def _moved(name: str, beside: str) -> str:
    return name.removeprefix(f"{beside}/") if beside != "." else name


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shadows(files: Iterable[str]) -> list[str]:
    """Files that Python would import in place of a library."""
    found = []
    for name in files:
        first, _, rest = name.partition("/")
        module = first.partition(".")[0]
        importable = first.endswith((".py", ".pyc", ".so", ".pyd"))
        package = rest == "__init__.py" or (module in _LIBRARIES and rest.endswith(".py"))
        known = module in _LIBRARIES or module in sys.stdlib_module_names
        if known and (package if rest else importable):
            found.append(name)
    return found
