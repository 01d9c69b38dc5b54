"""What a student's cell shows, recorded as a notebook's outputs and bounded in size."""

import io

MAX_TEXT = 200_000  # characters of text that one cell may show
MAX_DATA = 6_000_000  # characters of pictures and the like
MAX_OUTPUTS = 200
CUT = "\n... (the rest was cut off: too much output)\n"


class Recorder:
    """Takes outputs in the order in which they come, until there are too many."""

    def __init__(self):
        self.outputs: list[dict] = []
        self._text = MAX_TEXT
        self._data = MAX_DATA
        self._cut = False

    def stream(self, name: str, text: str) -> None:
        """Text written to ``stdout`` or ``stderr``."""
        if self._cut or not text:
            return
        kept = text[: self._text]
        self._text -= len(kept)
        if len(kept) < len(text):
            kept, self._cut = kept + CUT, True
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["parts"].append(kept)
        elif self._room():
            self.outputs.append({"output_type": "stream", "name": name, "parts": [kept]})

    def bundle(self, kind: str, data: dict) -> None:
        """Something displayed, or a cell's result, in several formats."""
        texts = {key: value for key, value in data.items() if isinstance(value, str)}
        size = sum(map(len, texts.values()))
        if size > self._data:
            texts = {"text/plain": f"({size / 1e6:.0f} MB: too large to keep)"}
        self._data -= min(size, self._data)
        if texts and self._room():
            self.outputs.append({"output_type": kind, "data": texts})

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An exception that ended a cell."""
        if len(self.outputs) >= MAX_OUTPUTS:
            self.outputs.pop()
        lines = [line[:2000] for line in "\n".join(traceback)[:MAX_TEXT].split("\n")]
        if len(lines) > 120:
            lines = [*lines[:60], "...", *lines[-60:]]
        self.outputs.append(
            {
                "output_type": "error",
                "ename": name[:200],
                "evalue": value[:2000],
                "traceback": ["\n".join(lines)],
            }
        )

    def finished(self) -> list[dict]:
        """All outputs, as plain data."""
        return [
            {"output_type": "stream", "name": output["name"], "text": "".join(output["parts"])}
            if "parts" in output
            else output
            for output in self.outputs
        ]

    def text(self) -> str:
        """What was written, without what was displayed."""
        streams = (output for output in self.outputs if output["output_type"] == "stream")
        return "".join("".join(output["parts"]) for output in streams)

    def _room(self) -> bool:
        return len(self.outputs) < MAX_OUTPUTS


class Stream(io.TextIOBase):
    """A text stream that ends in whatever recorder is on duty."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name: str, student):
        super().__init__()
        self.name = f"<{name}>"
        self._name = name
        self._student = student

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Nobody sits there."""
        return False

    def write(self, text: str) -> int:
        """Record a text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._student.recorder.stream(self._name, str(text))
        return len(text)
