"""The official Python client (lark-oapi) as a puppet of the scenario: see play.py."""
import json
import sys
import threading

import lark_oapi as lark
from lark_oapi.api.im.v1 import (CreateMessageRequest, CreateMessageRequestBody, PatchMessageRequest, PatchMessageRequestBody,
                                 ReplyMessageRequest, ReplyMessageRequestBody)
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

BASE, APP, SECRET = sys.argv[1], "cli_a1b2c3d4e5f60718", "Qw3rty-of-the-app"
client = lark.Client.builder().app_id(APP).app_secret(SECRET).domain(BASE).log_level(lark.LogLevel.CRITICAL).build()


def card(title):
    return json.dumps({"schema": "2.0", "config": {"update_multi": True},
                       "header": {"template": "orange", "title": {"tag": "plain_text", "content": title}},
                       "body": {"elements": [{"tag": "button", "text": {"tag": "plain_text", "content": "Acknowledge"},
                                              "behaviors": [{"type": "callback", "value": {"n": "k1"}}]}]}})


def connect(_):
    handler = (lark.EventDispatcherHandler.builder("", "").register_p2_im_message_receive_v1(lambda event: None)
               .register_p2_card_action_trigger(lambda event: P2CardActionTriggerResponse({"toast": {"type": "success", "content": "taken"}}))
               .build())
    connection = lark.ws.Client(APP, SECRET, event_handler=handler, domain=BASE, log_level=lark.LogLevel.CRITICAL)
    threading.Thread(target=connection.start, daemon=True).start()


def send(_):
    body = CreateMessageRequestBody.builder().receive_id("oc_ops").msg_type("interactive").content(card("firing")).build()
    return client.im.v1.message.create(CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build())


def reply(asked):
    body = ReplyMessageRequestBody.builder().msg_type("text").content(json.dumps({"text": "help"})).build()
    return client.im.v1.message.reply(ReplyMessageRequest.builder().message_id(asked["message"]).request_body(body).build())


def change(asked):
    body = PatchMessageRequestBody.builder().content(card("acknowledged")).build()
    return client.im.v1.message.patch(PatchMessageRequest.builder().message_id(asked["card"]).request_body(body).build())


for line in sys.stdin:
    order = json.loads(line)
    answer = {"connect": connect, "send": send, "reply": reply, "change": change}[order["do"]](order)
    print(json.dumps({"did": order["do"], "code": answer.code if answer else 0}), flush=True)
