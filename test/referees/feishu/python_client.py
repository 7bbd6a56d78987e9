"""The official Python client (lark-oapi) in Klaw's place: connects, is written to, answers, sends and changes cards,
is pressed, and lives through what the platform does to connections."""
import json
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, HTTPServer

from referee import BASE, control, end, state, step, until

import lark_oapi as lark
from lark_oapi.api.application.v6 import ListScopeRequest
from lark_oapi.api.contact.v3 import GetDepartmentRequest, GetUserRequest, ParentDepartmentRequest
from lark_oapi.api.im.v1 import (CreateMessageRequest, CreateMessageRequestBody, ListChatRequest, PatchMessageRequest,
                                 PatchMessageRequestBody, ReplyMessageRequest, ReplyMessageRequestBody, UrgentAppMessageRequest,
                                 UrgentPhoneMessageRequest, UrgentReceivers, UrgentSmsMessageRequest)
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

APP, SECRET = "cli_a1b2c3d4e5f60718", "Qw3rty-of-the-app"
client = lark.Client.builder().app_id(APP).app_secret(SECRET).domain(BASE).log_level(lark.LogLevel.ERROR).build()
received, pressed = [], []
fail_next = threading.Event()


def on_message(event):
    received.append(event)
    if fail_next.is_set():
        fail_next.clear()
        raise RuntimeError("not this time")


def on_press(event):
    pressed.append(event)
    return P2CardActionTriggerResponse({"toast": {"type": "success", "content": "taken"},
                                        "card": {"type": "raw", "data": card("acknowledged", "yellow")}})


def card(title, colour):
    return {"schema": "2.0", "config": {"update_multi": True},
            "header": {"template": colour, "title": {"tag": "plain_text", "content": title}},
            "body": {"elements": [{"tag": "markdown", "content": "**big** cannot be scheduled"},
                                  {"tag": "button", "text": {"tag": "plain_text", "content": "Acknowledge"}, "type": "primary",
                                   "behaviors": [{"type": "callback", "value": {"v": 1, "verb": "ack", "n": "k1"}}]}]}}


def connect():
    handler = (lark.EventDispatcherHandler.builder("", "").register_p2_im_message_receive_v1(on_message)
               .register_p2_card_action_trigger(on_press).build())
    connection = lark.ws.Client(APP, SECRET, event_handler=handler, domain=BASE, log_level=lark.LogLevel.CRITICAL)
    threading.Thread(target=connection.start, daemon=True).start()
    until(lambda: state()["connections"], 30, "the connection")


def send():
    request = (CreateMessageRequest.builder().receive_id_type("chat_id").request_body(
        CreateMessageRequestBody.builder().receive_id("oc_ops").msg_type("interactive").content(json.dumps(card("firing", "red")))
        .uuid("al-1").build()).build())
    first, again = client.im.v1.message.create(request), client.im.v1.message.create(request)
    assert first.success(), first.msg
    assert first.data.message_id == again.data.message_id, "the same uuid made two messages"
    return first.data.message_id


def patch(identity, title="changed"):
    request = (PatchMessageRequest.builder().message_id(identity).request_body(
        PatchMessageRequestBody.builder().content(json.dumps(card(title, "orange"))).build()).build())
    answer = client.im.v1.message.patch(request)
    assert answer.success(), answer.msg
    return answer


def reply(identity):
    request = (ReplyMessageRequest.builder().message_id(identity).request_body(
        ReplyMessageRequestBody.builder().msg_type("text").content(json.dumps({"text": "pods …"})).uuid("r-1").build()).build())
    answer = client.im.v1.message.reply(request)
    assert answer.success(), answer.msg
    assert [m for m in state()["messages"] if m["root"] == identity]


def refused_card():
    bad = card("bad", "red")
    bad["body"]["elements"][0]["nonsense"] = 1
    request = (CreateMessageRequest.builder().receive_id_type("chat_id").request_body(
        CreateMessageRequestBody.builder().receive_id("oc_ops").msg_type("interactive").content(json.dumps(bad)).build()).build())
    answer = client.im.v1.message.create(request)
    assert answer.code == 230099 and "200621" in answer.msg, (answer.code, answer.msg)


