"""Take a submission in: whatever was handed in becomes clean notebooks, or a reason.

Nothing a student hands in may stop a run, and nobody may vanish from the table. A notebook that
cannot be read ends as a note of kind ``unreadable`` whose text tells the student what to do.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from chainrule.grading import folder as folders
from chainrule.grading.belongings import TIMESTAMP, Belongings
from chainrule.grading.folder import Entry, Folder, Refused, TooLarge, TooMany
from chainrule.grading.notebook import SAVE_AGAIN, Unreadable, read_notebook
from chainrule.grading.notes import Note, shown, some
from chainrule.grading.transplant import Likeness, compare

MAX_BYTES = 50_000_000  # of one notebook; figures as outputs are the usual reason for large ones
MAX_ENTRIES = 2_000  # that are looked at in a submission
MAX_DEPTH = 6  # folders in folders
MAX_RIVALS = 10  # notebooks that are read to find the one that is meant

_OWN_COPY = "Hand in the notebook itself"
_NOTEBOOK = ".ipynb"
_DISGUISED = (".ipynb.txt", ".ipynb.json", ".json", ".txt", "")  # what browsers make of .ipynb
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz")


@dataclass
class Submission:
    """What one student handed in for one problem set: plain data, fit to be sent anywhere.

    Attributes
    ----------
    student : str
    notebooks : dict of str to NotebookNode
        By the name that they are graded under, without ``.ipynb``.
    files : dict of str to bytes
        What else came along, by its path beside the notebook, parts joined by ``/``.
    notes : list of Note
    digest : str
        SHA-256 over the names and bytes of all that was taken, in a fixed order, and over the
        names of what was left out and why. It depends neither on times (``timestamp.txt`` among
        them) nor on the order in which a disk lists files.
    """

    student: str
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    digest: str = ""

    def write(self, folder: Path) -> None:
        """Lay the submission out in `folder` for nbgrader."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        for name, nb in self.notebooks.items():
            nbformat.write(nb, folder / f"{name}.ipynb")


def receive(
    folder: Path,
    student: str,
    expected: Mapping[str, NotebookNode],
    released: Mapping[str, bytes] | None = None,
) -> Submission:
    """Read what `student` handed in for a problem set.

    Parameters
    ----------
    folder : Path
        The submission: ``submitted/<student>/<problem set>``. Neither of the last two parts may
        be a link.
    student : str
        Who handed it in.
    expected : dict of str to NotebookNode
        The notebooks of the problem set, as released: what was handed in must share cells with
        them.
    released : dict of str to bytes, optional
        The other files of the problem set that a student is not to change. Those of the same name
        are left out, and noted where they differ.
    """
    place = Path(os.path.abspath(folder))  # resolving would follow links
    intake = _Intake(Submission(student), expected, released or {})
    try:
        with Folder.within(place.parent.parent, place.parent.name, place.name) as handed_in:
            intake.take(handed_in)
    except (FileNotFoundError, NotADirectoryError):
        intake.note_missing(place)
    except Refused as reason:
        text = f"The folder of the submission {reason}. {_OWN_COPY}, in a folder of your own"
        intake.note("unreadable", text)
        intake.seen["."] = str(reason)
    intake.taken.digest = intake.digest()
    return intake.taken


