#!/usr/bin/env python3
"""A Feishu open platform on the loopback: long connection, tokens, messages and cards, as the protocol notes have them.

server.py [--port N] [--app ID:SECRET]…   prints {"port": N} when it listens. POST /_fake/… drives it: see README.md."""
import argparse
import asyncio
import json
import math
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).resolve().parents[1]))
import card_rules  # noqa: E402
from callbacks import Callbacks  # noqa: E402
from card_rules import Refused  # noqa: E402
from directory import PEOPLE, SCOPES, Directory  # noqa: E402
from limits import Quota, Rate  # noqa: E402
from long_connection import LongConnections  # noqa: E402
from messages import Messages  # noqa: E402
from order import Transcript  # noqa: E402
from tokens import Tokens  # noqa: E402

BOT = "ou_bot"
CALLS_A_SECOND, CALLS_A_MINUTE, CALLS_A_MONTH = 50, 1000, 10_000  # of one API; of all
routes = web.RouteTableDef()


class Platform:
    def __init__(self):
        self.tokens, self.messages = Tokens(), Messages()
        self.transcript = Transcript()
        self.connections = LongConnections(self.tokens, self.transcript)
        self.tier, self.quota = [Rate(CALLS_A_SECOND), Rate(CALLS_A_MINUTE, 60)], Quota(CALLS_A_MONTH)
        self.callbacks = Callbacks()
        self.calls = Counter()
        self.faults = []  # {"api", "kind", "times", …}
        self.presses = []
        self.scopes = {"im:message:send_as_bot": 1, "im:message.group_at_msg:readonly": 1, "im:message.p2p_msg:readonly": 1,
                       "im:chat:readonly": 1, **dict.fromkeys(SCOPES, 1)}  # name → 1 granted
        self.directory = Directory(self.scopes)
        self.left = set()  # groups without the bot

    def groups(self):
        return sorted(({m["chat"] for m in self.messages.all.values()} | {"oc_ops"}) - self.left)

    async def push(self, event):
        return await (self.callbacks if self.callbacks.url else self.connections).push(event)

    async def deliver(self, event):
        return await (self.callbacks.push(event) if self.callbacks.url else self.connections.deliver(event))


def ok(data=None, **top):
    return web.json_response({"code": 0, "msg": "success", **({"data": data} if data is not None else {}), **top})


def refusal(code, msg, status=400, headers=None):
    return web.json_response({"code": code, "msg": msg}, status=status, headers=headers)


def shown(message):
    return {"message_id": message["id"], "chat_id": message["chat"], "msg_type": message["type"]}


async def api(request, name, action):
    """Limits, faults, token, action: what every call of the open API goes through."""
    platform = request.app["platform"]
    platform.calls[name] += 1
    answer = await answered(request, name, action)
    code = json.loads(answer.text or "{}").get("code", 0)
    platform.transcript.note(f"call {name}" + (f" {code}" if code else ""))
    return answer


def throttled(rate, wait):
    return refusal(99991400, "request trigger frequency limit", 429,
                   {"x-ogw-ratelimit-limit": str(rate.count), "x-ogw-ratelimit-reset": str(math.ceil(wait))})


async def answered(request, name, action):
    platform = request.app["platform"]
    if not platform.quota.take():
        return refusal(99991403, "This month's API call quota has been exceeded", 429)
    for rate in platform.tier:
        if not rate.take(name):
            return throttled(rate, rate.seconds_until_free(name))
    fault = next((f for f in platform.faults if f["api"] in ("*", name) and f["times"] > 0), None)
    if fault:
        fault["times"] -= 1
        kind = fault["kind"]
        if kind == "delay":
            await asyncio.sleep(fault["seconds"])
        elif kind == "answer":
            headers = {name: str(fault[key]) for key, name in (("reset", "x-ogw-ratelimit-reset"), ("retry_after", "Retry-After"))
                       if key in fault}
            return refusal(fault.get("code", 99991400), "injected", fault.get("status", 200), headers)
        elif kind in ("cut", "cut_after"):
            if kind == "cut_after":
                await carried_out(request, action)
            request.transport.abort()
            return web.Response()
    return await carried_out(request, action)


