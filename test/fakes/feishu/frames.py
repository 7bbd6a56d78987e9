"""The protobuf message of the long connection (package pbbp2, proto2): encoder and strict decoder."""
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1
NUMBERS = {1: "seq_id", 2: "log_id", 3: "service", 4: "method"}
TEXTS = {6: "payload_encoding", 7: "payload_type", 8: "payload", 9: "log_id_new"}


class Malformed(Exception):
    pass


@dataclass
class Frame:
    service: int
    method: int
    headers: list = field(default_factory=list)  # (key, value) pairs
    payload: bytes = b""
    seq_id: int = 0
    log_id: int = 0
    payload_encoding: bytes = b""
    payload_type: bytes = b""
    log_id_new: bytes = b""

    def header(self, name):
        return next((value for key, value in self.headers if key == name), "")


def _varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number, value):
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def encode(frame):
    out = b"".join(_varint(number << 3) + _varint(getattr(frame, name)) for number, name in NUMBERS.items())
    for key, value in frame.headers:
        out += _bytes(5, _bytes(1, key.encode()) + _bytes(2, value.encode()))
    for number, name in TEXTS.items():
        if getattr(frame, name):
            out += _bytes(number, getattr(frame, name))
    return out


def _fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise Malformed("a number without end")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            if at + size > len(data):
                raise Malformed("longer than the frame")
            yield tag >> 3, data[at:at + size]
            at += size
        else:
            raise Malformed(f"wire type {tag & 7}")


def decode(data):
    seen, headers = {}, []
    for number, value in _fields(data):
        if number == 5:
            pair = dict(_fields(value))
            headers.append((pair[1].decode(), pair[2].decode()))
        else:
            seen[number] = value
    missing = [name for number, name in NUMBERS.items() if number not in seen]
    if missing:
        raise Malformed(f"required fields are missing: {missing}")
    signed = {name: seen[number] - (1 << 64) if seen[number] >> 63 else seen[number] for number, name in NUMBERS.items()}
    return Frame(headers=headers, **signed, **{name: seen.get(number, b"") for number, name in TEXTS.items()})
