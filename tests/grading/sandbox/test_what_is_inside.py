"""Files, descriptors and variables that code in the box finds."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_top_folder_holds_the_system_and_the_packages_only(inside):
    found = set(inside("import os; result = os.listdir('/')"))
    system = {"usr", "lib", "lib32", "lib64", "libx32", "bin", "sbin", "etc"}
    assert found <= system | {"dev", "proc", "tmp", "home", "course", "root", "opt", "nix"}


def test_no_file_of_the_course_but_the_package_is_to_be_seen(inside):
    assert inside("import os; result = os.path.exists(" + repr(str(ROOT)) + ")") is False
    names = inside(
        "import os, chainrule\n"
        "place = os.path.dirname(os.path.dirname(chainrule.__file__))\n"
        "result = os.listdir(place)"
    )
    assert "chainrule" in names
    assert not {"source", "tests", "release", "course.py", "gradebook.db"} & set(names)


def test_nothing_can_be_written_but_home_tmp_and_shm(inside):
    written = inside(
        "import os, sys\n"
        "places = ['/', '/etc', '/usr', '/home', '/dev', '/proc', *sys.path]\n"
        "result = []\n"
        "for place in [*places, '/home/student', '/tmp', '/dev/shm']:\n"
        "    try:\n"
        "        open(place + '/mine', 'w').close()\n"
        "        result.append(place)\n"
        "    except OSError:\n"
        "        pass"
    )
    assert written == ["/home/student", "/tmp", "/dev/shm"]


def test_home_is_the_current_folder_and_empty(inside):
    assert inside("import os; result = [os.getcwd(), os.listdir()]") == ["/home/student", []]


def test_proc_is_empty_and_there_is_no_sys(inside):
    assert inside("import os; result = [os.listdir('/proc'), os.path.exists('/sys')]") == [
        [],
        False,
    ]


def test_only_the_own_socket_and_nothing_else_is_open(inside):
    found = inside(
        "import os\n"
        "null = os.stat('/dev/null').st_ino\n"
        "result = {}\n"
        "for fd in range(4096):\n"
        "    try:\n"
        "        result[fd] = os.fstat(fd).st_ino == null\n"
        "    except OSError:\n"
        "        pass\n"
        "result['socket'] = sock.fileno()"
    )
    own = str(found.pop("socket"))
    assert found == {"0": True, "1": True, "2": True, own: False}


def test_variables_are_a_fixed_few(inside, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    names = set(inside("import os; result = list(os.environ)"))
    assert not [name for name in names if "SECRET" in name or "TOKEN" in name or "PYTEST" in name]
    assert names <= {
        *("HOME", "PATH", "LANG", "USER", "TMPDIR", "PWD", "MPLBACKEND", "MPLCONFIGDIR"),
        *("IPYTHONDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "NPY_DISABLE_CPU_FEATURES"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"),
        *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
    }


def test_what_was_not_imported_before_can_still_be(inside):
    assert (
        inside(
            "import numpy, numpy.random, decimal, chainrule.trainer\n"
            "result = float(numpy.ones((3, 3)).sum())"
        )
        == 9.0
    )


def test_help_and_exit_are_there_as_in_any_python(inside):
    assert inside("result = [callable(help), callable(exit)]") == [True, True]


def test_sets_of_strings_have_one_order(nursery):
    from chainrule.grading.sandbox.doctor import ask

    orders = set()
    for _ in range(2):
        with nursery.worker() as worker:
            orders.add(tuple(ask(worker, run="result = list({'a', 'b', 'c', 'd', 'e'})")))
    assert len(orders) == 1