async def carried_out(request, action):
    platform = request.app["platform"]
    if platform.tokens.owner(request.headers.get("Authorization")) is None:
        return refusal(99991663, "Invalid access token for authorization. Please make a test with token attached.")
    body = await request.json() if request.can_read_body else {}
    try:
        return ok(action(platform, body))
    except Refused as refused:
        return refusal(refused.code, str(refused))


@routes.post("/open-apis/auth/v3/tenant_access_token/internal")
async def token(request):
    platform = request.app["platform"]
    platform.calls["auth.token"] += 1
    platform.transcript.note("call auth.token")
    body = await request.json()
    return web.json_response(platform.tokens.issue(body.get("app_id"), body.get("app_secret")))


@routes.post("/open-apis/im/v1/messages")
async def create(request):
    if request.query.get("receive_id_type") not in ("open_id", "user_id", "union_id", "email", "chat_id"):
        return refusal(99992402, "field validation failed: receive_id_type")

    def write(platform, body):
        if platform.scopes.get("im:message:send_as_bot") != 1:
            raise Refused(99991672, "Access denied. One of the following scopes is required: [im:message:send_as_bot]")
        if body["receive_id"] in platform.left:
            raise Refused(230002, "Bot/User can NOT be out of the chat.")
        return shown(platform.messages.create(body["receive_id"], body))
    return await api(request, "messages.create", write)


@routes.post("/open-apis/im/v1/messages/{id}/reply")
async def reply(request):
    return await api(request, "messages.reply", lambda p, body: shown(p.messages.reply(request.match_info["id"], body)))


@routes.patch("/open-apis/im/v1/messages/{id}")
async def patch(request):
    return await api(request, "messages.update",
                     lambda p, body: shown(p.messages.change(request.match_info["id"], body["content"], "interactive")))


@routes.put("/open-apis/im/v1/messages/{id}")
async def put(request):
    return await api(request, "messages.edit",
                     lambda p, body: shown(p.messages.change(request.match_info["id"], body["content"], "text")))


@routes.delete("/open-apis/im/v1/messages/{id}")
async def delete(request):
    return await api(request, "messages.delete", lambda p, body: p.messages.withdraw(request.match_info["id"]) and {})


@routes.patch("/open-apis/im/v1/messages/{id}/{how:urgent_(app|sms|phone)}")
async def urgent(request):
    def ring(platform, body):
        message = platform.messages.all.get(request.match_info["id"])
        if message is None or not body.get("user_id_list") or request.query.get("user_id_type") != "open_id":
            raise Refused(230001, "Your request contains an invalid request parameter")
        people = [person for person in body["user_id_list"] if person in PEOPLE]
        message.setdefault("rung", []).append({"how": request.match_info["how"], "people": people})
        return {"invalid_user_id_list": [person for person in body["user_id_list"] if person not in PEOPLE]}
    return await api(request, f"messages.{request.match_info['how']}", ring)


@routes.get("/open-apis/bot/v3/info")
async def bot(request):
    platform = request.app["platform"]
    platform.calls["bot.info"] += 1
    platform.transcript.note("call bot.info")
    if platform.tokens.owner(request.headers.get("Authorization")) is None:
        return refusal(99991663, "Invalid access token")
    return ok(bot={"open_id": BOT, "app_name": "Klaw", "activate_status": 2})


@routes.get("/open-apis/im/v1/chats")
async def chats(request):
    return await api(request, "chats.list", lambda p, body: {"items": [
        {"chat_id": chat, "name": f"group {chat}"} for chat in p.groups()],
        "has_more": False})


@routes.get("/open-apis/application/v6/scopes")
async def scopes(request):
    return await api(request, "application.scopes", lambda p, body: {"scopes": [
        {"scope_name": name, "grant_status": granted, "scope_type": "tenant"} for name, granted in p.scopes.items()]})


def department_id_type(request):
    return request.query.get("department_id_type", "open_department_id")


@routes.get("/open-apis/contact/v3/users/{id}")
async def user(request):
    return await api(request, "users.get",
                     lambda p, body: p.directory.user(request.match_info["id"], department_id_type(request)))


@routes.get("/open-apis/contact/v3/departments/parent")
async def department_parents(request):
    return await api(request, "departments.parent",
                     lambda p, body: p.directory.parents(request.query["department_id"], department_id_type(request)))


@routes.get("/open-apis/contact/v3/departments/{id}")
async def department(request):
    return await api(request, "departments.get",
                     lambda p, body: p.directory.department(request.match_info["id"], department_id_type(request)))


