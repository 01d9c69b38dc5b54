"""The looks of the pages, in the page, and a policy by which a browser takes nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from chainrule.grading.plaintext import visible

TEMPLATES = Path(__file__).with_name("templates")


@cache
def template(name: str) -> Template:
    """A template of ``templates/``, which escapes whatever is put into it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["visible"] = visible
    return environment.get_template(name)


@cache
def style(*names: str) -> tuple[Markup, str]:
    """The style of a page, from files of ``templates/``, and the policy that goes with it.

    The policy allows that style and pictures that are in the page. Scripts, frames, forms, fonts,
    and whatever would have to be loaded, it does not.
    """
    css = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return Markup(css), policy


def number(value: float) -> str:
    """A number with two digits behind the point at most.

    Examples
    --------
    >>> number(3.0), number(2.25)
    ('3', '2.25')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")
