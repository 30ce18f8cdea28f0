"""Reading and writing of a stream that others may read meanwhile."""

import selectors
import socket

from pycore.models.frames import encode
from pycore.scoring.engine.connection import Connection


def test_a_connection_paused_meanwhile_is_left_to_its_other_reader():
    with selectors.DefaultSelector() as selector:
        pairs = [socket.socketpair() for _ in range(2)]
        read = []

        def on_frame(connection, frame):
            read.append(connection)
            for other in connections:
                if other is not connection:
                    other.pause()

        connections = [Connection(ours, selector, on_frame, read.append) for ours, _ in pairs]
        for _, theirs in pairs:
            theirs.sendall(encode({"id": "1"}))
        events = selector.select()
        assert len(events) == 2
        for key, ready in events:
            key.data(ready)
        [first] = read
        [paused] = {*connections} - {first}
        paused.resume()
        for key, ready in selector.select():
            key.data(ready)
        assert read == [first, paused]
        # The first was paused in turn.
        first.resume()
        for connection, (_, theirs) in zip(connections, pairs, strict=True):
            connection.close()
            theirs.close()