@routes.post("/callback/ws/endpoint")
async def endpoint(request):
    return await request.app["platform"].connections.bootstrap(request)


@routes.get("/ws/v2")
async def socket(request):
    return await request.app["platform"].connections.upgrade(request)


def envelope(platform, kind, event):
    return {"schema": "2.0", "event": event,
            "header": {"event_id": uuid.uuid4().hex, "event_type": kind, "create_time": str(int(time.time() * 1000)), "token": "v",
                       "app_id": next(iter(platform.tokens.apps)), "tenant_key": "tenant"}}


@routes.post("/_fake/message")
async def person_writes(request):
    """{chat, sender, text, direct?, event_id?}: a person mentions the bot; ends when the event was answered."""
    platform, asked = request.app["platform"], await request.json()
    person = PEOPLE.get(asked["sender"], {"open_id": asked["sender"]})
    identity = asked.get("message_id") or platform.messages.written_by_person(asked["chat"])
    created = str(int((time.time() - asked.get("age", 0)) * 1000))
    event = envelope(platform, "im.message.receive_v1", {
        "sender": {"sender_id": {key: person[key] for key in ("open_id", "union_id", "user_id") if key in person},
                   "sender_type": "user", "tenant_key": "tenant"},
        "message": {"message_id": identity, "chat_id": asked["chat"], "create_time": created,
                    "chat_type": "p2p" if asked.get("direct") else "group", "message_type": "text",
                    "content": json.dumps({"text": "@_user_1 " + asked["text"]}, ensure_ascii=False),
                    "mentions": [{"key": "@_user_1", "id": {"open_id": BOT, "union_id": "on_bot", "user_id": ""},
                                  "mentioned_type": "bot", "name": "Klaw", "tenant_key": "tenant"}]}})
    event["header"]["event_id"] = asked.get("event_id", event["header"]["event_id"])
    answer = None
    for _ in range(asked.get("times", 1)):
        answer = await platform.deliver(event)
    return web.json_response({"message_id": identity, "event_id": event["header"]["event_id"], "answer": answer})


@routes.post("/_fake/press")
async def person_presses(request):
    """{message_id, label, operator, form_value?, value?, times?, event_id?}: presses the button of the card as it is now; what came back."""
    platform, asked = request.app["platform"], await request.json()
    message = platform.messages.all[asked["message_id"]]
    value = asked.get("value") or card_rules.buttons(message["versions"][-1]["content"]).get(asked.get("label"))
    if value is None:
        return web.json_response({"error": "the card has no such button",
                                  "buttons": list(card_rules.buttons(message["versions"][-1]["content"]))}, status=404)
    missing = card_rules.missing_inputs(message["versions"][-1]["content"], value, asked.get("form_value", {}))
    if missing:
        return web.json_response({"error": "the form is not filled in", "missing": missing}, status=404)
    person = PEOPLE.get(asked["operator"], {"open_id": asked["operator"]} if asked["operator"] else {})
    action = {"tag": "button", "value": value}
    if "form_value" in asked:
        action["form_value"] = asked["form_value"]
    event = envelope(platform, "card.action.trigger", {
        "operator": {"tenant_key": "tenant", **{key: person[key] for key in ("open_id", "union_id", "user_id") if key in person}},
        "token": "c-" + uuid.uuid4().hex, "action": action, "host": "im_message",
        "context": {"open_message_id": message["id"], "open_chat_id": message["chat"]}})
    event["header"]["event_id"] = asked.get("event_id", event["header"]["event_id"])
    for _ in range(asked.get("times", 1)):
        answer = await platform.push(event)
    if answer is None:
        return web.json_response({"code": 200340, "error": "no answer within three seconds", "value": value})
    data = answer.get("data") or {}
    if "card" in data:
        content = json.dumps(data["card"]["data"], ensure_ascii=False)
        message["versions"].append({"at": time.time(), "content": card_rules.check(content)})
    result = {"code": answer["code"], "toast": data.get("toast"), "card": "card" in data, "seconds": answer["seconds"],
              "value": value}
    platform.presses.append(result)
    return web.json_response(result)


