"""One scenario of DingTalk for the official Python client, the official Node client and Klaw: see play.py."""
import json

from klaw import Klaw, playable
from play import WHO, Puppet, Seen, ours_only
from referee import control, end, state, step, until

MESSAGE, PRESS = "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
# At times of their own choosing: tokens, which are counted by the step about them. What CONNECTED and disconnect are
# answered with, and who closes first, differs between the official clients: the platform takes all of it.
seen = Seen("call oauth2.accessToken", "up 200 to CONNECTED", "up 200 to disconnect", "ended")


class OfKlaw:
    """Does by itself what a puppet is told to do."""

    def __init__(self):
        self._klaw = Klaw("dingtalk-scenario",
                          {"type": "dingtalk", "id": "dingapp1", "secret": "Qw3rty-of-the-app", "corp_id": "ding1"},
                          {"type": "dingtalk", "chat": "cidops=="}, [{"name": "李雷", "dingtalk": "li", "role": "operator"}])

    def do(self, what, **_):
        if what == "connect":
            self._klaw.start()


def connect():
    control("connection", do="token_life", seconds=2)
    client.do("connect")
    until(lambda: state()["connections"], 30, "the connection")
    client.do("send")
    until(lambda: state()["cards"], 30, "the card")
    seen.expect("register", "connected", "down CONNECTED", "call card.createAndDeliver")
    assert state()["cards"][0]["spaces"] == ["cidops=="], state()["cards"]
    return state()["cards"][0]["id"]


def asked(**more):
    answer = control("message", chat="cidops==", sender="li", text="clusters", **more)
    assert answer["answer"]["code"] == 200 and answer["answer"]["seconds"] < 1, answer


def message_in():
    asked()
    client.do("reply")
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call robot.sendBySession")


def press(card):
    """The token of the card was a short one: another is fetched before the platform refuses it."""
    until(lambda: not state()["tokens"], 10, "the end of the token")
    control("connection", do="token_life", seconds=7200)
    answer = control("press", card=card, label="Acknowledge", operator="li")
    assert answer["code"] == 200 and answer["seconds"] < 1, answer
    client.do("change", card=card)
    seen.expect(f"down {PRESS}", f"up 200 to {PRESS}", "call card.update")


def redelivered():
    asked(times=2, message_id="m-again")
    client.do("reply")
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call robot.sendBySession")


def revoked():
    """The message's own address has ended, so that the robot writes, which takes a token."""
    control("connection", do="revoke_tokens")
    asked(session_life=1)
    seen.expect(f"down {MESSAGE}", f"up 200 to {MESSAGE}", "call robot.groupMessages InvalidAuthentication", "call robot.groupMessages")


def pinged():
    before = len(state()["connections"][0]["frames_up"])
    control("connection", do="ping")
    answers = until(lambda: state()["connections"][0]["frames_up"][before:], 5, "the answer to a ping")
    assert json.loads(answers[0]["data"]) == {"opaque": "o-1"}, answers
    seen.expect("down ping", "up 200 to ping")


def moves():
    control("connection", do="disconnect", grace=0.5)
    stands(("down disconnect",))


def reconnects(how, *before):
    control("connection", do=how)
    stands(before)


def stands(before=()):
    """A new connection; then there is one only, and it is listened to."""
    until(lambda: len(seen.lines()) >= 3 + len(before), 40, lambda: f"a new connection, saw {seen.lines()}")
    until(lambda: len(state()["connections"]) == 1 and not state()["connections"][0]["leaving"], 30, "the end of the old connection")
    seen.expect(*before, "register", "connected", "down CONNECTED")
    message_in()


if WHO != "klaw" or playable():
    client = OfKlaw() if WHO == "klaw" else Puppet("dingtalk")
    card = step("connects in Stream mode and sends a card", connect, needed=True)
    step("takes a message, acknowledges and answers it", message_in)
    step("answers a press within a second and changes the card, with a new token", lambda: press(card))
    step("acknowledges a message that comes again, answers it once", redelivered)
    step("gives a ping back", pinged)
    step("moves to a new connection when asked to", moves)
    step("reconnects after a goodbye", lambda: reconnects("close"))
    step("reconnects after a break", lambda: reconnects("abort"))
    ours_only("repeats a call whose token was revoked", revoked, "they hand the refusal to their caller")
end()
