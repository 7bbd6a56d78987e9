"""Stream mode: registration with tickets, WebSockets, frames pushed to one connection at random, acknowledgements."""
import asyncio
import itertools
import json
import random
import time
from urllib.parse import unquote

from aiohttp import WSMsgType, web
from order import Reorder

TICKET_LIFE = 90
ANSWER_WITHIN = 2.0  # of presses


class Connection:
    def __init__(self, socket, app, subscriptions):
        self.socket, self.app, self.subscriptions = socket, app, subscriptions
        self.frames_up = []
        self.deaf = False  # half open: reads nothing and answers nothing, pings included
        self.leaving = False  # was told to go: gets nothing more


class Stream:
    def __init__(self, apps, transcript):
        self.apps, self.transcript = apps, transcript
        self.reorder = Reorder()
        self.redeliver_after = None  # seconds after which an unanswered message comes again; None: never
        self.open = []
        self.scripted = []  # answers to registrations, each used once: {"status": …}
        self.registrations = 0
        self.late = []  # answers to presses that took too long
        self.lost = 0  # frames that no connection took
        self.keepalive_every = None
        self._tickets = {}
        self._numbers = itertools.count(1)
        self._waiting = {}
        self._sent = {}  # message id → topic

    async def register(self, request):
        self.registrations += 1
        self.transcript.note("register")
        if "json" not in request.headers.get("Accept", ""):
            return web.Response(text="<error>no json was asked for</error>", content_type="text/xml")
        if self.scripted:
            scripted = self.scripted.pop(0)
            return web.json_response(scripted.get("body", {}), status=scripted["status"])
        body = await request.json()
        if not body.get("subscriptions"):
            return web.json_response({"code": "param.subscriptionsEmpty", "message": "subscriptions"}, status=400)
        if self.apps.get(body.get("clientId")) != body.get("clientSecret"):
            return web.json_response({"requestid": "r", "code": "authFailed", "message": "鉴权失败"}, status=401)
        topics = {(each["type"], each["topic"]) for each in body["subscriptions"]}
        ticket = f"ticket+{next(self._numbers)}/=="
        self._tickets[ticket] = (body["clientId"], topics, time.time() + TICKET_LIFE)
        return web.json_response({"endpoint": f"ws://{request.host}/connect", "ticket": ticket})

    async def connect(self, request):
        # Official clients write it encoded or not: a plus stays one.
        ticket = unquote(request.rel_url.raw_query_string.removeprefix("ticket="))
        app, topics, end = self._tickets.pop(ticket, (None, None, 0))
        if end < time.time():
            return web.Response(status=401, text="the ticket is not valid")
        socket = web.WebSocketResponse(autoping=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        self.transcript.note("connected")
        connection = Connection(socket, app, topics)
        self.open.append(connection)
        await self.system(connection, "CONNECTED", {})
        keeping = asyncio.ensure_future(self._keep_alive(connection))
        try:
            async for message in socket:
                if connection.deaf:
                    continue
                if message.type == WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type == WSMsgType.TEXT:
                    self._take(connection, json.loads(message.data))
        finally:
            self.transcript.note("ended")
            keeping.cancel()
            self.open.remove(connection)
        return socket

    async def _keep_alive(self, connection):
        while self.keepalive_every:
            await asyncio.sleep(self.keepalive_every)
            await self.system(connection, "KEEPALIVE", {})

    async def system(self, connection, topic, data):
        await self._send(connection, "SYSTEM", topic, json.dumps(data))

    async def _send(self, connection, kind, topic, data, **headers):
        identity = f"m-{next(self._numbers)}"
        frame = {"specVersion": "1.0", "type": kind, "data": data,
                 "headers": {"appId": "a-1", "connectionId": "c-1", "contentType": "application/json", "messageId": identity,
                             "time": str(int(time.time() * 1000)), "topic": topic, **headers}}
        self.transcript.note(f"down {topic}")
        self._sent[identity] = topic
        await connection.socket.send_str(json.dumps(frame, ensure_ascii=False))
        return identity

    def _take(self, connection, frame):
        connection.frames_up.append(frame)
        identity = frame.get("headers", {}).get("messageId")
        self.transcript.note(f"up {frame.get('code')} to {self._sent.get(identity)}")
        waiting = self._waiting.pop(identity, None)
        if waiting and not waiting.done():
            waiting.set_result(frame)

    async def push(self, topic, data, kind="CALLBACK", within=ANSWER_WITHIN):
        """To one subscribed connection; {code, data, seconds}, or None when no answer came in time."""
        await self.reorder.turn()
        ready = [c for c in self.open if not c.leaving and not c.deaf and (kind, topic) in c.subscriptions]
        if not ready:
            self.lost += 1
            return None
        connection, began = random.choice(ready), time.time()
        try:
            identity = await self._send(connection, kind, topic, json.dumps(data, ensure_ascii=False))
        except ConnectionResetError:  # whoever was there has just gone
            self.lost += 1
            return None
        waiting = self._waiting[identity] = asyncio.get_running_loop().create_future()
        try:
            frame = await asyncio.wait_for(waiting, within)
        except asyncio.TimeoutError:
            self.late.append(identity)
            return None
        if not isinstance(frame.get("data", ""), str):
            raise AssertionError("data of an answer is not text")
        data = json.loads(frame["data"]) if frame.get("data") else None
        return {"code": frame["code"], "data": data, "seconds": time.time() - began}

    async def deliver(self, topic, data):
        """A message: again while nobody answers, where that was asked for."""
        answer = await self.push(topic, data)
        while self.redeliver_after is not None and answer is None:
            await asyncio.sleep(self.redeliver_after)
            answer = await self.push(topic, data)
        return answer

    async def ask_to_leave(self, grace):
        """disconnect, then silence, then the end, as the platform does."""
        for connection in list(self.open):
            connection.leaving = True
            await self.system(connection, "disconnect", {"reason": "connection is expired"})
            asyncio.get_running_loop().call_later(grace, lambda c=connection: asyncio.ensure_future(c.socket.close()))
