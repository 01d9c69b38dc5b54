"""Write files so that whoever looks sees the old or the new, and an interruption leaves no half."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nbgrader.utils import rmtree

ARRIVING = ".arriving"  # how the name of a file ends that is still being written


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Put `content` at `path` in one step.

    Parameters
    ----------
    path : Path
    content : bytes
    durable : bool
        Whether it has to outlast a loss of power from now on; that takes its time. What can be made
        again need not.

    Raises
    ------
    OSError
        If there is no room or no right to write; what was at `path` is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arriving = path.with_name(f".{path.name[-40:]}{ARRIVING}")
    try:
        with arriving.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if os.name == "nt" and path.exists():
            path.chmod(0o644)  # Windows replaces no read-only file, such as nbgrader leaves
        os.replace(arriving, path)
    except BaseException:
        arriving.unlink(missing_ok=True)
        raise
    if durable:
        _sync_name(path.parent)


def write_if_new(path: Path, content: bytes, *, durable: bool = False) -> bool:
    """Put `content` at `path` unless it is there already; returns whether it was not."""
    if holds(path, content):
        return False
    if path.is_dir() and not path.is_symlink():
        rmtree(str(path))
    write_whole(path, content, durable=durable)
    return True


def holds(path: Path, content: bytes) -> bool:
    """Whether `path` is a file with exactly this content."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def fill_folder(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Make `folder` hold these files, by relative name, and nothing else.

    Each file changes in one step, and only if its content does. Returns whether anything did.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
    # Names that differ in case only are one file on some systems; so nothing is written first.
    wanted = {Path(name) for name in files}
    folders = {parent for name in wanted for parent in name.parents}
    changed = False
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        name = path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            if name not in folders:
                rmtree(str(path))
                changed = True
        elif name not in wanted:
            path.unlink()
            changed = True
    for name, content in files.items():
        changed |= write_if_new(folder / name, content)
    return changed


def _sync_name(folder: Path) -> None:
    """Let a new name in `folder` outlast a loss of power, where the system can be asked to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
