"""The `chainrule` command.

Exit codes: 0 all went well, 1 internal error, 2 wrong use, 3 something needs attention: a check
that does not pass, or a submission.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path

from chainrule.grading.course import Course, CourseError

OK, INTERNAL, USAGE, ATTENTION = 0, 1, 2, 3
NOBODY_READS = 141  # what a shell says of a program that writes into a closed pipe

DESCRIPTION = """\
Run the Chain Rule course: check your work, make problem sets, grade what is handed in.

For students, before handing in:

  chainrule check ps3                         what passes, what each failure means, points so far

For instructors, the usual way through a problem set:

  chainrule release ps3_activations_losses    source/ -> release/, the students' version
  ...students hand in; put it into submitted/STUDENT/ps3_activations_losses/...
  chainrule grade ps3_activations_losses      -> autograded/, feedback/, grades.csv
  chainrule explain b12                       how each point of one student came about
  nbgrader and formgrader                     written answers, on the same gradebook
"""

EPILOG = """\
exit codes:
  0  all went well
  1  internal error; .nbgrader.log has the details
  2  wrong use
  3  a check does not pass; or some submissions need attention: the table says which, and why

The grades are the same whether `chainrule grade`, `nbgrader autograde` or formgrader makes them.
"""

GRADE = """\
Grade what was handed in.

Looked for in submitted/STUDENT/PROBLEM_SET/, as nbgrader does. A notebook that is missing, empty,
cut off or renamed stops nothing: it gets a row with a reason the student can act on. So does
everybody on the roster (`nbgrader db student`) of whom there is no folder.

Only what is new or has changed is graded: a submission, the problem set, or the code that grades.
Points and comments given by hand stay, and where the answer is another one now, formgrader asks for
them again. So the same command is right after late submissions, after grading by hand (it renews
feedback and grade table), and after being stopped, by Ctrl-C or a power cut: it does what is left.
"""

GRADE_EPILOG = """\
examples:
  chainrule grade ps3_activations_losses            everybody
  chainrule grade ps3_activations_losses b12 c07    these two
  chainrule grade ps3_activations_losses --dry-run  what would be graded, and why
"""

EXPLAIN = """\
Show how one grade came about: the points of every cell, what its check said, which mistake it
recognised, what was noted, under which limits. Then grade the submission once more, without writing
anything, and say whether the points are the same.

The exit code is 0 if they are and 3 if they are not.
"""

UNSAFE = """\
go on where nothing can be put around the submissions: their code can then do what you can, and
every page says so"""

DOCTOR = """\
Try, in the place of a student's code, to reach the network, to write into the system, to see the
course, to use up memory, disk, processes and time, to leave things behind; say what came of each.

The exit code is 0 if the sandbox held against all of it and 3 if not.
"""

CHECK = """\
Run your notebook from top to bottom, in a fresh kernel, and say of every exercise what passes, what
each failure means, and how many points there are so far. The notebook is not changed.

PLACE is a notebook, its folder, or the beginning of the folder's name, such as ps3; by default it
is the folder you are in. The exit code is 0 only when everything that can be seen before grading
passes.
"""

DEMO = """\
Show the whole way on a sample class: release every problem set, grade the submissions in
tests/sample_class, write autograded/, feedback/ and grades.csv, print the grades.

