"""The instructor's side: release, grade, explain, record.

Built on nbgrader's own converters and extension points. The preprocessors of this package
(``transplant``, ``execute``, ``feedback``) are named in ``nbgrader_config.py``, so the plain
``nbgrader`` commands and the formgrader give the same grades as ``chainrule grade``.

No module of it is imported here: a student's install needs neither nbgrader nor this package.
"""

import sys

# jsonschema looks for this grammar of web addresses, 2.5 s to load, which notebooks never use.
sys.modules.setdefault("rfc3987_syntax", None)
