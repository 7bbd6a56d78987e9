"""Klaw through what Feishu's fake does wrong on demand."""
import json
import threading
import time

from klaw import TITLE, Klaw, no_secret_in, playable
from referee import control, end, state, step, until

APP = {"type": "feishu", "id": "cli_a1b2c3d4e5f60718", "secret": "Qw3rty-of-the-app"}
ACCESS = [{"name": "李雷", "feishu": "ou_li", "role": "operator"}, {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"}]
playable() or end()
klaw = Klaw("feishu-troubles", APP, {"type": "feishu", "chat": "oc_ops"}, ACCESS, mention=["李雷", "韩梅梅"])


def calls(name):
    return [line for line in state()["transcript"] if line.startswith(f"call {name}")]


def answers_to(message):
    return [m for m in state()["messages"] if m["root"] == message]


def ask(text="clusters", seconds=20, **more):
    """The answer to a message, which there is one of."""
    message = control("message", chat="oc_ops", sender="ou_li", text=text, **more)["message_id"]
    until(lambda: answers_to(message), seconds, f"an answer to {text}")
    return json.dumps(answers_to(message)[-1]["versions"][-1], ensure_ascii=False)


def unknown_people():
    """One of two that the card calls is unknown to the platform: it comes all the same and calls the other."""
    control("connection", do="unknown_people", people=["ou_han"])
    control("connection", do="client_config", config={"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": 120})
    control("connection", do="pong_config", config={"PingInterval": 5, "ReconnectNonce": "no number"})
    klaw.start()
    sent = until(lambda: [m for m in state()["messages"] if TITLE in json.dumps(m)], 30, "the card")[0]
    text = json.dumps(sent["versions"][-1]["content"])
    assert calls("messages.create") == ["call messages.create 11246", "call messages.create"], calls("messages.create")
    assert "ou_li" in text and "ou_han" not in text, text
    return sent["id"]


def pong_config():
    """What a pong tells counts, without what is no number."""
    until(lambda: [c for c in state()["connections"] if c["pings"] > 1], 15, "pings every five seconds")


def pressed_twice(card):
    first = control("press", message_id=card, label="Acknowledge", operator="ou_li", times=2)
    assert first["toast"]["type"] == "success", first
    until(lambda: calls("messages.update"), 10, "the change of the card")
    ask()
    assert calls("messages.update") == ["call messages.update"], calls("messages.update")


def waits(code, **headers):
    """After a 429 the answer comes when the platform allows it, and once."""
    control("fault", api="messages.reply", kind="answer", status=429, code=code, **headers)
    before = len(calls("messages.reply"))
    control("message", chat="oc_ops", sender="ou_li", text="clusters")
    until(lambda: len(calls("messages.reply")) > before, 10, "the refused answer")
    refused = time.monotonic()
    until(lambda: len(calls("messages.reply")) > before + 1, 20, "the answer")
    assert time.monotonic() - refused > 1.8, time.monotonic() - refused
    assert calls("messages.reply")[before:] == [f"call messages.reply {code}", "call messages.reply"], calls("messages.reply")[before:]


def reordered():
    """The second of two messages comes first: each has its own answer."""
    control("connection", do="reorder", count=2)
    got = {}
    threads = [threading.Thread(target=lambda text=text: got.update({text: ask(text)})) for text in ("clusters", "silence list")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "version v" in got["clusters"] and "version v" not in got["silence list"], got


def wrong_frames():
    """Each is counted and costs neither the connection nor the next message."""
    bootstraps, before = state()["bootstraps"], klaw.dropped()
    for kind in ("text", "garbage", "oversized"):
        control("connection", do=kind)
    assert "version v" in ask()
    new = {reason: count - before.get(reason, 0) for reason, count in klaw.dropped().items()}
    assert {"text frame": 1, "malformed frame": 1, "too long": 1}.items() <= new.items(), new
    assert state()["bootstraps"] == bootstraps


def half_open():
    """A connection that takes everything and answers nothing is replaced."""
    before = state()["bootstraps"]
    control("connection", do="deafen")
    until(lambda: state()["bootstraps"] > before, 30, "a new connection")
    until(lambda: [c for c in state()["connections"] if c["pings"]], 20, "its first ping")
    assert "version v" in ask()


def too_many():
    """The platform's limit of connections: said with its remedy, and not asked for again at once."""
    control("connection", do="limit", count=0)
    before = state()["bootstraps"]
    control("connection", do="close")
    until(lambda: "too many connections of this application are open" in klaw.log(), 20, "the word about it")
    assert state()["bootstraps"] == before + 1, state()["bootstraps"]


card = step("sends a card without the one that the platform does not know", unknown_people, needed=True)
step("acts once on a press that comes twice", lambda: pressed_twice(card))
step("waits as long as x-ogw-ratelimit-reset says", lambda: waits(99991400, reset=2))
step("waits as long as Retry-After says", lambda: waits(99991400, retry_after=2))
step("answers messages that overtake one another", reordered)
step("counts wrong frames and goes on", wrong_frames)
step("pings as often as a pong says", pong_config)
step("replaces a connection that is half open", half_open)
step("says that too many are connected, and waits", too_many)
klaw.stop()
step("logs neither the secret of the application nor a token or ticket", lambda: no_secret_in(klaw.log(), state()["secrets"]))
end()