A real class in the same checkout is not touched: the demo has a gradebook of its own in .demo/,
and writes its results there too if others are in the way.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may not fit a narrow encoding
            stream.reconfigure(errors="replace")
    # jsonschema looks for this grammar of web addresses, 2.5 s to load, which notebooks never use.
    sys.modules.setdefault("rfc3987_syntax", None)
    try:
        return options.run(options)
    except CourseError as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return USAGE if error.users_mistake else INTERNAL
    except KeyboardInterrupt:
        print("chainrule: stopped; run the same command again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="chainrule", description=DESCRIPTION, epilog=EPILOG, formatter_class=plain
    )
    parser.add_argument("--course", type=Path, help="top folder of the course (default: found "
                        "from the current folder upwards)")  # fmt: skip
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run, says: str, description: str, epilog: str | None = None):
        made = commands.add_parser(
            name, help=says, description=description, epilog=epilog, formatter_class=plain
        )
        made.set_defaults(run=run)
        return made

    check = command(
        "check",
        _check_while_read,
        "for students: run your notebook, show what passes and what each failure means",
        CHECK,
    )
    check.add_argument("place", nargs="?", default=".", metavar="PLACE")
    check.add_argument("--watch", action="store_true", help="check again whenever you save it")

    release = commands.add_parser(
        "release",
        help="make the students' version of a problem set, or of all",
        description="Make the students' version of a problem set (default: of all): solutions and "
        "hidden checks are taken out, the checks' data is compiled, the gradebook learns of it.",
    )
    release.add_argument("problem_set", nargs="?", metavar="PROBLEM_SET")
    release.set_defaults(run=_release)

    grade = command("grade", _grade, "grade what was handed in", GRADE, GRADE_EPILOG)
    grade.add_argument("problem_set", metavar="PROBLEM_SET")
    grade.add_argument("students", nargs="*", metavar="STUDENT", help="only these")
    grade.add_argument("--regrade", action="store_true", help="also what has not changed")
    grade.add_argument(
        "--dry-run", action="store_true", help="say what would be done and write nothing"
    )
    _add_jobs(grade)

    says = "show how each point of a student came about"
    explain = command("explain", _explain, says, EXPLAIN)
    explain.add_argument("student", metavar="STUDENT")
    explain.add_argument(
        "problem_set", nargs="?", metavar="PROBLEM_SET", help="only this one (default: all graded)"
    )
    explain.add_argument("--unsafe", action="store_true", help=UNSAFE)

    says = "prove that the sandbox around students' code holds"
    doctor = command("doctor", _doctor, says, DOCTOR)
    doctor.add_argument("--unsafe", action="store_true", help="see what holds without a sandbox")

    says = "release everything, grade a sample class, show the grades"
    _add_jobs(command("demo", _demo, says, DEMO))
    return parser


def _add_jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs",
        type=_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="grade N at once (default: one for every processor, %(default)s here)",
    )
    command.add_argument("--unsafe", action="store_true", help=UNSAFE)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return number