class _Intake:
    """One submission being looked through."""

    def __init__(
        self,
        taken: Submission,
        expected: Mapping[str, NotebookNode],
        released: Mapping[str, bytes],
    ):
        self.taken = taken
        self.expected = expected
        self.released = released
        self.seen: dict[str, str] = {}  # of everything met: its digest, or why it was left out
        self.read: dict[str, NotebookNode | Unreadable] = {}

    def note(self, kind: str, text: str, names: list[str] | None = None) -> None:
        self.taken.notes.append(Note(kind, text, some(names or [])))

    def note_missing(self, place: Path) -> None:
        try:
            with Folder.within(place.parent.parent, place.parent.name) as above:
                found = ", ".join(some(above.names(MAX_ENTRIES))) or "nothing"
        except (OSError, Refused, TooMany):
            found = "nothing"
        text = f"There is no folder {shown(place.name)!r} in the submission (found: {found})"
        self.note("missing", f"{text}. Hand in the whole folder as released")
        self.seen["."] = found

    def digest(self) -> str:
        whole = hashlib.sha256()
        for name in sorted(self.seen, key=os.fsencode):
            for part in (os.fsencode(name), self.seen[name].encode("utf-8", "backslashreplace")):
                whole.update(len(part).to_bytes(8, "big") + part)
        return whole.hexdigest()

    def take(self, handed_in: Folder) -> None:
        """Fill the submission from an open folder."""
        try:
            found = handed_in.walk(MAX_ENTRIES, MAX_DEPTH, _is_litter)
        except TooMany:
            # Which of them a disk lists first is chance: take what has its right name, or nothing.
            found = [
                Entry(f"{title}{_NOTEBOOK}", folders.FILE)
                for title in self.expected
                if handed_in.holds(f"{title}{_NOTEBOOK}")
            ]
            text = f"There are more than {MAX_ENTRIES} files in the submission: none but"
            self.note("large", f"{text} the notebook was taken along")
            self.seen["..."] = "too many"
        found = [entry for entry in found if not _is_litter(PurePosixPath(entry.name).name)]
        rivals = self._rivals(found)
        graded = self._take_notebooks(handed_in, rivals, found)
        # What lies beside the notebook lies beside it, wherever that is in the submission.
        beside = str(PurePosixPath(graded[0]).parent) if graded else "."
        others = [entry for entry in found if entry.name not in rivals]
        own = {f"{title}{_NOTEBOOK}" for title in self.expected}
        belongings = Belongings(self.released, own, MAX_DEPTH)
        belongings.take(handed_in, others, beside)
        self.taken.files = belongings.files
        self.taken.notes += belongings.notes()
        self.seen |= belongings.seen

    # ------------------------------------------------------------------ notebooks
    def _rivals(self, found: list[Entry]) -> list[str]:
        """What may be a notebook: by its name, or without such, by what browsers make of it."""
        names = [entry.name for entry in found if entry.name.lower().endswith(_NOTEBOOK)]
        if not names:
            files = [entry.name for entry in found if entry.kind == folders.FILE]
            names = [
                name
                for name in files
                if _ending(name) in _DISGUISED and name not in self.released and name != TIMESTAMP
            ]
            names = [
                name for name in names if any(t.lower() in name.lower() for t in self.expected)
            ]
        return names

    def _take_notebooks(
        self, handed_in: Folder, rivals: list[str], found: list[Entry]
    ) -> list[str]:
        """Read and choose the notebooks; returns the names of those that are graded."""
        own = {f"{title}{_NOTEBOOK}" for title in self.expected}
        others = [name for name in rivals if name not in own]
        if len(others) > MAX_RIVALS:
            # A class's whole archive, say. The nearest to the top are the likeliest.
            others.sort(key=lambda name: (name.count("/"), _in_order(name)))
            others = others[:MAX_RIVALS]
        graded = []
        for title, pristine in self.expected.items():
            free = [name for name in others if name not in graded]
            try:
                name = self._choose(handed_in, title, pristine, free, rivals, found)
            except Unreadable as reason:
                self.note("unreadable", str(reason))
                continue
            self.taken.notebooks[title] = self.read[name]
            graded.append(name)
        left = [name for name in rivals if name not in graded]
        for name in left:
            self.seen.setdefault(name, "another notebook")
        if graded and left:
            self.note("extra", "Other notebooks were not graded", left)
        return graded

    def _choose(
        self,
        handed_in: Folder,
        title: str,
        pristine: NotebookNode,
        others: list[str],
        rivals: list[str],
        found: list[Entry],
    ) -> str:
        """The name of the notebook to grade as `title`.

        That is the one of the right name, unless nothing was done in it and something in another.
        Of several others it is the one with the most answers, then with the most cells of the
        problem set, then the last by name.
        """
        right = f"{title}{_NOTEBOOK}"
        reasons: dict[str, str] = {}
        like: dict[str, Likeness] = {}
        if right in rivals:
            self._weigh(handed_in, right, title, pristine, like, reasons)
            if right in like and like[right].answered:
                return right
        for name in others:
            self._weigh(handed_in, name, title, pristine, like, reasons)
        if not like:
            raise Unreadable(self._why_none(title, reasons, found))
        best = max(like, key=lambda name: (like[name], name == right, _in_order(name)))
        if right in like and not like[best] > like[right]:
            return right
        if right in reasons:
            why = f": {reasons[right].partition('. ')[0]}"
        elif right in like:
            why = f": {right} has no answers in it"
        else:
            why = ""
        self.note("renamed", f"{shown(best)} was graded as {right}{why}")
        return best

    def _weigh(self, handed_in, name, title, pristine, like, reasons) -> None:
        """Put into `like` how much of `pristine` a notebook holds, or into `reasons` why none."""
        try:
            nb = self._read(handed_in, name)
            likeness = compare(nb, pristine)
            if not likeness.is_the_same:
                raise Unreadable(
                    f"{shown(name)} holds none of the exercises of {title}. Is it another "
                    f"notebook? Otherwise download {title}.ipynb again and copy your answers "
                    "into it"
                )
            like[name] = likeness
        except Unreadable as reason:
            reasons[name] = str(reason)

    def _read(self, handed_in: Folder, name: str) -> NotebookNode:
        if name not in self.read:
            try:
                content = handed_in.read(name, MAX_BYTES)
                self.seen[name] = hashlib.sha256(content).hexdigest()
                self.read[name] = read_notebook(content, name)
            except Unreadable as reason:
                self.read[name] = reason
            except (Refused, OSError) as reason:
                self.seen[name] = str(reason)
                large = isinstance(reason, TooLarge)
                advice = "Clear all outputs in Jupyter, save, and hand in again"
                advice = advice if large else _OWN_COPY
                self.read[name] = Unreadable(f"{shown(name)} {reason}. {advice}")
        if isinstance(self.read[name], Unreadable):
            raise self.read[name]
        return self.read[name]

    def _why_none(self, title: str, reasons: dict[str, str], found: list[Entry]) -> str:
        if len(reasons) == 1:
            return next(iter(reasons.values()))
        if reasons:
            listed = "; ".join(reason.partition(". ")[0] for reason in list(reasons.values())[:4])
            return f"No notebook can be graded as {title}.ipynb ({listed}). {SAVE_AGAIN}"
        archives = [entry.name for entry in found if entry.name.lower().endswith(_ARCHIVES)]
        if archives:
            return (
                f"There is no notebook in the submission but {shown(archives[0])}. Unpack it and "
                f"hand in {title}.ipynb"
            )
        names = some(entry.name for entry in found if entry.name != TIMESTAMP)
        listed = f" (found: {', '.join(names)})" if names else ""
        return f"There is no notebook in the submission{listed}. Hand in {title}.ipynb"


def _ending(name: str) -> str:
    lower = PurePosixPath(name).name.lower()
    return next((ending for ending in _DISGUISED if ending and lower.endswith(ending)), "") or (
        PurePosixPath(lower).suffix
    )


def _in_order(name: str) -> tuple:
    """For sorting: ``a (2)`` before ``a (10)``."""
    parts = re.split(r"(\d{1,9})", name)
    return tuple((part.isdigit(), part.zfill(9)) for part in parts), os.fsencode(name)


def _is_litter(name: str) -> bool:
    """What systems and editors leave behind."""
    return name in ("__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini") or (
        name.startswith("._") or name in (".git", ".ipynb_checkpoints", ".venv", ".vscode", ".idea")
    )
