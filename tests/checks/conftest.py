import pytest
from small_exercises import checks_of, failure


@pytest.fixture
def said(tmp_path):
    """Ask what is said of an answer: ``said("Cubed", "backward", answer)`` is the failure."""

    def ask(name, stage, answer):
        checks = checks_of(tmp_path, **{name: answer})
        return failure(getattr(checks, stage), name)

    return ask


@pytest.fixture
def accepted(tmp_path, capsys):
    """Ask whether an answer passes; what is shown then."""

    def ask(name, stage, answer):
        getattr(checks_of(tmp_path, **{name: answer}), stage)(name)
        return " ".join(capsys.readouterr().out.split())

    return ask
