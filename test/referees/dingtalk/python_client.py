"""The official Python client (dingtalk-stream) in Klaw's place: connects, is written to, answers, sends and changes a card,
is pressed, and lives through the end of connections and tokens."""
import asyncio
import json
import logging
import os
import threading

import requests
from referee import BASE, control, end, state, step, until

os.environ["DINGTALK_OPENAPI_ENDPOINT"] = BASE  # read at import
import dingtalk_stream  # noqa: E402
from dingtalk_stream import AckMessage, CallbackHandler, CardReplier, ChatbotHandler, ChatbotMessage  # noqa: E402

logging.disable(logging.CRITICAL)
received, pressed = [], []
lose_next = threading.Event()
TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"


class OnMessage(ChatbotHandler):
    async def process(self, callback):
        received.append(ChatbotMessage.from_dict(callback.data))
        if lose_next.is_set():
            lose_next.clear()
            await asyncio.sleep(2.1)  # later than the fake waits
        return AckMessage.STATUS_OK, "OK"


class OnPress(CallbackHandler):
    async def process(self, callback):
        pressed.append(callback.data)
        return AckMessage.STATUS_OK, {"cardUpdateOptions": {"updateCardDataByKey": True},
                                      "cardData": {"cardParamMap": {"msgTitle": "acknowledged"}}}


chatbot = OnMessage()
client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential("dingapp1", "Qw3rty-of-the-app"))
client.register_callback_handler(ChatbotMessage.TOPIC, chatbot)
client.register_callback_handler(CallbackHandler.TOPIC_CARD_CALLBACK, OnPress())


def parameters(title):
    full = {"order": ["msgTitle", "msgContent", "msgButtons"],
            "msgButtons": [{"text": "Acknowledge", "color": "blue", "id": "nonce-1", "request": True}]}
    return {"flowStatus": "3", "msgTitle": title, "msgContent": "**big** cannot be scheduled",
            "sys_full_json_obj": json.dumps(full)}


def connect():
    threading.Thread(target=lambda: asyncio.run(client.start()), daemon=True).start()
    until(lambda: state()["connections"], 30, "the connection")


def message():
    before = len(received)
    asked = control("message", chat="cidops==", sender="li", text="pods -n shop")
    assert asked["answer"]["code"] == 200, asked
    assert len(received) == before + 1 and received[-1].text.content.strip() == "pods -n shop"
    assert received[-1].sender_staff_id == "li" and received[-1].conversation_id == "cidops=="


def answer():
    chatbot.reply_markdown("pods", "- web", received[-1])
    assert state()["messages"][-1]["text"] == "- web", state()["messages"]


def card():
    identity = CardReplier(client, received[-1]).create_and_deliver_card(TEMPLATE, parameters("firing"))
    known = [each for each in state()["cards"] if each["id"] == identity]
    assert known and known[0]["spaces"] == ["cidops=="], state()["cards"]
    return identity


def update(identity):
    CardReplier(client, received[-1]).put_card_data(identity, {"msgTitle": "changed"},
                                                    cardUpdateOptions={"updateCardDataByKey": True})
    newest = [each for each in state()["cards"] if each["id"] == identity][0]["versions"][-1]["parameters"]
    assert newest["msgTitle"] == "changed" and newest["msgContent"], newest


def press(identity):
    result = control("press", card=identity, label="Acknowledge", operator="li")
    assert result.get("code") == 200, result
    assert json.loads(pressed[-1]["content"])["cardPrivateData"]["actionIds"] == ["nonce-1"]
    newest = [each for each in state()["cards"] if each["id"] == identity][0]["versions"][-1]["parameters"]
    assert newest["msgTitle"] == "acknowledged"


def ping():
    before = len(state()["connections"][0]["frames_up"])
    control("connection", do="ping")
    frames = until(lambda: state()["connections"][0]["frames_up"][before:], 5, "the answer to a ping")
    assert frames[0]["code"] == 200 and json.loads(frames[0]["data"]) == {"opaque": "o-1"}, frames


