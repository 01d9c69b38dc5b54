"""Ears on this machine: whatever the hostile class sends to them is a leak."""

import contextlib
import selectors
import socket
import threading
from pathlib import Path


class Listener:
    """Listens on loopback (TCP and UDP), on an abstract socket and on one in a folder.

    Attributes
    ----------
    port : int
    heard : list of bytes
        What came, empty where somebody connected and said nothing.
    """

    def __init__(self, folder: Path):
        self.heard: list[bytes] = []
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self._sockets = [tcp, udp]
        for address in (f"\0hostile-{self.port}", str(folder / "socket")):
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(address)
            sock.listen()
            self._sockets.append(sock)
        (folder / "socket").chmod(0o777)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()

    def _listen(self) -> None:
        selector = selectors.DefaultSelector()
        for sock in self._sockets:
            selector.register(sock, selectors.EVENT_READ)
        with selector:
            while not self._ended.is_set():
                for key, _ in selector.select(timeout=0.2):
                    self._hear(key.fileobj)

    def _hear(self, sock: socket.socket) -> None:
        if sock.type == socket.SOCK_DGRAM:
            self.heard.append(sock.recv(65536))
            return
        with contextlib.suppress(OSError):
            connection, _ = sock.accept()
            with connection:
                connection.settimeout(1)
                got = b""
                with contextlib.suppress(OSError):
                    got = connection.recv(65536)
                self.heard.append(got)
