"""Asks a scoring server over kept connections, at full speed or at a given rate, and checks every answer."""

from __future__ import annotations

import json
import math
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_TOLERANCE = 1e-9
_ANSWER_LIMIT_S = 120


@dataclass(frozen=True)
class Case:
    """A request and the predictions it must get."""

    body: bytes
    answers: Sequence[float]
    content_type: str = "application/json"
    accept: str = "application/json"
    read: Callable[[bytes], Sequence[float]] = lambda body: json.loads(body)["predictions"]

    @property
    def request(self) -> bytes:
        """The request as it is sent."""
        head = (
            f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: {self.content_type}\r\n"
            f"Accept: {self.accept}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body

    def check(self, status: int, body: bytes) -> None:
        """End the program unless the answer is right."""
        if status != 200:
            raise SystemExit(f"answered {status}: {body[:300]!r}")
        found = self.read(body)
        right = len(found) == len(self.answers) and all(
            math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
            for a, b in zip(found, self.answers, strict=True)
        )
        if not right:
            raise SystemExit(f"a wrong answer: {body[:300]!r} in place of {self.answers[:5]}")


class Connection:
    """A kept connection with one request at a time."""

    def __init__(self, port: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port), _ANSWER_LIMIT_S)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.case: Case | None = None
        self._received = bytearray()

    @classmethod
    def answers(cls, port: int) -> bool:
        """Return whether a server says that it can score."""
        try:
            connection = cls(port)
            connection.stream.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while (answer := connection.receive()) is None:
                pass
            connection.close()
        except OSError:
            return False
        return answer[0] == 200

    def send(self, case: Case, data: bytes) -> None:
        """Send a request of a case, rendered before."""
        self.case, self.sent_at = case, time.perf_counter()
        self.stream.sendall(data)

    def receive(self) -> tuple[int, bytes] | None:
        """Read once and return the status and body of the answer, None while it is not whole."""
        data = self.stream.recv(1 << 20)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if len(body) < int(lengths[0].partition(b":")[2]):
            return None
        self._received.clear()
        return int(head[9:12]), bytes(body)

    def ask(self, case: Case) -> None:
        """Ask and wait for the right answer."""
        self.send(case, case.request)
        while (answer := self.receive()) is None:
            pass
        case.check(*answer)

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()


@dataclass
class Measured:
    """What a load came to: answers, and how long each was waited for."""

    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.waits_s) / self.seconds


class Load:
    """Several connections that ask again once answered, or when it is time to.

    Parameters
    ----------
    port : int
    cases : sequence of Case
        Asked in turn.
    connections : int
    per_second : float, optional
        Requests of all connections together, as far as there is a free one; waiting for one counts.
    most : int, optional
        Requests after which to stop.
    """

    def __init__(
        self,
        port: int,
        cases: Sequence[Case],
        connections: int,
        per_second: float | None = None,
        most: int | None = None,
    ) -> None:
        self._port = port
        self._cases = [(case, case.request) for case in cases]
        self._connections = connections
        self._per_second = per_second
        self._most = most

    def run(self, seconds: float) -> Measured:
        """Ask for so long; answers are checked when the time is over."""
        measured = Measured()
        answers: list[tuple[Case, int, bytes]] = []
        known: set[tuple[int, bytes]] = set()
        with selectors.DefaultSelector() as selector:
            free = [Connection(self._port) for _ in range(self._connections)]
            for connection in free:
                selector.register(connection.stream, selectors.EVENT_READ, connection)
            busy, asked, begin = 0, 0, time.perf_counter()
            while True:
                now = time.perf_counter()
                over = now > begin + seconds or (self._most is not None and asked >= self._most)
                while free and not over and self._is_due(asked, now - begin):
                    case, data = self._cases[asked % len(self._cases)]
                    connection = free.pop()
                    connection.send(case, data)
                    if self._per_second:
                        connection.sent_at = begin + asked / self._per_second
                    asked, busy = asked + 1, busy + 1
                if over and not busy:
                    break
                pause = None if self._per_second is None or not free else 0.0005
                for key, _ in selector.select(pause):
                    connection = key.data
                    if (answer := connection.receive()) is not None:
                        measured.waits_s.append(time.perf_counter() - connection.sent_at)
                        answers.append((connection.case, *answer))
                        free.append(connection)
                        busy -= 1
            measured.seconds = time.perf_counter() - begin
            for connection in free:
                connection.close()
        for case, status, body in answers:
            # Most answers are the same text as that to the same request before.
            if (id(case), body) not in known:
                case.check(status, body)
                known.add((id(case), body))
        return measured

    def _is_due(self, asked: int, elapsed: float) -> bool:
        return self._per_second is None or elapsed >= asked / self._per_second
