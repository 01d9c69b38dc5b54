"""``chainrule grade``: grade what was handed in."""

from __future__ import annotations

import argparse
import os
import re
import sys

from chainrule.commands.outcome import conclude, show
from chainrule.commands.shared import (
    ATTENTION,
    INTERNAL,
    OK,
    STOPPED,
    USAGE,
    add_command,
    add_jobs,
    add_unsafe,
    course_of,
    instructor_module,
    module_of,
)
from chainrule.grading.course import Course, CourseError

GRADE = """\
Grade what was handed in.

Looked for in submitted/STUDENT/PROBLEM_SET/, as nbgrader does. A notebook that is missing, empty,
cut off or renamed stops nothing: it gets a row with a reason the student can act on. So does
everybody on the roster (`nbgrader db student`) of whom there is no folder.

Only what is new or has changed is graded: a submission, the problem set, or the code that grades.
Points and comments given by hand stay, and where the answer is another one now, formgrader asks for
them again. So the same command is right after late submissions, after grading by hand (it renews
feedback and grade table), and after being stopped, by Ctrl-C or a power cut: it does what is left.

Ctrl-C once: what is being graded is finished, recorded and published, nothing else begun. Twice:
stop at once. Either way nothing is half-written.
"""

GRADE_EPILOG = """\
examples:
  chainrule grade ps3_activations_losses            everybody
  chainrule grade ps3_activations_losses b12 c07    these two
  chainrule grade ps3_activations_losses --dry-run  what would be graded, and why
  chainrule grade ps3_activations_losses --executor dask:tcp://host:8786

exit codes: 0 all graded; 1 internal error; 2 wrong use; 3 some need attention, or more are due than
--limit allowed; 130 stopped by Ctrl-C, and some are left

--json writes one object per line: {"event": "start", ...}, one {"event": "submission", ...} for
each as it is done, and {"event": "finish", ...} with the totals and the exit code. Nothing else is
on standard output; words for people are on standard error.
"""

EXECUTOR = """\
where: `local`, in processes here (default); `dask:ADDRESS`, on the workers of a Dask scheduler,
such as dask:tcp://host:8786; `slurm`, as an array of --jobs tasks (in a task of an array: its share
of the class). Clusters need the course folder at the same path, and bubblewrap on every node"""


def add(commands) -> None:
    """Describe the command."""
    command = add_command(commands, "grade", run, "grade what was handed in", GRADE, GRADE_EPILOG)
    command.add_argument("problem_set", metavar="PROBLEM_SET")
    command.add_argument("students", nargs="*", metavar="STUDENT", help="only these")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--regrade", action="store_true", help="also what has not changed")
    which.add_argument(
        "--only-changed",
        action="store_true",
        help="of those who have a grade, only whose submission has changed since: nobody is graded "
        "again because the problem set or the grading code has changed",
    )
    command.add_argument(
        "--limit",
        type=number,
        metavar="N",
        help="grade at most N of those that are due, and say how many are left (exit code 3)",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="say what would be done and write nothing"
    )
    command.add_argument(
        "--json", action="store_true", help="tell a program: one JSON object per line"
    )
    command.add_argument(
        "--executor", type=executor_name, default="local", metavar="WHERE", help=EXECUTOR
    )
    add_jobs(command)
    add_unsafe(command)


