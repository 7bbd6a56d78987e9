"""Klaw through what DingTalk's fake does wrong on demand."""
import json
import threading
import time

from klaw import TITLE, Klaw, no_secret_in, playable
from referee import control, end, state, step, until

APP = {"type": "dingtalk", "id": "dingapp1", "secret": "Qw3rty-of-the-app", "corp_id": "ding1"}
ACCESS = [{"name": "李雷", "dingtalk": "li", "role": "operator"}, {"name": "韩梅梅", "dingtalk": "han", "role": "operator"}]
playable() or end()
klaw = Klaw("dingtalk-troubles", APP, {"type": "dingtalk", "chat": "cidops=="}, ACCESS,
            {"type": "dingtalk", "chat": "cidleft=="}, mention=["李雷", "韩梅梅"])


def calls(name):
    return [line for line in state()["transcript"] if line.startswith(f"call {name}")]


def write(text="clusters", chat="cidops==", **more):
    return control("message", chat=chat, sender="li", text=text, **more)


def ask(text="clusters", chat="cidops==", **more):
    """What is answered in that chat."""
    before = len(state()["messages"])
    write(text, chat, **more)
    return until(lambda: [m["text"] for m in state()["messages"][before:] if m["to"] == chat], 20, f"an answer to {text}")[-1]


def unknown_people():
    """One of two that the card calls is unknown to the platform: it comes all the same and calls the other. In a group that
    the robot was taken out of it does not come, which is said."""
    control("connection", do="unknown_people", people=["han"])
    control("connection", do="robot_leaves", chat="cidleft==")
    klaw.start()
    sent = until(lambda: [c for c in state()["cards"] if c["spaces"] == ["cidops=="]], 30, "the card")[0]
    assert TITLE in json.dumps(sent) and sent["mentioned"] == {"li": "李雷"}, sent
    assert "call card.createAndDeliver param.userIdNotExist" in calls("card.createAndDeliver"), calls("card.createAndDeliver")
    until(lambda: "the robot is not in the group" in klaw.log(), 20, "the word about the other group")
    until(lambda: state()["connections"], 20, "the connection")
    return sent["id"]


def pressed_twice(card):
    pressed = control("press", card=card, label="Acknowledge", operator="li", times=2)
    assert pressed["code"] == 200, pressed
    versions = [c for c in state()["cards"] if c["id"] == card][0]["versions"]
    until(lambda: "李雷" in json.dumps([c for c in state()["cards"] if c["id"] == card][0]["versions"], ensure_ascii=False), 20, "the change")
    ask()
    assert len([c for c in state()["cards"] if c["id"] == card][0]["versions"]) <= len(versions) + 1


def waits():
    """After a 429 the answer comes when the platform allows it, and once."""
    control("fault", api="robot.groupMessages", kind="answer", status=429, code="Throttled", retry_after=2)
    write(session_life=1)  # the robot writes by itself
    until(lambda: calls("robot.groupMessages"), 10, "the refused answer")
    refused = time.monotonic()
    until(lambda: len(calls("robot.groupMessages")) > 1, 20, "the answer")
    assert time.monotonic() - refused > 1.8, time.monotonic() - refused
    assert calls("robot.groupMessages") == ["call robot.groupMessages Throttled", "call robot.groupMessages"]


def reordered():
    """The second of two messages comes first: each has its own answer."""
    control("connection", do="reorder", count=2)
    got = {}
    threads = [threading.Thread(target=lambda chat=chat, text=text: got.update({text: ask(text, chat)}))
               for chat, text in (("cid1==", "clusters"), ("cid2==", "silence list"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "version v" in got["clusters"] and "version v" not in got["silence list"], got


def wrong_frames():
    """Each is counted and costs neither the connection nor the next message."""
    registrations, before = state()["registrations"], klaw.dropped()
    for kind in ("text", "garbage", "oversized", "binary", "numeric"):
        control("connection", do=kind)
    assert "version v" in ask()
    new = {reason: count - before.get(reason, 0) for reason, count in klaw.dropped().items()}
    assert {"malformed frame": 2, "too long": 1, "binary frame": 1}.items() <= new.items(), new
    assert state()["registrations"] == registrations


def half_open():
    """A connection that takes everything and answers nothing is replaced."""
    before = state()["registrations"]
    control("connection", do="deafen")
    until(lambda: state()["registrations"] > before and state()["connections"], 40, "a new connection")
    assert "version v" in ask()


def no_parallel_writes():
    assert "call card.update in parallel" not in state()["transcript"]
    assert calls("card.update"), "no card was changed"


card = step("sends a card without the one that the platform does not know, and says where the robot is missing", unknown_people, needed=True)
step("acts once on a press that comes twice", lambda: pressed_twice(card))
step("waits as long as Retry-After says", waits)
step("answers messages that overtake one another", reordered)
step("counts wrong frames and goes on", wrong_frames)
step("replaces a connection that is half open", half_open)
step("never writes to a card twice at a time", no_parallel_writes)
klaw.stop()
step("logs neither the secret of the application nor a token, ticket or session", lambda: no_secret_in(klaw.log(), state()["secrets"]))
end()
