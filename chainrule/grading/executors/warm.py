"""What examiners work with, imported once by the process that they are forked from.

Import nothing from here. What is there when an examiner is forked it shares with the others, until
one of them writes to it; the garbage collector writes to all that it looks at, so it is told to
leave these things alone.
"""

import gc

import chainrule.grading.engine
import chainrule.grading.executors.local  # noqa: F401

gc.collect()
gc.freeze()
