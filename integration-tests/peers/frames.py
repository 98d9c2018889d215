"""A client of HTTP/2 that speaks in frames (RFC 9113), for the suites beside this file.

Python's h2 takes a connection for closed at the first GOAWAY, and so cannot see what comes after it.
"""

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def fields(*pairs):
    """Writes fields without a table (RFC 7541 section 6.2.2)."""
    text = lambda value: bytes([len(value)]) + value.encode()
    return b"".join(b"\0" + text(name) + text(value) for name, value in pairs)


def head(method, path, *more):
    return fields((":method", method), *more, (":scheme", "http"), (":authority", "localhost"), (":path", path))


def get(stream, path):
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, head("GET", path))


def opening():
    return PREFACE + frame(SETTINGS)


class Reader:
    """Takes frames from a stream of bytes, and says what has to be answered to them."""

    def __init__(self):
        self.bytes = b""

    def frames(self, more):
        """Yields kind, flags, stream and payload of each frame that is whole."""
        self.bytes += more
        while len(self.bytes) >= 9:
            length = int.from_bytes(self.bytes[:3], "big")
            if len(self.bytes) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self.bytes[3:9])
            payload, self.bytes = self.bytes[9 : 9 + length], self.bytes[9 + length :]
            yield kind, flags, stream, payload


def agreement(kind, flags, payload):
    """What the server waits for after this frame (RFC 9113 sections 6.5 and 6.7)."""
    if kind in (SETTINGS, PING) and not flags & ACK:
        return frame(kind, ACK, 0, payload if kind == PING else b"")
    return b""
