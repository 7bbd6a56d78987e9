"""The long connection: tickets, WebSockets, events and presses pushed to one connection at random, answers, redelivery."""
import asyncio
import base64
import itertools
import json
import random
import time

from aiohttp import WSMsgType, web

import frames
from frames import Frame
from order import Reorder

ANSWER_WITHIN = 3.0


class Connection:
    def __init__(self, socket, app, device):
        self.socket, self.app, self.device = socket, app, device
        self.pings = 0
        self.deaf = False  # half open: reads nothing and answers nothing, pings included


class LongConnections:
    def __init__(self, tokens, transcript):
        self.tokens, self.transcript = tokens, transcript
        self.reorder = Reorder()
        self.limit = 50
        self.open = []
        self.answers = []  # every answer that came: {message_id, code, data, seconds}
        self.client_config = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": 120}
        self.pong_config = None
        self.redeliver_after = None  # seconds after which an unanswered event comes again; None: never
        self.fragments = 1
        self.bootstrap_answers = []  # scripted, each used once: {"status":…} or {"code":…}
        self.refusals = []  # scripted refusals of upgrades: headers, each used once
        self.bootstraps = 0
        self._tickets = {}
        self._numbers = itertools.count(1)
        self._waiting = {}  # message id → future
        self._sent = {}  # message id → type of the event

    async def bootstrap(self, request):
        self.bootstraps += 1
        self.transcript.note("bootstrap")
        body = await request.json()
        if self.bootstrap_answers:
            scripted = self.bootstrap_answers.pop(0)
            return web.json_response(scripted, status=scripted.pop("status", 200))
        if self.tokens.apps.get(body.get("AppID")) != body.get("AppSecret"):
            return web.json_response({"code": 1000040345, "msg": "app_id or app_secret is wrong"})
        ticket = f"ticket+{next(self._numbers)}/="
        self._tickets[ticket] = body["AppID"]
        number = next(self._numbers)
        from urllib.parse import quote
        url = (f"ws://{request.host}/ws/v2?fpid=493&aid=552564&device_id={number}&access_key=k%2B1&service_id=33554678"
               f"&ticket={quote(ticket, safe='')}")
        return web.json_response({"code": 0, "msg": "success", "data": {"URL": url, "ClientConfig": self.client_config}})

    async def upgrade(self, request):
        refusal = self.refusals.pop(0) if self.refusals else None
        app = self._tickets.pop(request.query.get("ticket", ""), None)
        if refusal is None and app is None:
            refusal = {"Handshake-Status": "514", "Handshake-Msg": "ticket is invalid", "Handshake-Autherrcode": "1000040341"}
        if refusal is None and len(self.open) >= self.limit:
            refusal = {"Handshake-Status": "514", "Handshake-Msg": "too many", "Handshake-Autherrcode": "1000040350"}
        if refusal is not None:
            self.transcript.note(f"refused {refusal['Handshake-Status']}")
            return web.Response(status=400, headers=refusal)
        socket = web.WebSocketResponse(autoping=False, max_msg_size=16 << 20)
        await socket.prepare(request)
        self.transcript.note("connected")
        connection = Connection(socket, app, request.query["device_id"])
        self.open.append(connection)
        try:
            async for message in socket:
                if connection.deaf:
                    continue
                if message.type == WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type == WSMsgType.BINARY:
                    await self._take(connection, message.data)
        finally:
            self.transcript.note("ended")
            self.open.remove(connection)
        return socket

    async def _take(self, connection, data):
        frame = frames.decode(data)  # a malformed one ends the connection, and the test
        if frame.method == frames.CONTROL and frame.header("type") == "ping":
            connection.pings += 1
            self.transcript.note("up ping")
            payload = json.dumps(self.pong_config).encode() if self.pong_config else b""
            await connection.socket.send_bytes(
                frames.encode(Frame(frame.service, frames.CONTROL, [("type", "pong")], payload)))
        elif frame.method == frames.DATA:
            kind = self._sent.pop(frame.header("message_id"), None)
            self.transcript.note(f"up {json.loads(frame.payload).get('code')} to {kind}")
            waiting = self._waiting.pop(frame.header("message_id"), None)
            if waiting and not waiting.done():
                waiting.set_result(frame)

    async def push(self, event):
        """Pushes to one of the connections; the answer's {code, data, seconds}, or None when none came in time."""
        body = json.dumps(event, ensure_ascii=False).encode()
        await self.reorder.turn()
        began, kind = time.time(), event["header"]["event_type"]
        for connection in random.sample(self.open, len(self.open)):
            self.transcript.note(f"down {kind}")
            identity = f"m-{next(self._numbers)}"
            self._sent[identity] = kind
            waiting = self._waiting[identity] = asyncio.get_running_loop().create_future()
            try:
                for data in self._frames(identity, body):
                    await connection.socket.send_bytes(data)
                frame = await asyncio.wait_for(waiting, ANSWER_WITHIN)
            except (asyncio.TimeoutError, ConnectionResetError):
                self._waiting.pop(identity, None)
                return None
            answer = json.loads(frame.payload)
            handled = answer.get("code") == 200  # official clients tell their time only then
            if frame.header("instance_id") != "i-1" or (handled and not frame.header("biz_rt")):
                raise AssertionError("the answer does not echo the headers of routing")
            answer["seconds"] = time.time() - began
            if isinstance(answer.get("data"), str):
                answer["data"] = json.loads(base64.b64decode(answer["data"], validate=True))
            self.answers.append({"message_id": identity, **answer})
            return answer
        return None

    def _frames(self, identity, body):
        count = min(self.fragments, len(body))
        size = -(-len(body) // count)
        parts = [body[i * size:(i + 1) * size] for i in range(count)]
        order = list(range(count))
        random.shuffle(order)
        for index in order:
            headers = [("type", "event"), ("message_id", identity), ("sum", str(count)), ("seq", str(index)),
                       ("trace_id", "t-1"), ("instance_id", "i-1")]
            yield frames.encode(Frame(33554678, frames.DATA, headers, parts[index], seq_id=7, log_id=300, log_id_new=b"L1"))

    async def deliver(self, event):
        """Until it has been answered, as the platform does with events; presses come once."""
        answer = await self.push(event)
        while self.redeliver_after is not None and (answer is None or answer.get("code") != 200):
            await asyncio.sleep(self.redeliver_after)
            answer = await self.push(event)
        return answer

    async def end_all(self, rudely=False):
        for connection in list(self.open):
            if rudely:
                connection.socket._req.transport.abort()
            else:
                await connection.socket.close(code=1001)
