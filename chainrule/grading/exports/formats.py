"""The formats by name."""

from __future__ import annotations

from chainrule.grading.exports.canvas import CanvasExporter
from chainrule.grading.exports.gradescope import GradescopeExporter
from chainrule.grading.exports.json_file import JsonExporter
from chainrule.grading.exports.junit import JUnitExporter
from chainrule.grading.exports.moodle import MoodleExporter
from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.table import CsvExporter

FORMATS: dict[str, type[Exporter]] = {
    "csv": CsvExporter,
    "json": JsonExporter,
    "canvas": CanvasExporter,
    "moodle": MoodleExporter,
    "gradescope": GradescopeExporter,
    "junit": JUnitExporter,
}
