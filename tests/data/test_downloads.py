"""Optional downloads: what comes back, and what happens without a network. None is used here."""

import gzip
import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.data import (
    DownloadError,
    downloads,
    fetch_boston,
    fetch_california_housing,
    fetch_mnist,
)
from chainrule.data.network import reachable, within

FETCHES = {
    fetch_california_housing: ("California housing", "diabetes"),
    fetch_boston: ("Boston housing", "diabetes"),
    fetch_mnist: ("MNIST", "digits"),
}
each = pytest.mark.parametrize("fetch", FETCHES, ids=lambda fetch: fetch.__name__)


@pytest.fixture(autouse=True)
def empty_disk(tmp_path, monkeypatch):
    """Nothing has been downloaded before."""
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def offline(monkeypatch):
    """No server answers, and looking one up fails at once."""

    def no_such_name(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr(downloads, "reachable", lambda server: True)


@pytest.fixture
def server():
    """A server on this machine; ``files`` is what it has, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = self.server.files.get(self.path)
            self.server.asked.append(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.asked = {}, []
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def silent():
    """The address of a server that takes a question and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


# without a network


@each
def test_offline_a_bundled_substitute_comes_back_at_once_and_says_so(fetch, offline, capsys):
    name, substitute = FETCHES[fetch]
    began = time.monotonic()
    data = fetch()
    assert time.monotonic() - began < 5
    assert (data.name, data.substitute_for) == (substitute, name)
    printed = capsys.readouterr()
    first, second = printed.out.splitlines()
    assert first.startswith(f"{name} cannot be downloaded: https://")
    assert first.endswith(" does not answer.")
    assert second.startswith(f"In its place: <Dataset {substitute} (in place of {name}): ")
    assert not printed.err


@each
def test_offline_without_a_substitute_the_error_is_one_line(fetch, offline):
    with pytest.raises(
        DownloadError, match=r"cannot be downloaded: https://\S+ does not"
    ) as caught:
        fetch(fallback=False)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_substitute_for_mnist_has_as_many_samples_as_asked_for(offline):
    assert len(fetch_mnist(n_samples=100)) == 100


@each
def test_a_download_that_hangs_is_given_up_at_its_time_limit(fetch, online, monkeypatch, capsys):
    never = threading.Event()
    for name in ("_california", "_boston", "_mnist"):
        monkeypatch.setattr(downloads, name, lambda *arguments: never.wait(30))
    began = time.monotonic()
    data = fetch(time_limit=0.2)
    never.set()
    assert time.monotonic() - began < 5
    assert data.substitute_for
    assert "cannot be downloaded: it takes longer than 0.2 s." in capsys.readouterr().out


@each
def test_any_failure_ends_in_the_substitute_with_the_reason(fetch, online, monkeypatch, capsys):
    def breaks(*arguments):
        raise KeyError("RAD")

    for name in ("_california", "_boston", "_mnist"):
        monkeypatch.setattr(downloads, name, breaks)
    assert fetch().substitute_for
    assert "cannot be downloaded: KeyError: 'RAD'." in capsys.readouterr().out


@each
def test_a_time_limit_is_a_positive_number(fetch):
    with pytest.raises(ValueError, match="time_limit must be above 0"):
        fetch(time_limit=0)


def test_the_number_of_samples_is_a_whole_number():
    with pytest.raises(TypeError, match="n_samples must be a whole number"):
        fetch_mnist(n_samples=2.5)


# finding out


def test_a_server_that_answers_is_reachable_even_if_it_says_no(server):
    assert reachable(server.address)
    assert server.asked


def test_a_closed_door_is_not_reachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert not reachable(f"http://127.0.0.1:{port}")


def test_a_server_that_never_answers_is_given_up(silent):
    began = time.monotonic()
    assert not reachable(silent, seconds=0.2)
    assert time.monotonic() - began < 2


def test_a_name_that_is_looked_up_for_ever_is_given_up(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: never.wait(30))
    began = time.monotonic()
    assert not reachable("http://nowhere.invalid", seconds=0.2)
    never.set()
    assert time.monotonic() - began < 2


def test_within_returns_what_is_done_in_time():
    assert within(5, lambda: 42) == 42


def test_within_tells_why_something_failed():
    with pytest.raises(DownloadError, match=r"^ZeroDivisionError: division by zero$"):
        within(5, lambda: 1 / 0)


# what comes back


def bunch(**fields):
    return SimpleNamespace(**{"categories": None, **fields})


def test_california_is_turned_into_a_data_set(online, monkeypatch):
    from sklearn import datasets

    asked = {}

    def fetched(**options):
        asked.update(options)
        return bunch(data=np.ones((5, 2)), target=np.arange(5.0), feature_names=["MedInc", "Age"])

    monkeypatch.setattr(datasets, "fetch_california_housing", fetched)
    data = fetch_california_housing()
    assert repr(data) == "<Dataset California housing: 5 samples, 2 features, 1 output>"
    np.testing.assert_array_equal(data.y, np.arange(5.0)[:, np.newaxis])
    assert asked == {"download_if_missing": True}


def test_what_was_downloaded_before_is_used_offline(offline, monkeypatch):
    from sklearn import datasets

    def fetched(download_if_missing):
        assert not download_if_missing
        return bunch(data=np.ones((5, 2)), target=np.arange(5.0), feature_names=["a", "b"])

    monkeypatch.setattr(datasets, "fetch_california_housing", fetched)
    assert fetch_california_housing().name == "California housing"


def test_boston_s_columns_of_few_values_hold_the_values_again(online, monkeypatch):
    from sklearn import datasets

    def fetched(name, **options):
        assert (name, options["version"]) == ("boston", 1)
        return bunch(
            data=np.array([[0.1, 1.0, 2.0], [0.2, 0.0, 0.0]]),
            target=np.array([21.5, 22.5]),
            feature_names=["CRIM", "CHAS", "RAD"],
            categories={"CHAS": ["0", "1"], "RAD": ["1", "2", "24"]},
        )

    monkeypatch.setattr(datasets, "fetch_openml", fetched)
    data = fetch_boston()
    np.testing.assert_array_equal(data.X, [[0.1, 1, 24], [0.2, 0, 1]])
    np.testing.assert_array_equal(data.y, [[21.5], [22.5]])
    assert data.target_names == ("MEDV",)


def idx(array):
    """An array of bytes in the format of MNIST, compressed."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">i4").tobytes()
    return gzip.compress(head + array.astype(np.uint8).tobytes())


@pytest.fixture
def small_mnist(server, monkeypatch):
    """A server with three training samples and two to test with, 2 by 3 pixels."""
    pictures = np.arange(30).reshape(5, 2, 3)
    labels = np.array([3, 0, 9, 1, 1])
    contents = [idx(each) for each in (pictures[:3], labels[:3], pictures[3:], labels[3:])]
    files = [
        (name, hashlib.md5(content, usedforsecurity=False).hexdigest())
        for (name, _), content in zip(downloads.MNIST_FILES, contents, strict=True)
    ]
    server.files = {
        f"/mnist/{name}": content for (name, _), content in zip(files, contents, strict=True)
    }
    monkeypatch.setattr(downloads, "MNIST_FILES", files)
    monkeypatch.setattr(downloads, "MNIST_SERVER", server.address)
    return pictures, labels


def test_mnist_is_downloaded_and_read(small_mnist):
    pictures, labels = small_mnist
    data = fetch_mnist(fallback=False)
    np.testing.assert_array_equal(data.X, pictures.reshape(5, 6))
    np.testing.assert_array_equal(data.y, labels[:, np.newaxis])
    assert data.feature_names[4] == "pixel 1 1"
    assert (data.name, data.substitute_for, data.n_classes) == ("MNIST", "", 10)


def test_mnist_s_first_samples_are_enough_if_asked_for(small_mnist):
    assert len(fetch_mnist(n_samples=2, fallback=False)) == 2


def test_mnist_is_downloaded_only_once(small_mnist, server):
    first = fetch_mnist(fallback=False)
    asked = len(server.asked)
    server.files = {}
    np.testing.assert_array_equal(fetch_mnist(fallback=False).X, first.X)
    assert [path for path in server.asked[asked:] if path.startswith("/mnist/")] == []


def test_mnist_on_the_disk_needs_no_network(small_mnist, monkeypatch):
    first = fetch_mnist(fallback=False)
    monkeypatch.setattr(downloads, "reachable", lambda server: False)
    np.testing.assert_array_equal(fetch_mnist(fallback=False).X, first.X)


def test_mnist_that_was_damaged_on_the_way_is_refused_and_not_kept(small_mnist, server, empty_disk):
    path = next(iter(server.files))
    server.files[path] = server.files[path][:-1] + b"?"
    with pytest.raises(DownloadError, match="has been damaged on the way"):
        fetch_mnist(fallback=False)
    assert not list(empty_disk.rglob("train-images*"))


def test_mnist_that_was_damaged_on_the_disk_is_downloaded_again(small_mnist, empty_disk):
    first = fetch_mnist(fallback=False)
    (path,) = empty_disk.rglob("train-images*")
    path.write_bytes(b"?")
    np.testing.assert_array_equal(fetch_mnist(fallback=False).X, first.X)