@routes.post("/_fake/callback")
async def callback(request):
    """{url, token?, key?}: from now on everything is posted there; whether the address answers the question for it."""
    callbacks, asked = request.app["platform"].callbacks, await request.json()
    callbacks.url, callbacks.token, callbacks.key = asked["url"], asked.get("token"), asked.get("key")
    return web.json_response({"verified": await callbacks.challenge()})


@routes.post("/_fake/post")
async def bad_post(request):
    """{fault, type?}: posts an event that is wrong in that way, or fine without one; `replayed`: the same bytes twice."""
    platform, asked = request.app["platform"], await request.json()
    callbacks, fault = platform.callbacks, asked.get("fault")
    event = envelope(platform, asked.get("type", "im.chat.updated_v1"), {"object": 1})
    event["header"]["token"] = "another" if fault == "bad_token" else callbacks.token or ""
    headers, body = callbacks.request(event, fault)
    if fault == "replayed":
        await callbacks.post(headers, body)
    status, text = await callbacks.post(headers, body)
    return web.json_response({"status": status, "text": text})


@routes.post("/_fake/fault")
async def fault(request):
    """{api, kind: answer|delay|cut|cut_after, times, …}; {"clear": true}"""
    asked = await request.json()
    faults = request.app["platform"].faults
    faults.clear() if asked.get("clear") else faults.append({"times": 1, "api": "*", **asked})
    return web.json_response({})


@routes.post("/_fake/connection")
async def connection(request):
    """{do: …}: see README.md."""
    connections, asked = request.app["platform"].connections, await request.json()
    do = asked["do"]
    if do in ("close", "abort"):
        await connections.end_all(rudely=do == "abort")
    elif do == "deafen":
        for each in connections.open:
            each.deaf = True
    elif do in ("text", "garbage", "oversized"):
        for each in connections.open:
            if do == "text":
                await each.socket.send_str("not a frame")
            else:
                await each.socket.send_bytes(b"\xff" * (9 << 20 if do == "oversized" else 20))
    elif do == "pong_config":
        connections.pong_config = asked["config"]
    elif do == "client_config":
        connections.client_config = asked["config"]
    elif do == "fragments":
        connections.fragments = asked["count"]
    elif do == "redeliver":
        connections.redeliver_after = asked["seconds"]
    elif do == "bootstrap":
        connections.bootstrap_answers.append(asked["answer"])
    elif do == "refuse":
        connections.refusals.append(asked["headers"])
    elif do == "limit":
        connections.limit = asked["count"]
    elif do == "tier":
        request.app["platform"].tier = [Rate(asked["per_second"])]
    elif do == "quota":
        request.app["platform"].quota.left = asked["left"]
    elif do == "reorder":
        connections.reorder.count = asked["count"]
    elif do == "revoke_tokens":
        request.app["platform"].tokens.revoke_all()
    elif do == "token_life":
        request.app["platform"].tokens.life = asked["seconds"]
    elif do == "unknown_people":
        request.app["platform"].messages.unknown_people = set(asked["people"])
    elif do == "scope":
        request.app["platform"].scopes[asked["name"]] = asked["granted"]
    elif do == "bot_leaves":
        request.app["platform"].left.add(asked["chat"])
    elif do == "withdraw":
        request.app["platform"].messages.all[asked["message_id"]]["withdrawn"] = True
    else:
        return web.json_response({"error": f"cannot {do}"}, status=400)
    return web.json_response({})


@routes.get("/_fake/state")
async def state(request):
    platform = request.app["platform"]
    return web.json_response({
        "messages": [m for m in platform.messages.all.values() if m["type"] != "person"], "calls": platform.calls,
        "presses": platform.presses, "transcript": platform.transcript.lines, "tokens": platform.tokens.valid(),
        "secrets": [*platform.tokens.apps.values(), *platform.tokens.every(), "ticket", "access_key"],
        "answers": platform.connections.answers, "bootstraps": platform.connections.bootstraps,
        "posted": len(platform.callbacks.answers),
        "connections": [{"device": c.device, "pings": c.pings} for c in platform.connections.open]})


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--app", action="append", default=[])
    options = parser.parse_args()
    application = web.Application(client_max_size=4 << 20)
    platform = application["platform"] = Platform()
    for app in options.app or ["cli_a1b2c3d4e5f60718:Qw3rty-of-the-app"]:
        identity, secret = app.split(":", 1)
        platform.tokens.apps[identity] = secret
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever started it goes
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