def number(text: str) -> int:
    """How many submissions, from an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of submissions")
    return int(text)


def executor_name(text: str) -> str:
    """Where to grade, from an argument."""
    if text in ("local", "slurm") or re.fullmatch(r"dask:\S+", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of: local, dask:ADDRESS, slurm")


def run(options: argparse.Namespace) -> int:
    """Grade, and show the grades; returns the exit code."""
    if options.executor == "local" and options.jobs > 1 and not options.dry_run:
        instructor_module("forkserver").start()  # it imports while this process imports, too
    grade, console = instructor_module("grade"), instructor_module("console")
    lines, interruption = instructor_module("lines"), instructor_module("interruption")
    course, out = course_of(options), console.open_console(stderr=options.json)
    progress = console.progress_on(out)
    if options.json:
        progress = lines.JsonProgress(sys.stdout, out, options.problem_set)
    if options.dry_run:
        return _tell_plan(course, options, grade, console, out, progress)
    in_array = _share(options) is not None
    if not in_array and instructor_module("demo").clear_demo(course):
        out.print("Removed the results of an earlier demo.")
    rows, code = [], INTERNAL
    try:
        with interruption.Interruption(progress.say) as ctrl_c:
            rows = _grade(course, options, grade, progress, ctrl_c.asked)
            progress.finish()
        stopped = ctrl_c.asked() and progress.left
        code = ATTENTION if any(row.needs_attention for row in rows) else OK
        if not (options.json or in_array or stopped):
            show(out, console, rows)
            code = conclude(out, course, rows)
        if progress.left:
            out.print(_what_is_left(progress.left, options, stopped), soft_wrap=True)
            code = STOPPED if stopped else ATTENTION
        if in_array:
            code = OK  # to SLURM it did what it should: the run that collects says the rest
    except CourseError as error:
        code = USAGE if error.users_mistake else INTERNAL
        raise
    except KeyboardInterrupt:
        code = STOPPED
        raise
    finally:
        progress.finish()
        if options.json:
            progress.end_run(rows, code)
    return code


def _grade(course: Course, options: argparse.Namespace, grade, progress, stop) -> list:
    """Grade everybody, or the share of a task of an array; returns rows."""
    common = {"jobs": options.jobs, "stop": stop, "unsafe": options.unsafe}
    share = _share(options)
    if share is not None:
        shares, plan = instructor_module("executors.share"), instructor_module("plan")
        choice = plan.Choice(options.students or None, options.regrade, options.only_changed)
        return shares.grade_share(course, options.problem_set, share, choice, progress, **common)
    return grade.grade(
        course,
        options.problem_set,
        options.students,
        progress,
        regrade=options.regrade,
        only_changed=options.only_changed,
        limit=options.limit,
        executor=_executor(course, options),
        **common,
    )


def _executor(course: Course, options: argparse.Namespace):
    """Where to grade; None for here."""
    if options.executor == "slurm":
        if options.limit:
            raise CourseError("--limit cannot be had with --executor slurm: name the students")
        arguments = [options.problem_set, *options.students]
        for name in ("regrade", "only_changed", "unsafe"):
            if getattr(options, name):
                arguments.append(f"--{name.replace('_', '-')}")
        return instructor_module("executors.slurm").Slurm(course, arguments, options.jobs)
    kind, _, address = options.executor.partition(":")
    if kind == "dask":
        dask = module_of(
            "chainrule.grading.executors.dask", "--executor dask:ADDRESS needs", "cluster"
        )
        return dask.Dask(address)
    return None


def _share(options: argparse.Namespace):
    """The share of this task, in a task of a SLURM array; None elsewhere."""
    if options.executor != "slurm":
        return None
    return instructor_module("executors.share").Share.here(os.environ)


def _tell_plan(course: Course, options: argparse.Namespace, grade, console, out, progress) -> int:
    tasks = grade.plan(
        course,
        options.problem_set,
        options.students,
        regrade=options.regrade,
        only_changed=options.only_changed,
    )
    due = [task for task in tasks if task.why]
    if options.json:
        for task in tasks:
            progress.tell("plan", student=task.student, why=task.why, refusal=task.refusal)
        progress.tell("finish", to_grade=len(due), students=len(tasks), exit_code=OK)
        return OK
    out.print(console.plan_table(tasks))
    first = f", the first {options.limit} of them now" if len(due) > (options.limit or 1e9) else ""
    out.print(f"{len(due)} of {len(tasks)} would be graded{first}. Nothing was written.")
    return OK


def _what_is_left(left: int, options: argparse.Namespace, stopped: bool) -> str:
    done = "Stopped; what was graded is recorded and published" if stopped else "That was the limit"
    if options.regrade:
        return f"{done}. {left} have not been graded again; with --regrade a run starts anew."
    return f"{done}. {left} are left: run the same command again to go on."