def _check_while_read(options: argparse.Namespace) -> int:
    """Check, and end quietly when nobody reads on, as in ``chainrule check | head``."""
    try:
        code = _check(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return NOBODY_READS
    return code


def _check(options: argparse.Namespace) -> int:
    review = _module_of("chainrule.review", "this command runs notebooks and needs", "lectures")
    start = Path.cwd()
    while True:
        try:
            path = review.find_notebook(options.place, start)
            saved = path.stat().st_mtime_ns
            code = _check_once(review, path)
        except review.NotebookError as error:
            print(f"chainrule: {error}", file=sys.stderr)
            return USAGE
        if not options.watch:
            return code
        print("\nWaiting for you to save the notebook; Ctrl-C ends this.", flush=True)
        try:
            while path.stat().st_mtime_ns == saved:
                time.sleep(0.5)
        except (KeyboardInterrupt, OSError):
            return code


def _check_once(review, path: Path) -> int:
    notebook = review.read_notebook(path)
    print(f"{path.stem}, as it is saved now", flush=True)
    exercises = review.review(
        notebook, path.parent, lambda exercise: print(review.as_text(exercise), flush=True)
    )
    print(review.total(exercises))
    return OK if review.passes(exercises) else ATTENTION


def _release(options: argparse.Namespace) -> int:
    release, lock = _instructor_module("release"), _instructor_module("lock")
    course = _course(options)
    with lock.locked(course, say=print):
        for place in release.release(course, options.problem_set, try_solutions=True):
            print(f"Released {place.name} in {_short(place, course)}")
    return OK


def _grade(options: argparse.Namespace) -> int:
    grade = _instructor_module("grade")
    console, demo = _instructor_module("console"), _instructor_module("demo")
    course, out = _course(options), console.open_console()
    if options.dry_run:
        tasks = grade.plan(course, options.problem_set, options.students, regrade=options.regrade)
        out.print(console.plan_table(tasks))
        due = sum(bool(task.why) for task in tasks)
        out.print(f"{due} of {len(tasks)} would be graded. Nothing was written.")
        return OK
    if demo.clear_demo(course):
        out.print("Removed the results of an earlier demo.")
    progress = console.progress_on(out)
    try:
        rows = grade.grade(
            course,
            options.problem_set,
            options.students,
            progress,
            jobs=options.jobs,
            regrade=options.regrade,
            unsafe=options.unsafe,
        )
    finally:
        progress.finish()
    _show(out, console, rows)
    return _conclude(out, course, rows)


def _explain(options: argparse.Namespace) -> int:
    explain, console = _instructor_module("explain"), _instructor_module("console")
    course, out = _course(options), console.open_console()
    names = [options.problem_set] if options.problem_set else []
    names = names or explain.graded_sets(course, options.student)
    if not names:
        raise CourseError(f"nothing of {options.student!r} has been graded yet")
    same = True
    for name in names:
        told = explain.explain(course, options.student, name, unsafe=options.unsafe)
        out.print(console.explanation(told), soft_wrap=True)
        out.print()
        same = same and not told.differences
    return OK if same else ATTENTION


def _show(out, console, rows, verdicts=None) -> None:
    out.print(console.grade_table(rows, out.width, verdicts))
    out.print(console.remarks(rows))


def _conclude(out, course: Course, rows) -> int:
    """Say where to look and what is left to do; returns the exit code."""
    pages = (
        page
        for row in rows
        for page in (course.feedback / row.student / row.assignment).glob("*.html")
    )
    out.print()
    out.print(f"Grades:    {_short(course.grades, course)}", soft_wrap=True)
    for example in islice(pages, 1):
        out.print(f"Feedback:  {_short(course.feedback, course)}/, for example", soft_wrap=True)
        out.print(f"           {_short(example, course)}", soft_wrap=True)
    waiting = sum(bool(row.waiting) for row in rows)
    if waiting:
        out.print(f"{waiting} submissions have written answers for a person to grade.")
    attention = sum(row.needs_attention for row in rows)
    if attention:
        out.print(f"{attention} of {len(rows)} submissions need attention, as remarked above.")
    return ATTENTION if attention else OK


def _demo(options: argparse.Namespace) -> int:
    demo, console = _instructor_module("demo"), _instructor_module("console")
    course, out = _course(options), console.open_console()
    plan = demo.prepare(course.root)
    if plan.kept_out_by:
        out.print(f"A real class is graded here ({plan.kept_out_by}): the demo writes into .demo/.")
    out.print(f"Releasing {', '.join(course.problem_sets()) or 'nothing: source/ is empty'}")
    progress = console.progress_on(out)
    unsafe = options.unsafe or demo.has_no_box()
    if unsafe:
        out.print("No sandbox: the bundled submissions run with limits on time and memory only.")
    try:
        for assignment in demo.run(plan, progress, jobs=options.jobs, unsafe=unsafe):
            progress.finish()
            rows = plan.rows[assignment]
            verdicts = {
                row.student: plan.surprises.get((assignment, row.student), "as expected")
                for row in rows
            }
            out.print(f"\n{assignment}, graded from {_short(plan.course.submitted, course)}")
            _show(out, console, rows, verdicts)
            progress = console.progress_on(out)
    finally:
        progress.finish()
    rows = [row for graded in plan.rows.values() for row in graded]
    _conclude(out, plan.course, rows)
    out.print(f"Gradebook: {_short(plan.course.gradebook, course)} (the demo's own)")
    if plan.surprises or not rows:
        out.print(f"{len(plan.surprises)} grades are not as expected.")
        return INTERNAL
    out.print(f"All {len(rows)} grades are as expected.")
    return OK


def _doctor(options: argparse.Namespace) -> int:
    box, doctor = _instructor_module("sandbox.box"), _instructor_module("sandbox.doctor")
    try:
        root = _course(options).root
    except CourseError:
        if options.course:
            raise
        root = None
    found = box.find_box() if not options.unsafe else box.no_box()
    return OK if doctor.report(found, root) else ATTENTION


def _instructor_module(name: str):
    """A module of chainrule.grading, which needs more than a student has installed."""
    return _module_of(
        f"chainrule.grading.{name}", "this command is for instructors and needs", "grading"
    )


def _module_of(name: str, needs: str, extra: str):
    """A module that needs more than NumPy, or an error that says what to install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "chainrule":
            raise
        raise CourseError(f'{needs} {missing}: pip install "chainrule[{extra}]"') from None


def _course(options: argparse.Namespace) -> Course:
    return Course.at(options.course) if options.course else Course.around(Path.cwd())


def _short(path: Path, course: Course) -> str:
    """`path` as seen from the course, or in full."""
    return str(path.relative_to(course.root)) if path.is_relative_to(course.root) else str(path)


if __name__ == "__main__":
    sys.exit(main())
