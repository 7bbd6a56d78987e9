"""Waiting for conditions, never for time."""
import time


def eventually(condition, seconds=30.0, what="", interval=0.02):
    """Polls until condition() is truthy and returns that; after `seconds` fails, saying what was last seen."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            description = what() if callable(what) else what
            raise AssertionError(f"gave up after {seconds:g} s waiting for {description or condition}; last: {value!r}")
        time.sleep(interval)


def stays(condition, seconds, what=""):
    """Fails at the first moment within `seconds` at which condition() is not truthy."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"did not stay so: {what() if callable(what) else what or condition}")
        time.sleep(0.05)
