"""The commands of ``chainrule``, one file each.

Every file has ``add(commands)``, which describes the command to argparse, and ``run(options)``,
which returns the exit code. At the top they import the standard library only: a student has NumPy
and no more, and ``--help`` is to come at once.
"""