def create(content, chat="oc_ops"):
    body = CreateMessageRequestBody.builder().receive_id(chat).msg_type("interactive").content(json.dumps(content)).build()
    return client.im.v1.message.create(CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build())


SUBMIT = {"tag": "button", "text": {"tag": "plain_text", "content": "Go"}, "form_action_type": "submit", "name": "go"}
TABLE = {"tag": "table", "columns": [], "rows": []}


def form(*elements):
    return {"tag": "form", "name": "f", "elements": list(elements)}


def nested(depth):
    return {"tag": "collapsible_panel", "elements": [nested(depth - 1)]} if depth else {"tag": "hr"}


def malformed_cards():
    """Rules about what may stand in what."""
    for number, (element, fine) in enumerate((
            (form(SUBMIT), True), (form(), False), (form(SUBMIT, TABLE), False), (form(SUBMIT, form(SUBMIT)), False),
            (form(SUBMIT, {"tag": "input"}), False), (form(SUBMIT, {"tag": "input", "name": "a"}), True),
            (form(SUBMIT, {"tag": "input", "name": "a"}, {"tag": "input", "name": "a"}), False),
            ({"tag": "column_set", "columns": [{"tag": "column", "elements": [TABLE]}]}, False),
            ({"tag": "collapsible_panel", "elements": [form(SUBMIT)]}, False), (nested(5), True), (nested(6), False))):
        made = card("nesting", "red")
        made["body"]["elements"] = [element]
        answer = create(made, chat=f"oc_{number}")  # one chat takes five a second
        assert answer.success() == fine and answer.code == (0 if fine else 230099), (element, answer.code, answer.msg)


def filled_in():
    """A form reaches the application when its required inputs are filled in."""
    button = {**SUBMIT, "behaviors": [{"type": "callback", "value": {"n": "k2"}}]}
    made = card("form", "red")
    made["body"]["elements"] = [form({"tag": "input", "name": "why", "required": True}, button)]
    identity, before = create(made, chat="oc_form").data.message_id, len(pressed)
    try:
        control("press", message_id=identity, label="Go", operator="ou_li", form_value={"why": ""})
        raise AssertionError("an empty form was sent")
    except urllib.error.HTTPError as refused:
        assert json.load(refused)["missing"] == ["why"] and len(pressed) == before
    control("press", message_id=identity, label="Go", operator="ou_li", form_value={"why": "deploy"})
    assert pressed[-1].event.action.form_value == {"why": "deploy"}, pressed[-1].event.action.form_value


def limits():
    """The tier of an API refuses with status, code and headers of its own; so does the month."""
    control("connection", do="tier", per_second=2)
    answers = [client.im.v1.message.patch(PatchMessageRequest.builder().message_id("om_none").request_body(
        PatchMessageRequestBody.builder().content("{}").build()).build()) for _ in range(3)]
    assert [each.code for each in answers] == [230011, 230011, 99991400], [each.code for each in answers]
    assert answers[-1].raw.status_code == 429, answers[-1].raw.status_code
    headers = {name.lower(): value for name, value in answers[-1].raw.headers.items()}
    assert headers["x-ogw-ratelimit-limit"] == "2" and int(headers["x-ogw-ratelimit-reset"]) == 1, headers
    control("connection", do="tier", per_second=50)
    control("connection", do="quota", left=0)
    assert create(card("spent", "red")).code == 99991403
    control("connection", do="quota", left=10_000)


