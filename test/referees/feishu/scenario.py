"""One scenario of Feishu for the official Python client, the official Node client and Klaw: see play.py."""
from klaw import Klaw, playable
from play import WHO, Puppet, Seen, ours_only
from referee import control, end, state, step, until

MESSAGE, PRESS = "im.message.receive_v1", "card.action.trigger"
PING_EVERY = 5
# At times of their own choosing: pings, and tokens, which are counted by the steps about them. Klaw also asks who it is.
seen = Seen("up ping", "call auth.token", "call bot.info")


class OfKlaw:
    """Does by itself what a puppet is told to do."""

    def __init__(self):
        self._klaw = Klaw("feishu-scenario", {"type": "feishu", "id": "cli_a1b2c3d4e5f60718", "secret": "Qw3rty-of-the-app"},
                          {"type": "feishu", "chat": "oc_ops"}, [{"name": "李雷", "feishu": "ou_li", "role": "operator"}])

    def do(self, what, **_):
        if what == "connect":
            self._klaw.start()
        return {"code": 0}


def connect():
    control("connection", do="client_config", config={"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0,
                                                      "PingInterval": PING_EVERY})
    control("connection", do="token_life", seconds=2)
    client.do("connect")
    client.do("send")
    until(lambda: [c for c in state()["connections"] if c["pings"]], 30, "the connection and its first ping")
    seen.expect("bootstrap", "connected", "call messages.create")
    return [m for m in state()["messages"] if not m["root"]][0]["id"]


def asked(**more):
    answer = control("message", chat="oc_ops", sender="ou_li", text="clusters", **more)
    assert answer["answer"]["code"] == 200 and answer["answer"]["seconds"] < 1, answer
    return answer["message_id"]


def message_in():
    message = asked()
    assert client.do("reply", message=message)["code"] == 0
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call messages.reply")
    return message


def press(card):
    answer = control("press", message_id=card, label="Acknowledge", operator="ou_li")
    assert answer["toast"]["type"] == "success" and answer["seconds"] < 1, answer
    client.do("change", card=card)
    # By connections of their own, so either may come first: the answer has a toast and no card that could be the older one.
    assert not answer["card"], answer
    seen.expect(f"down {PRESS}", f"up 200 to {PRESS}", "call messages.update")


def redelivered():
    message = asked(times=2, event_id="e-again")
    client.do("reply", message=message)
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call messages.reply")


def token_ends():
    """The first token was a short one: another is fetched before the platform refuses it."""
    until(lambda: not state()["tokens"], 10, "the end of the token")
    control("connection", do="token_life", seconds=7200)
    before = state()["calls"]["auth.token"]
    message_in()
    message_in()
    assert state()["calls"]["auth.token"] == before + 1, state()["calls"]


def revoked():
    control("connection", do="revoke_tokens")
    asked()
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call messages.reply 99991663", "call messages.reply")


def pings():
    connection = state()["connections"][0]["device"]
    until(lambda: [c for c in state()["connections"] if c["device"] == connection and c["pings"] >= 2], 2 * PING_EVERY, "the second ping")


def refused_upgrade():
    """A ticket that the platform does not take: another is asked for."""
    control("connection", do="refuse", headers={"Handshake-Status": "514", "Handshake-Msg": "again", "Handshake-Autherrcode": "1000040341"})
    reconnects("close", "bootstrap", "refused 514")


def reconnects(how, *between):
    control("connection", do=how)
    until(lambda: state()["connections"], 40, "a new connection")
    until(lambda: len(seen.lines()) >= 3 + len(between), 10, lambda: f"the reconnection, saw {seen.lines()}")
    seen.expect("ended", *between, "bootstrap", "connected")
    message_in()


if WHO != "klaw" or playable():
    client = OfKlaw() if WHO == "klaw" else Puppet("feishu")
    card = step("connects by the long connection and sends a card", connect, needed=True)
    step("takes a message, acknowledges and answers it", message_in)
    step("answers a press within a second and changes the card", lambda: press(card))
    step("acknowledges a message that comes again, answers it once", redelivered)
    step("replaces a token before it is refused, and keeps the new one", token_ends)
    step("pings as often as it was told", pings)
    step("reconnects after a goodbye", lambda: reconnects("close"))
    step("reconnects after a break", lambda: reconnects("abort"))
    step("asks anew when its ticket is refused", refused_upgrade)
    ours_only("repeats a call whose token was revoked", revoked, "they hand the refusal to their caller")
end()
