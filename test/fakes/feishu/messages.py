"""Messages as the people in the chats see them, with every version of each, and the platform's rules about them."""
import itertools
import json
import time

import card_rules
from card_rules import Refused
from limits import Rate

UPDATABLE_DAYS = 14


class Messages:
    def __init__(self):
        self.all = {}  # id → message
        self.unknown_people = set()
        self.closed_chats = set()  # where the bot is not a member
        self._uuids = {}
        self._numbers = itertools.count(1)
        self._chat_rate, self._message_rate = Rate(5), Rate(5)

    def _checked(self, kind, content):
        if kind == "interactive":
            return card_rules.check(content, self.unknown_people)
        if len(content.encode()) > 150_000:
            raise Refused(230025, "the length of the message content reaches its limit")
        if kind != "text" or "text" not in json.loads(content):
            raise Refused(230001, "invalid msg_type or content")
        return json.loads(content)

    def create(self, chat, body, root=None):
        uuid = body.get("uuid", "")
        if len(uuid) > 50:
            raise Refused(230001, "uuid is too long")
        known, since = self._uuids.get(uuid, (None, 0))
        if known and time.time() - since < 3600:  # repeats are dropped for an hour
            return self.all[known]
        if chat in self.closed_chats:
            raise Refused(230002, "Bot/User can NOT be out of the chat.")
        if not self._chat_rate.take(chat):
            raise Refused(230020, "The operation triggers the frequency limit.")
        content = self._checked(body.get("msg_type"), body.get("content", ""))
        identity = f"om_{next(self._numbers)}"
        message = {"id": identity, "chat": chat, "type": body["msg_type"], "uuid": uuid, "root": root, "at": time.time(),
                   "versions": [{"at": time.time(), "content": content}], "withdrawn": False}
        self.all[identity] = message
        if uuid:
            self._uuids[uuid] = (identity, time.time())
        return message

    def reply(self, identity, body):
        asked = self.all.get(identity)
        if asked is None:
            raise Refused(231003, "The message to reply to does not exist")
        return self.create(asked["chat"], body, root=identity)

    def change(self, identity, content, kind):
        message = self.all.get(identity)
        if message is None or message["withdrawn"]:
            raise Refused(230011, "The message was withdrawn")
        if message["type"] != kind:
            raise Refused(230001, "Your request contains an invalid request parameter, ext=this message is of another type")
        if time.time() - message["at"] > UPDATABLE_DAYS * 86400:
            raise Refused(230031, "The message has exceeded its time limit for updates")
        if not self._message_rate.take(identity):
            raise Refused(230020, "The operation triggers the frequency limit.")
        message["versions"].append({"at": time.time(), "content": self._checked(kind, content)})
        return message

    def withdraw(self, identity):
        message = self.all.get(identity)
        if message is None or message["type"] == "person" or message["withdrawn"]:
            raise Refused(230011, "The message was withdrawn")
        message["withdrawn"] = True
        return message

    def written_by_person(self, chat):
        identity = f"om_{next(self._numbers)}"
        self.all[identity] = {"id": identity, "chat": chat, "type": "person", "uuid": "", "root": None, "at": time.time(),
                              "versions": [], "withdrawn": False}
        return identity
