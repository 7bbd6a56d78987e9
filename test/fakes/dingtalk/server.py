#!/usr/bin/env python3
"""A DingTalk open platform on the loopback: Stream mode, tokens, robot messages and interactive cards.

server.py [--port N] [--app ID:SECRET]…   prints {"port": N} when it listens. POST /_fake/… drives it: see README.md."""
import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).resolve().parents[1]))
from cards import Cards, Refused  # noqa: E402
from limits import Quota, Rate  # noqa: E402
from order import Transcript  # noqa: E402
from stream import Stream  # noqa: E402

CHAT, CARD = "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
PEOPLE = {"li": {"userid": "li", "unionid": "union-li", "name": "李雷", "mobile": "13800000001", "dept_id_list": [42]},
          "han": {"userid": "han", "unionid": "union-han", "name": "韩梅梅", "mobile": "13800000002", "dept_id_list": [5]}}
DEPARTMENTS = {1: {"name": "公司", "parent_id": None}, 4: {"name": "基础设施", "parent_id": 1},
               42: {"name": "值班", "parent_id": 4}, 5: {"name": "销售", "parent_id": 1}}
PERMISSIONS = ("qyapi_get_member", "qyapi_get_department_list")
SESSION_LIFE = 5400
CALLS_A_SECOND, CALLS_A_MONTH = 20, 10_000
LONGEST_MESSAGE, LONGEST_BODY = 15_000, 20_000  # msgParam of the robot; what a session's address takes
WRITING = 0.02  # seconds that a change of a card takes: another one meanwhile is refused
routes = web.RouteTableDef()


class Platform:
    def __init__(self):
        self.apps = {}
        self.transcript = Transcript()
        self.stream, self.cards = Stream(self.apps, self.transcript), Cards()
        self.messages = []  # what people see besides cards: {to, kind, title, text, at}
        self.dings = []  # who was rung: {how, people, content}
        self.calls, self.faults, self.presses = Counter(), [], []
        self.token_life = 7200
        self.rate, self.quota = Rate(CALLS_A_SECOND), Quota(CALLS_A_MONTH)
        self.writing = set()  # outTrackIds of cards that are being changed
        self.tokens, self.sessions = {}, {}
        self.permissions = set(PERMISSIONS)  # of the old API
        self.numbers = itertools.count(1)
        self.robot_url = None  # of HTTP mode; None: by Stream
        self.card_urls = {}  # callbackRouteKey → where presses are posted

    def signed(self, fault=None):
        """The headers that a robot in HTTP mode posts with."""
        secret = "another" if fault == "bad_signature" else next(iter(self.apps.values()))
        timestamp = str(int(time.time() * 1000) - (3_600_000 * 2 if fault == "stale" else 0))
        sign = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
        return {"Content-Type": "application/json; charset=utf-8", "timestamp": timestamp, "sign": base64.b64encode(sign).decode()}


async def post(url, body, headers, within=2.0):
    """{code, data, seconds}; None when no answer came in time."""
    began = time.time()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=within)) as session:
            async with session.post(url, data=body, headers=headers) as answer:
                text = await answer.text()
                data = json.loads(text) if answer.status == 200 else None
                return {"code": answer.status, "data": data, "seconds": time.time() - began}
    except (aiohttp.ClientError, TimeoutError):
        return None


def refusal(code, message="", status=400, headers=None, **more):
    return web.json_response({"code": code, "message": message or code, "requestid": "r", **more}, status=status, headers=headers)


async def api(request, name, action):
    """Limits, faults, token, action: what every call of the open API goes through."""
    platform = request.app["platform"]
    platform.calls[name] += 1
    answer = await answered(request, name, action)
    refused = "" if answer.status == 200 else f" {json.loads(answer.text)['code']}" if answer.content_type.endswith("json") else " ?"
    platform.transcript.note(f"call {name}{refused}")
    return answer


async def answered(request, name, action):
    platform = request.app["platform"]
    if not platform.quota.take():
        return refusal("Forbidden.AccessDenied.ApiCountLimitForOrg", "本月调用次数已用完", 403)
    if not platform.rate.take(""):
        return refusal("Forbidden.AccessDenied.QpsLimitForApi", "调用频率超限", 403)
    fault = next((f for f in platform.faults if f["api"] in ("*", name) and f["times"] > 0), None)
    if fault:
        fault["times"] -= 1
        kind = fault["kind"]
        if kind == "delay":
            await asyncio.sleep(fault["seconds"])
        elif kind == "answer":
            if "text" in fault:
                return web.Response(text=fault["text"], status=fault.get("status", 200), content_type="text/html")
            scopes = {"accessdenieddetail": {"requiredScopes": fault["scopes"]}} if "scopes" in fault else {}
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else None
            return refusal(fault.get("code", "ServiceUnavailable"), fault.get("message", "injected"), fault.get("status", 503), headers,
                           **scopes)
        elif kind in ("cut", "cut_after"):
            if kind == "cut_after":
                await carried_out(request, action)
            request.transport.abort()
            return web.Response()
    return await carried_out(request, action)


