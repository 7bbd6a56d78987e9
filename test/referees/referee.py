"""What the referees in Python share: steps, and the controls of the fake."""
import json
import sys
import time
import traceback
import urllib.request

BASE = sys.argv[1]
at_end = []  # what ends the programs that were started
_failed = False


def control(path, **what):
    request = urllib.request.Request(f"{BASE}/_fake/{path}", json.dumps(what).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def state():
    with urllib.request.urlopen(f"{BASE}/_fake/state", timeout=10) as answer:
        return json.load(answer)


def until(condition, seconds=40, what=""):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting for {what() if callable(what) else what}")
        time.sleep(0.05)


def step(name, action, needed=False):
    """Runs one step of the scenario; those after a failed one run too, unless they need it."""
    global _failed
    try:
        detail = action()
        print(json.dumps({"step": name, "ok": True, "detail": "" if detail is None else str(detail)}, ensure_ascii=False), flush=True)
        return detail
    except Exception:
        _failed = True
        print(json.dumps({"step": name, "ok": False, "detail": traceback.format_exc(limit=4)}, ensure_ascii=False), flush=True)
        if needed:
            end()
        return None


def end():
    import os
    sys.stdout.flush()
    for stop in at_end:
        stop()
    os._exit(1 if _failed else 0)  # the clients' threads never end
