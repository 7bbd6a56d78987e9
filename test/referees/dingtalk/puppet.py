"""The official Python client (dingtalk-stream) as a puppet of the scenario: see play.py."""
import asyncio
import json
import logging
import os
import sys
import threading

os.environ["DINGTALK_OPENAPI_ENDPOINT"] = sys.argv[1]  # read at import
import dingtalk_stream  # noqa: E402
from dingtalk_stream import AckMessage, CallbackHandler, CardReplier, ChatbotHandler, ChatbotMessage  # noqa: E402

logging.disable(logging.CRITICAL)
TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
received = []


class OnMessage(ChatbotHandler):
    async def process(self, callback):
        received.append(ChatbotMessage.from_dict(callback.data))
        return AckMessage.STATUS_OK, "OK"


class OnPress(CallbackHandler):
    async def process(self, callback):
        return AckMessage.STATUS_OK, {}


chatbot = OnMessage()
client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential("dingapp1", "Qw3rty-of-the-app"))
client.register_callback_handler(ChatbotMessage.TOPIC, chatbot)
client.register_callback_handler(CallbackHandler.TOPIC_CARD_CALLBACK, OnPress())


def connect(_):
    threading.Thread(target=lambda: asyncio.run(client.start()), daemon=True).start()


def send(_):
    buttons = {"msgButtons": [{"text": "Acknowledge", "color": "blue", "id": "nonce-1", "request": True}]}
    asked = received[-1] if received else ChatbotMessage.from_dict({"conversationId": "cidops==", "conversationType": "2"})
    asked.robot_code = "dingapp1"
    return CardReplier(client, asked).create_and_deliver_card(TEMPLATE, {"msgTitle": "firing", "sys_full_json_obj": json.dumps(buttons)})


def reply(_):
    return chatbot.reply_markdown("help", "- help", received[-1])


def change(order):
    return CardReplier(client, received[-1]).put_card_data(order["card"], {"msgTitle": "acknowledged"},
                                                           cardUpdateOptions={"updateCardDataByKey": True})


for line in sys.stdin:
    order = json.loads(line)
    {"connect": connect, "send": send, "reply": reply, "change": change}[order["do"]](order)
    print(json.dumps({"did": order["do"]}), flush=True)
