"""What a student's process says that it showed, and what is kept of it."""

import base64
import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from chainrule.grading.outputs import MAX_OUTPUTS, MAX_TEXT, as_outputs, is_picture, safe_data
from chainrule.grading.sandbox import recorder
from chainrule.grading.sandbox.recorder import CUT, Recorder, Stream

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(60))).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff" + bytes(9)).decode()
SCRIPT = "<script>alert(1)</script>"


def figure(content=PNG, alt="a curve", kind="image/png", more=""):
    return f'<figure><img src="data:{kind};base64,{content}" alt="{alt}"{more}></figure>'


def shown(data):
    outputs = as_outputs([{"output_type": "display_data", "data": data}])
    return outputs[0].data if outputs else {}


class TestKinds:
    def test_text_is_kept(self):
        (output,) = as_outputs([{"output_type": "stream", "name": "stdout", "text": "hello"}])
        assert (output.name, output.text) == ("stdout", "hello")

    @pytest.mark.parametrize("name", ["stderr", "stdout", "other", None, 3, ["stderr"]])
    def test_a_stream_is_one_of_two(self, name):
        (output,) = as_outputs([{"output_type": "stream", "name": name, "text": ""}])
        assert output.name == ("stderr" if name == "stderr" else "stdout")

    def test_an_error_is_kept(self):
        said = {"ename": "ValueError", "evalue": "no", "traceback": ["line 1", "line 2"]}
        (output,) = as_outputs([{"output_type": "error", **said}])
        assert dict(output) == {"output_type": "error", **said}

    def test_a_result_is_kept(self):
        (output,) = as_outputs([{"output_type": "execute_result", "data": {"text/plain": "3"}}])
        assert output.data == {"text/plain": "3"}

    @pytest.mark.parametrize("kind", ["update_display_data", "clear_output", "", None, 3, []])
    def test_no_other_kind_is(self, kind):
        assert as_outputs([{"output_type": kind, "data": {"text/plain": "3"}}]) == []

    @pytest.mark.parametrize("sent", [None, 3, "abc", {}, [1], [None], [[]], [{}], ({},)])
    def test_nonsense_is_nothing(self, sent):
        assert as_outputs(sent) == []


class TestPictures:
    def test_one_that_is_one_is_kept(self):
        assert shown({"image/png": PNG, "text/plain": "<Figure>"}) == {
            "image/png": PNG,
            "text/plain": "<Figure>",
        }
        assert shown({"image/jpeg": JPEG}) == {"image/jpeg": JPEG}

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            *(("image/png", JPEG), ("image/jpeg", PNG), ("image/png", SCRIPT), ("image/png", "")),
            *(("image/png", PNG[:-1] + "*"), ("image/png", 3), ("image/gif", PNG)),
            *(("image/svg+xml", f"<svg>{SCRIPT}</svg>"), ("text/html", f'{PNG}"{SCRIPT}')),
            *(("application/javascript", "alert(1)"), ("text/markdown", SCRIPT)),
            *(("text/latex", "x"), ("application/vnd.jupyter.widget-view+json", "{}")),
        ],
    )
    def test_anything_else_is_not(self, kind, text):
        assert shown({kind: text}) == {}

    def test_line_breaks_in_one_are_taken_out(self):
        assert shown({"image/png": PNG[:40] + "\n" + PNG[40:] + "\n"}) == {"image/png": PNG}

    def test_one_that_is_too_large_is_not_kept(self):
        assert not is_picture("image/png", PNG + "A" * 8_000_000)


class TestHtml:
    def test_a_figure_of_the_course_is_written_anew(self):
        html = figure(more=' width="400"').replace(
            "</fig", "<figcaption>A &amp; B</figcaption></fig"
        )
        assert shown({"text/html": f"<style>b</style>{html}"})["text/html"] == html

    def test_an_alternative_text_stays_text(self):
        html = shown({"text/html": figure(alt="a &lt;b&gt; &quot;c&quot;")})["text/html"]
        assert 'alt="a &lt;b&gt; &quot;c&quot;"' in html
        assert 'alt="a &amp; b"' in shown({"text/html": figure(alt="a & b")})["text/html"]

    @pytest.mark.parametrize(
        "html",
        [
            *(SCRIPT, "<b>bold</b>", figure(content=JPEG), figure(content="A" * 40), "", "<img>"),
            *(figure(kind="text/html"), figure(alt='" onerror="alert(1)')[:-20]),
            *(figure(more=" onerror=alert(1)"), figure(more=' width="40000"')),
            *(f'<img src="http://example.org/{PNG}" alt="">', figure("A" * 11_000_000)),
            figure(more='>"' + SCRIPT).replace("base64,", "base64, "),
        ],
        ids=range(13),
    )
    def test_of_anything_else_nothing_is_kept(self, html):
        assert shown({"text/html": html}) == {}

    @pytest.mark.parametrize(
        "around",
        [
            *(
                SCRIPT,
                "<img src=x onerror=alert(1)>",
                "<iframe src='http://x'>",
                "<style>*{}</style>",
            ),
            "<figcaption><script>alert(1)</script></figcaption>",
        ],
    )
    def test_around_a_figure_nothing_is_kept(self, around):
        html = shown({"text/html": around + figure() + around})["text/html"]
        assert html == figure()

    def test_a_caption_stays_text(self):
        html = figure() + "<figcaption>&lt;script&gt;</figcaption>"
        assert "<figcaption>&lt;script&gt;</figcaption>" in shown({"text/html": html})["text/html"]
        assert "<script" not in shown({"text/html": html})["text/html"]