def departments():
    """A person's departments, one of them, and those above it; a scope that is missing hides a field or refuses the call."""
    def person():
        request = GetUserRequest.builder().user_id("ou_li").user_id_type("open_id").department_id_type("open_department_id").build()
        return client.contact.v3.user.get(request)

    def parents():
        return client.contact.v3.department.parent(ParentDepartmentRequest.builder().department_id("od-duty").build())
    found = person().data.user
    assert (found.name, found.department_ids) == ("李雷", ["od-duty"]), (found.name, found.department_ids)
    own = client.contact.v3.department.get(
        GetDepartmentRequest.builder().department_id("duty").department_id_type("department_id").build()).data.department
    assert (own.open_department_id, own.parent_department_id) == ("od-duty", "od-infra"), own.open_department_id
    above = parents().data.items
    assert [each.open_department_id for each in above] == ["od-infra"], above
    control("connection", do="scope", name="contact:user.department:readonly", granted=0)
    assert person().data.user.department_ids is None
    for scope in ("contact:contact.base:readonly", "contact:department.organize:readonly"):
        control("connection", do="scope", name=scope, granted=0)
    assert parents().code == 99991672
    for scope in ("contact:user.department:readonly", "contact:contact.base:readonly", "contact:department.organize:readonly"):
        control("connection", do="scope", name=scope, granted=1)


def people_and_groups():
    """What set-up, names and mentions rest on: the bot itself, its scopes and groups, a person and what a scope hides."""
    info = lark.BaseRequest.builder().http_method(lark.HttpMethod.GET).uri("/open-apis/bot/v3/info").token_types(
        {lark.AccessTokenType.TENANT}).build()
    bot = json.loads(client.request(info).raw.content)
    assert bot["code"] == 0 and bot["bot"]["open_id"] == "ou_bot" and bot["bot"]["activate_status"] == 2, bot
    scopes = client.application.v6.scope.list(ListScopeRequest.builder().build())
    granted = {each.scope_name: each.grant_status for each in scopes.data.scopes}
    assert granted["im:message:send_as_bot"] == 1, granted
    chats = client.im.v1.chat.list(ListChatRequest.builder().page_size(100).build())
    assert "oc_ops" in [each.chat_id for each in chats.data.items] and chats.data.has_more is False, chats.raw.content
    nobody = client.contact.v3.user.get(GetUserRequest.builder().user_id("ou_nobody").user_id_type("open_id").build())
    assert not nobody.success() and nobody.code, nobody.code


def rung(identity):
    """Each way to insist; who cannot be rung is named, and an unknown message is refused."""
    ways = (("app", client.im.v1.message.urgent_app, UrgentAppMessageRequest),
            ("sms", client.im.v1.message.urgent_sms, UrgentSmsMessageRequest),
            ("phone", client.im.v1.message.urgent_phone, UrgentPhoneMessageRequest))
    people = UrgentReceivers.builder().user_id_list(["ou_li", "ou_nobody"]).build()
    for _, call, request in ways:
        answer = call(request.builder().message_id(identity).user_id_type("open_id").request_body(people).build())
        assert answer.success() and answer.data.invalid_user_id_list == ["ou_nobody"], (answer.code, answer.msg)
    rings = next(m for m in state()["messages"] if m["id"] == identity)["rung"]
    assert rings == [{"how": f"urgent_{way}", "people": ["ou_li"]} for way, _, _ in ways], rings
    unknown = client.im.v1.message.urgent_app(
        UrgentAppMessageRequest.builder().message_id("om_none").user_id_type("open_id").request_body(people).build())
    assert unknown.code == 230001, unknown.code


def to_one_person():
    body = CreateMessageRequestBody.builder().receive_id("ou_li").msg_type("interactive").content(json.dumps(card("direct", "red")))
    answer = client.im.v1.message.create(CreateMessageRequest.builder().receive_id_type("open_id").request_body(body.build()).build())
    assert answer.success() and answer.data.message_id, answer.msg
    press_answer = control("press", message_id=answer.data.message_id, label="Acknowledge", operator="ou_li")
    assert press_answer["toast"]["content"] == "taken", press_answer


def message():
    asked = control("message", chat="oc_ops", sender="ou_li", text="pods -n shop")
    assert asked["answer"]["code"] == 200, asked
    event = until(lambda: received and received[-1], 5, "the event").event
    assert json.loads(event.message.content)["text"] == "@_user_1 pods -n shop"
    assert event.sender.sender_id.open_id == "ou_li"
    return asked["message_id"]