async def carried_out(request, action):
    platform = request.app["platform"]
    token = request.headers.get("x-acs-dingtalk-access-token", "")
    if platform.tokens.get(token, 0) < time.time():
        return refusal("InvalidAuthentication", "不合法的access_token", 400)
    try:
        return web.json_response(action(platform, await request.json()))
    except Refused as refused:
        return refusal(refused.code, str(refused), refused.status)


@routes.post("/v1.0/gateway/connections/open")
async def register(request):
    return await request.app["platform"].stream.register(request)


@routes.get("/connect")
async def connect(request):
    return await request.app["platform"].stream.connect(request)


@routes.post("/v1.0/oauth2/accessToken")
async def access_token(request):
    platform, body = request.app["platform"], await request.json()
    platform.calls["oauth2.accessToken"] += 1
    platform.transcript.note("call oauth2.accessToken")
    if platform.apps.get(body.get("appKey")) != body.get("appSecret"):
        return refusal("invalid.client", "无效的appKey或appSecret")
    valid = next((t for t, end in platform.tokens.items() if end > time.time()), None)
    token = valid or f"token-{next(platform.numbers)}"
    platform.tokens[token] = time.time() + platform.token_life
    return web.json_response({"accessToken": token, "expireIn": platform.token_life})


@routes.get("/gettoken")
async def old_token(request):
    platform = request.app["platform"]
    if platform.apps.get(request.query.get("appkey")) != request.query.get("appsecret"):
        return web.json_response({"errcode": 40089, "errmsg": "不合法的corpid或corpsecret"})
    token = f"old-{next(platform.numbers)}"
    platform.tokens[token] = time.time() + platform.token_life
    return web.json_response({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": platform.token_life})


def create_and_deliver(platform, body):
    card = platform.cards.create(body)
    return {"success": True, "result": {"outTrackId": card["id"], "deliverResults": [platform.cards.deliver(card, body)]}}


@routes.post("/v1.0/card/instances/createAndDeliver")
async def card_create_and_deliver(request):
    return await api(request, "card.createAndDeliver", create_and_deliver)


@routes.post("/v1.0/card/instances")
async def card_create(request):
    return await api(request, "card.create", lambda p, body: {"success": True, "result": p.cards.create(body)["id"]})


@routes.post("/v1.0/card/instances/deliver")
async def card_deliver(request):
    return await api(request, "card.deliver", lambda p, body: {
        "success": True, "result": [p.cards.deliver(p.cards.all[body["outTrackId"]], body)]})


@routes.put("/v1.0/card/instances")
async def card_update(request):
    writing, track = request.app["platform"].writing, (await request.json()).get("outTrackId")
    if track in writing:
        request.app["platform"].transcript.note("call card.update in parallel")
        return refusal("Forbidden.AccessDenied.ParallelWrite", "the card is being changed", 403)
    writing.add(track)
    try:
        await asyncio.sleep(WRITING)
        return await api(request, "card.update", lambda p, body: {"success": True, "result": bool(p.cards.update(body))})
    finally:
        writing.remove(track)


def register_route(platform, body):
    if not body.get("callbackRouteKey") or not body.get("callbackUrl"):
        raise Refused("param.empty")
    if body["callbackRouteKey"] in platform.card_urls and not body.get("forceUpdate"):
        raise Refused("param.callbackRouteKeyExists")
    platform.card_urls[body["callbackRouteKey"]] = body["callbackUrl"]
    return {"success": True, "result": {"callbackUrl": body["callbackUrl"], "apiSecret": "s"}}


@routes.post("/v1.0/card/callbacks/register")
async def card_callback_register(request):
    return await api(request, "card.callbacks.register", register_route)


def robot_message(platform, body, to):
    if body.get("robotCode") not in platform.apps:
        raise Refused("invalidParameter.robotCode.notExsit")
    if len(body.get("msgParam", "").encode()) > LONGEST_MESSAGE:
        raise Refused("invalidParameter.msgParam.invalid")
    parameters = json.loads(body["msgParam"])
    platform.messages.append({"to": to, "kind": body["msgKey"], "title": parameters.get("title", ""),
                              "text": parameters.get("text", parameters.get("content", "")), "at": time.time(),
                              "key": f"query{next(platform.numbers)}", "withdrawn": False})
    return {"processQueryKey": platform.messages[-1]["key"]}


@routes.post("/v1.0/robot/groupMessages/send")
async def group_message(request):
    return await api(request, "robot.groupMessages", lambda p, body: robot_message(p, body, body["openConversationId"]))


@routes.post("/v1.0/robot/groups/robots/query")
async def robots_of_group(request):
    return await api(request, "robot.groups.robots", lambda p, body: {"chatbotInstanceVOList": [
        {"robotCode": robot, "name": "Klaw"} for robot in p.cards.robots
        if body["openConversationId"] not in p.cards.groups_without_robot]})


@routes.post("/v1.0/robot/oToMessages/batchSend")
async def direct_message(request):
    def send(platform, body):
        key = ""
        for person in body["userIds"]:
            if person in PEOPLE:
                key = robot_message(platform, body, person)["processQueryKey"]
        return {"processQueryKey": key, "invalidStaffIdList": [p for p in body["userIds"] if p not in PEOPLE],
                "flowControlledStaffIdList": []}
    return await api(request, "robot.oToMessages", send)


@routes.post("/v1.0/robot/otoMessages/batchRecall")
async def recall(request):
    def withdraw(platform, body):
        if body.get("robotCode") not in platform.apps:
            raise Refused("invalidParameter.robotCode.notExsit")
        there = {message["key"]: message for message in platform.messages if "key" in message}
        for key in body["processQueryKeys"]:
            if key in there:
                there[key]["withdrawn"] = True
        return {"successResult": [key for key in body["processQueryKeys"] if key in there],
                "failedResult": {key: "unknown" for key in body["processQueryKeys"] if key not in there}}
    return await api(request, "robot.oToRecall", withdraw)


@routes.post("/v1.0/robot/ding/send")
async def ding(request):
    def ring(platform, body):
        if body.get("robotCode") not in platform.apps:
            raise Refused("invalidParameter.robotCode.notExsit")
        if body.get("remindType") not in (1, 2, 3) or not body.get("receiverUserIdList") or not body.get("content"):
            raise Refused("invalidParameter.param.invalid")
        people = [person for person in body["receiverUserIdList"] if person in PEOPLE]
        platform.dings.append({"how": body["remindType"], "people": people, "content": body["content"]})
        unknown = [person for person in body["receiverUserIdList"] if person not in PEOPLE]
        return {"openDingId": f"ding{next(platform.numbers)}", "failedList": {"unknown": unknown} if unknown else {}}
    return await api(request, "robot.ding", ring)


@routes.post("/robot/sendBySession")
async def by_session(request):
    platform, body = request.app["platform"], await request.json()
    platform.calls["robot.sendBySession"] += 1
    platform.transcript.note("call robot.sendBySession")
    chat, end = platform.sessions.get(request.query.get("session", ""), (None, 0))
    if end < time.time():
        return web.json_response({"errcode": 300001, "errmsg": "session 不存在"})
    if len(await request.read()) > LONGEST_BODY:
        return web.json_response({"errcode": 460101, "errmsg": "message too long"})
    content = body.get(body.get("msgtype"), {})
    if body.get("msgtype") not in ("text", "markdown", "actionCard", "link") or not content:
        return web.json_response({"errcode": 40035, "errmsg": "不合法的参数"})
    platform.messages.append({"to": chat, "kind": body["msgtype"], "title": content.get("title", ""),
                              "text": content.get("text", content.get("content", "")), "at": time.time(),
                              "rung": notified(body.get("at", {}), content.get("text", content.get("content", "")))})
    return web.json_response({"errcode": 0, "errmsg": "ok"})


def notified(at, text):
    """Who hears of a message: people that it lists and that its text names."""
    return [person for person in at.get("atUserIds", []) if f"@{person}" in text]


async def old_api(request, name, permission, action):
    """Faults, token, permission, action: what every call of the old API goes through. It answers HTTP 200."""
    platform, body = request.app["platform"], await request.json()
    platform.calls[name] += 1
    fault = next((f for f in platform.faults if f["api"] == name and f["times"] > 0), None)
    if fault:
        fault["times"] -= 1
        if fault["kind"] == "delay":
            await asyncio.sleep(fault["seconds"])
        elif fault["kind"] == "answer":
            return web.json_response({"errcode": fault.get("code", -1), "errmsg": "系统繁忙"})
    if platform.tokens.get(request.query.get("access_token", ""), 0) < time.time():
        return web.json_response({"errcode": 40014, "errmsg": "不合法的access_token"})
    if permission not in platform.permissions:
        return web.json_response({"errcode": 88, "errmsg": "ding talk error", "sub_code": "60011",
                                  "sub_msg": f"应用尚未开通所需的权限：[{permission}]"})
    result, missing = action(body)
    return web.json_response({"errcode": 0, "errmsg": "ok", "result": result} if result else
                             {"errcode": missing, "errmsg": "不存在"})


@routes.post("/topapi/v2/user/get")
async def user(request):
    return await old_api(request, "topapi.user.get", "qyapi_get_member", lambda body: (PEOPLE.get(body.get("userid")), 60121))


def chain(department):
    """The department and those above it."""
    return [] if department is None else [department, *chain(DEPARTMENTS[department]["parent_id"])]


@routes.post("/topapi/v2/department/listparentbyuser")
async def departments_of_person(request):
    def find(body):
        person = PEOPLE.get(body.get("userid"))
        return person and {"parent_list": [{"parent_dept_id_list": chain(each)} for each in person["dept_id_list"]]}, 33012
    return await old_api(request, "topapi.department.listparentbyuser", "qyapi_get_department_list", find)


@routes.post("/topapi/v2/department/get")
async def department(request):
    def find(body):
        known = DEPARTMENTS.get(body.get("dept_id"))
        return known and {"dept_id": body["dept_id"], **known}, 60003
    return await old_api(request, "topapi.department.get", "qyapi_get_department_list", find)


@routes.post("/_fake/message")
async def person_writes(request):
    """{chat, sender, text, direct?, message_id?, age?, times?}: a person mentions the robot; what was acknowledged."""
    platform, asked = request.app["platform"], await request.json()
    session = f"s{next(platform.numbers)}"
    platform.sessions[session] = (asked["chat"], time.time() + asked.get("session_life", SESSION_LIFE))
    created = int((time.time() - asked.get("age", 0)) * 1000)
    identity = asked.get("message_id") or f"msg{next(platform.numbers)}=="
    app = next(iter(platform.apps))
    data = {"msgId": identity, "msgtype": "text", "text": {"content": " " + asked["text"]}, "conversationId": asked["chat"],
            "conversationType": "1" if asked.get("direct") else "2", "senderId": "$:LWCP_v1:$x", "senderCorpId": asked.get("corp", "ding1"),
            "chatbotCorpId": "ding1",
            "senderNick": PEOPLE.get(asked["sender"], {}).get("name", "?"), "isInAtList": True, "robotCode": app,
            "chatbotUserId": "$:LWCP_v1:$r", "createAt": created, "atUsers": [{"dingtalkId": "$:LWCP_v1:$r"}],
            "sessionWebhook": f"http://{request.host}/robot/sendBySession?session={session}",
            "sessionWebhookExpiredTime": created + int(asked.get("session_life", SESSION_LIFE) * 1000)}
    if asked["sender"]:
        data["senderStaffId"] = asked["sender"]
    answer = None
    for _ in range(asked.get("times", 1)):
        if platform.robot_url:
            answer = await post(platform.robot_url, json.dumps(data), platform.signed())
        else:
            answer = await platform.stream.deliver(CHAT, data)
    return web.json_response({"message_id": identity, "answer": answer})


@routes.post("/_fake/press")
async def person_presses(request):
    """{card, label, operator, action?, params?, times?}: presses the button of the card as it is now; what came back."""
    platform, asked = request.app["platform"], await request.json()
    card = platform.cards.all[asked["card"]]
    buttons = platform.cards.buttons(card)
    if "action" in asked:
        action, params = asked["action"], asked.get("params", {})
    elif asked["label"] in buttons:
        action, params = buttons[asked["label"]]
    else:
        return web.json_response({"error": "the card has no such button", "buttons": list(buttons)}, status=404)
    content = json.dumps({"cardPrivateData": {"actionIds": [action], "params": params}})
    data = {"type": "actionCallback", "outTrackId": card["id"], "corpId": asked.get("corp", "ding1"), "userId": asked["operator"], "userIdType": 1,
            "spaceType": "IM", "spaceId": card["spaces"][0], "extension": "{}", "content": content, "value": content}
    answer = None
    if card["callback"] == "STREAM":
        for _ in range(asked.get("times", 1)):
            answer = await platform.stream.push(CARD, data)
    elif card["route"] in platform.card_urls:
        answer = await post(platform.card_urls[card["route"]], json.dumps(data), {"Content-Type": "application/json"})
        if answer and answer["code"] == 200:
            answer["data"] = {"response": answer["data"]}
    if answer is None:
        return web.json_response({"error": "no answer within two seconds", "action": action, "params": params})
    response = (answer["data"] or {}).get("response")
    if response is None:
        raise AssertionError("an answer to a press without response")
    platform.cards.apply(card, response, asked["operator"])
    result = {"code": answer["code"], "seconds": answer["seconds"], "response": response, "action": action, "params": params}
    platform.presses.append(result)
    return web.json_response(result)


@routes.post("/_fake/buttons")
async def buttons_of(request):
    """{card}: label → what a press of it sends, as the card is now."""
    cards = request.app["platform"].cards
    return web.json_response(cards.buttons(cards.all[(await request.json())["card"]]))


@routes.post("/_fake/callback")
async def callback(request):
    """{url}: the robot is in HTTP mode from now on, and posts there."""
    request.app["platform"].robot_url = (await request.json())["url"]
    return web.json_response({})


@routes.post("/_fake/post")
async def bad_post(request):
    """{fault, card?}: posts something to the robot's address (or that of cards) that is wrong in that way."""
    platform, asked = request.app["platform"], await request.json()
    fault = asked.get("fault")
    body = {"oversized": " " * (2 << 20), "garbage": "\xff{["}.get(fault, json.dumps({"msgId": f"m{next(platform.numbers)}", "conversationId": 7}))
    headers = platform.signed(fault)
    if fault == "unsigned":
        del headers["sign"]
    url = platform.robot_url + asked.get("below", "")
    if fault == "replayed":
        await post(url, body, headers)
    return web.json_response({"status": (await post(url, body, headers) or {"code": 0})["code"]})


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
    platform, asked = request.app["platform"], await request.json()
    stream, do = platform.stream, asked["do"]
    if do == "disconnect":
        await stream.ask_to_leave(asked.get("grace", 10))
    elif do == "register":
        stream.scripted.append(asked["answer"])
    elif do == "revoke_tokens":
        platform.tokens.clear()
    elif do == "token_life":
        platform.token_life = asked["seconds"]
    elif do == "rate":
        platform.rate = Rate(asked["count"])
    elif do == "quota":
        platform.quota.left = asked["left"]
    elif do == "unknown_people":
        platform.cards.unknown_people = set(asked["people"])
    elif do == "redeliver":
        stream.redeliver_after = asked["seconds"]
    elif do == "reorder":
        stream.reorder.count = asked["count"]
    elif do == "permission":
        (platform.permissions.add if asked["granted"] else platform.permissions.discard)(asked["name"])
    elif do == "robot_leaves":
        platform.cards.groups_without_robot.add(asked["chat"])
    elif do == "event":
        return web.json_response({"answer": await stream.push("*", {"status": "x"}, "EVENT")})
    elif do == "ping":
        await stream.system(stream.open[0], "ping", {"opaque": "o-1"})
    else:
        for each in list(stream.open):
            if do == "close":
                await each.socket.close(code=1001)
            elif do == "abort":
                each.socket._req.transport.abort()
            elif do == "deafen":
                each.deaf = True
            elif do == "binary":
                await each.socket.send_bytes(b"\xff")
            elif do in ("text", "garbage"):
                await each.socket.send_str("no JSON" if do == "text" else '{"type":"CALLBACK","data":7}')
            elif do == "oversized":
                await each.socket.send_str("x" * (2 << 20))
            elif do == "numeric":
                await each.socket.send_str(json.dumps({"type": "SYSTEM", "header": {"topic": "ping", "messageId": 7}, "data": "{}"}))
            else:
                return web.json_response({"error": f"cannot {do}"}, status=400)
    return web.json_response({})


@routes.get("/_fake/state")
async def state(request):
    platform = request.app["platform"]
    return web.json_response({
        "cards": list(platform.cards.all.values()), "messages": platform.messages, "dings": platform.dings, "calls": platform.calls,
        "presses": platform.presses, "registrations": platform.stream.registrations, "lost": platform.stream.lost,
        "late": platform.stream.late, "transcript": platform.transcript.lines,
        "tokens": [token for token, end in platform.tokens.items() if end > time.time()],
        "secrets": [*platform.apps.values(), *platform.tokens, *(f"session={each}" for each in platform.sessions), "ticket+"],
        "connections": [{"leaving": c.leaving, "frames_up": c.frames_up} for c in platform.stream.open]})


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--app", action="append", default=[])
    options = parser.parse_args()
    application = web.Application(client_max_size=4 << 20)
    platform = application["platform"] = Platform()
    for app in options.app or ["dingapp1:Qw3rty-of-the-app"]:
        identity, secret = app.split(":", 1)
        platform.apps[identity] = secret
        platform.cards.robots.add(identity)
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
