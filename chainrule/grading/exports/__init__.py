"""Grades in the formats that other systems read, one file each.

All of them start from the same rows as ``grades.csv``, so all give the same numbers. Each works as
``chainrule export FORMAT`` and as an exporter of nbgrader's own ``nbgrader export``.
"""