def press(identity):
    answer = control("press", message_id=identity, label="Acknowledge", operator="ou_li")
    assert answer["toast"] == {"type": "success", "content": "taken"}, answer
    assert answer["card"] and pressed[-1].event.action.value["n"] == "k1"
    assert pressed[-1].event.context.open_message_id == identity


def in_fragments():
    control("connection", do="fragments", count=5)
    before = len(received)
    assert control("message", chat="oc_ops", sender="ou_li", text="x" * 2000)["answer"]["code"] == 200
    assert len(received) == before + 1
    control("connection", do="fragments", count=1)


def redelivered():
    control("connection", do="redeliver", seconds=0.2)
    before = len(received)
    fail_next.set()
    asked = control("message", chat="oc_ops", sender="ou_li", text="again")
    assert asked["answer"]["code"] == 200 and len(received) == before + 2
    assert received[-1].header.event_id == received[-2].header.event_id


def reconnects(how):
    before = state()["bootstraps"]
    control("connection", do=how)
    until(lambda: state()["bootstraps"] > before and state()["connections"], 40, "a new connection")
    message()


def token_ends(identity):
    control("connection", do="revoke_tokens")
    request = (PatchMessageRequest.builder().message_id(identity).request_body(
        PatchMessageRequestBody.builder().content(json.dumps(card("late", "orange"))).build()).build())
    answer = client.im.v1.message.patch(request)
    if not answer.success():  # this client drops the token and leaves the next try to its caller
        assert answer.code == 99991663, answer.code
        from lark_oapi.core.token.manager import TokenManager
        TokenManager.cache._cache.clear() if hasattr(TokenManager.cache, "_cache") else None
    return answer.code


KEY, TOKEN = "kudryavka", "v-1"


class Posted(BaseHTTPRequestHandler):
    """An address of ours behind which the official dispatcher opens, verifies and answers what is posted."""
    dispatcher = None

    def do_POST(self):
        request = lark.RawRequest()
        request.uri, request.headers = self.path, dict(self.headers.items())
        request.body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.dispatcher.do(request)
        self.send_response(answer.status_code)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


def posts():
    Posted.dispatcher = (lark.EventDispatcherHandler.builder(KEY, TOKEN, lark.LogLevel.CRITICAL)
                         .register_p2_im_message_receive_v1(on_message).register_p2_card_action_trigger(on_press).build())
    server = HTTPServer(("127.0.0.1", 0), Posted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert control("callback", url=f"http://127.0.0.1:{server.server_port}/", key=KEY, token=TOKEN)["verified"]
    asked = message()
    press(send_card())
    for fault in ("bad_signature", "wrong_key"):
        assert control("post", fault=fault)["status"] == 500, fault
    return asked


def send_card():
    request = (CreateMessageRequest.builder().receive_id_type("chat_id").request_body(
        CreateMessageRequestBody.builder().receive_id("oc_ops").msg_type("interactive").content(json.dumps(card("posted", "red")))
        .build()).build())
    answer = client.im.v1.message.create(request)
    assert answer.success(), answer.msg
    return answer.data.message_id


step("connects by the long connection", connect)
asked = step("receives a message and acknowledges it", message)
step("answers it", lambda: reply(asked))
sent = step("sends a card once for one uuid", send)
step("changes the card in place", lambda: patch(sent) and None)
step("is pressed, and answers with a toast and a card", lambda: press(sent))
step("is refused a card with an unknown property", refused_card)
step("is refused cards that are nested in a way that is not allowed", malformed_cards)
step("gets a form that is filled in, and no other", filled_in)
step("is refused more than a second or a month allows", limits)
step("finds the departments of a person, as far as its scopes go", departments)
step("finds the bot, its scopes, its groups, and nobody under an unknown id", people_and_groups)
step("rings people in each way, and hears who was not", lambda: rung(sent))
step("sends a card to one person, who presses it", to_one_person)
step("joins fragments that come in any order", in_fragments)
step("gets an event again that it failed on", redelivered)
step("reconnects after a goodbye", lambda: reconnects("close"))
step("reconnects after a break", lambda: reconnects("abort"))
step("opens, verifies and answers what is posted to an address", posts)
step("hears that its token has ended", lambda: token_ends(sent))
end()