def too_long():
    """Of the answer by the session's address 20,000 bytes are taken, of a robot's message 15,000."""
    sent = requests.post(received[-1].session_webhook, json={"msgtype": "text", "text": {"content": "x" * 20_000}})
    assert sent.json()["errcode"] == 460101, sent.text
    refused = call("/v1.0/robot/groupMessages/send", robotCode="dingapp1", openConversationId="cidops==", msgKey="sampleText",
                   msgParam=json.dumps({"content": "x" * 15_000}))
    assert refused == (400, "invalidParameter.msgParam.invalid"), refused


def call(path, **body):
    answer = requests.post(BASE + path, json=body, headers={"x-acs-dingtalk-access-token": client.get_access_token()})
    return answer.status_code, answer.json().get("code")


def limits():
    control("connection", do="rate", count=2)
    asked = [call("/v1.0/robot/groups/robots/query", openConversationId="cidops==") for _ in range(3)]
    assert asked == [(200, None), (200, None), (403, "Forbidden.AccessDenied.QpsLimitForApi")], asked
    control("connection", do="rate", count=20)
    control("connection", do="quota", left=0)
    refused = call("/v1.0/robot/groups/robots/query", openConversationId="cidops==")
    assert refused == (403, "Forbidden.AccessDenied.ApiCountLimitForOrg"), refused
    control("connection", do="quota", left=10_000)


def parallel(identity):
    """Two changes of one card at a time: one of them is refused."""
    def put():
        answer = requests.put(f"{BASE}/v1.0/card/instances", json={"outTrackId": identity, "cardData": {"cardParamMap": {}}},
                              headers={"x-acs-dingtalk-access-token": token})
        codes.append(answer.status_code)
    codes, token = [], client.get_access_token()
    writers = [threading.Thread(target=put) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(set(codes)) == [200, 403], codes


def mentions():
    control("connection", do="unknown_people", people=["nobody"])
    for people, expected in (({"nobody": "Nobody"}, "param.userIdNotExist"), (["li"], "param.openSpaceModelInvalid"), ({"li": "李雷"}, None)):
        asked = call("/v1.0/card/instances/createAndDeliver", cardTemplateId=TEMPLATE, outTrackId="mentions", callbackType="STREAM",
                     cardData={"cardParamMap": {}}, openSpaceId="dtv1.card//IM_GROUP.cidops==",
                     imGroupOpenDeliverModel={"robotCode": "dingapp1", "atUserIds": people})
        assert asked[1] == expected, (people, asked)


def unanswered():
    """A message that nobody acknowledges comes again."""
    control("connection", do="redeliver", seconds=0.2)
    before = len(received)
    lose_next.set()
    asked = control("message", chat="cidops==", sender="li", text="pods -n shop")
    assert asked["answer"]["code"] == 200 and len(received) == before + 2, asked
    assert received[-1].message_id == received[-2].message_id


def reconnects(how, **more):
    before = state()["registrations"]
    control("connection", do=how, **more)
    until(lambda: state()["registrations"] > before and [c for c in state()["connections"] if not c["leaving"]], 40,
          "a new connection")
    message()


step("connects in Stream mode", connect)
step("receives a message and acknowledges it", message)
step("answers through the session's address", answer)
identity = step("creates and delivers a card", card)
step("changes one variable of the card", lambda: update(identity))
step("is pressed, and its answer changes the card", lambda: press(identity))
step("gives a ping back", ping)
step("is refused what is too long", too_long)
step("is refused more than a second or a month allows", limits)
step("is refused a change while another is being made", lambda: parallel(identity))
step("mentions people that there are, in the form that there is", mentions)
step("gets a message again that it did not acknowledge in time", unanswered)
step("moves to a new connection when asked to", lambda: reconnects("disconnect", grace=1))
step("reconnects after a goodbye", lambda: reconnects("close"))
step("reconnects after a break", lambda: reconnects("abort"))
end()