class TestBounds:
    def test_of_many_outputs_the_first_are_kept(self):
        one = {"output_type": "stream", "name": "stdout", "text": "x"}
        assert len(as_outputs([one] * 1000)) == MAX_OUTPUTS

    def test_long_texts_are_cut(self):
        long = "x" * (2 * MAX_TEXT)
        error = {"output_type": "error", "ename": long, "evalue": long, "traceback": [long] * 99}
        (output,) = as_outputs([error])
        assert len(output.ename) + len(output.evalue) < 3000
        assert len(output.traceback) == 20
        assert len(output.traceback[0]) == MAX_TEXT

    json_like = st.recursive(
        st.one_of(
            *(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            st.sampled_from(["stream", "error", "display_data", "stderr", "\ud800", PNG, figure()]),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(
                    [
                        *("output_type", "name", "text", "data", "ename", "evalue", "traceback"),
                        *("text/plain", "text/html", "image/png", "image/jpeg"),
                    ]
                ),
                inner,
                max_size=7,
            ),
        ),
    )

    @given(json_like)
    def test_whatever_is_sent_a_notebook_can_hold_and_a_file_too(self, sent):
        outputs = as_outputs([sent, *(sent if isinstance(sent, list) else [])])
        nb = new_notebook(cells=[new_code_cell("", outputs=outputs)])
        nbformat.validate(nb)
        nbformat.writes(nb).encode("utf-8")

    @given(json_like)
    def test_whatever_is_displayed_is_safe(self, data):
        for kind, value in safe_data(data).items():
            assert kind in ("text/plain", "text/html", "image/png", "image/jpeg")
            assert kind != "text/html" or value == figure()


class Owner:
    def __init__(self):
        self.recorder = Recorder()


class TestRecorder:
    def test_writes_to_one_stream_are_one_output(self):
        owner = Owner()
        out, err = Stream("stdout", owner), Stream("stderr", owner)
        print("a", 1, file=out)
        print("b", file=err)
        print("c", file=out)
        assert [(one["name"], one["text"]) for one in owner.recorder.finished()] == [
            ("stdout", "a 1\n"),
            ("stderr", "b\n"),
            ("stdout", "c\n"),
        ]
        assert owner.recorder.text() == "a 1\nb\nc\n"

    def test_a_stream_takes_only_text_and_is_no_terminal(self):
        out = Stream("stdout", Owner())
        assert out.writable()
        assert not out.isatty()
        with pytest.raises(TypeError, match="must be str, not bytes"):
            out.write(b"x")

    def test_a_flood_of_text_is_cut(self):
        owner = Owner()
        out = Stream("stdout", owner)
        for _ in range(100):
            out.write("x" * 10_000)
        text = owner.recorder.text()
        assert text.endswith(CUT)
        assert len(text) == recorder.MAX_TEXT + len(CUT)

    def test_a_flood_of_outputs_is_cut(self):
        made = Recorder()
        for number in range(1000):
            made.stream(("stdout", "stderr")[number % 2], "x")
            made.bundle("display_data", {"text/plain": "y"})
        assert len(made.finished()) == recorder.MAX_OUTPUTS

    def test_pictures_are_kept_until_they_are_too_large_together(self):
        made = Recorder()
        for _ in range(5):
            made.bundle("display_data", {"image/png": "x" * (recorder.MAX_DATA // 2)})
        kept = [one["data"] for one in made.finished()]
        assert ["image/png" in one for one in kept] == [True, True, False, False, False]
        assert "too large to keep" in kept[-1]["text/plain"]

    def test_an_error_is_kept_after_a_flood(self):
        made = Recorder()
        for _ in range(1000):
            made.bundle("display_data", {"text/plain": "y"})
        made.error("ValueError", "x" * 5000, ["line"] * 5000)
        assert made.finished()[-1]["ename"] == "ValueError"
        assert len(made.finished()) == recorder.MAX_OUTPUTS
        assert len(json.dumps(made.finished()[-1])) < 10_000

    def test_what_is_no_text_in_a_bundle_is_dropped(self):
        made = Recorder()
        made.bundle("display_data", {"application/json": {"a": 1}, "text/plain": "b"})
        made.bundle("display_data", {"image/png": b"raw"})
        assert [one["data"] for one in made.finished()] == [{"text/plain": "b"}]
