"""The fakes of the chat platforms (test/fakes), which the vendors' own clients have passed against (test/referees)."""
import json
import subprocess
import urllib.request

from harness.paths import REPO
from harness.ports import free_port
from harness.waiting import eventually

PYTHON = REPO / "build" / "referees" / "venv" / "bin" / "python"


class Platform:
    """One fake as a process of its own, ended with the test."""

    def __init__(self, name, *arguments):
        subprocess.run([REPO / "test" / "referees" / "install"], check=True)
        self._process = subprocess.Popen([PYTHON, REPO / "test" / "fakes" / name / "server.py", "--port", str(free_port()),
                                          *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self._process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def call(self, control, **what):
        request = urllib.request.Request(f"{self.url}/_fake/{control}", json.dumps(what).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def state(self):
        with urllib.request.urlopen(f"{self.url}/_fake/state", timeout=10) as answer:
            return json.load(answer)

    def await_connection(self, seconds=20):
        return eventually(lambda: self.state()["connections"], seconds, "the agent's connection")


class Feishu(Platform):
    APP = "cli_a1b2c3d4e5f60718"

    def __init__(self):
        super().__init__("feishu", "--app", f"{self.APP}:secret")

    def app(self, **more):
        return {"name": "klaw-feishu", "type": "feishu", "id": self.APP, "secret": "secret", "domain": self.url, **more}

    def cards(self, word):
        """Cards sent on their own of which the newest version contains the word."""
        return [m for m in self.state()["messages"] if not m["root"] and word in json.dumps(newest(m), ensure_ascii=False)]

    def await_card(self, word, also="", seconds=30):
        def found():
            return [m for m in self.cards(word) if also in json.dumps(newest(m), ensure_ascii=False)]
        return eventually(found, seconds, lambda: f"a card with {word} and {also}, have {[newest(m) for m in self.cards(word)]}")[0]

    def await_reply(self, word, also="", seconds=30):
        """An answer to a message or a press, as it is now."""
        def replies():
            return [m for m in self.state()["messages"] if m["root"]]
        def found():
            return [m for m in replies() if all(part in json.dumps(newest(m), ensure_ascii=False) for part in (word, also))]
        return eventually(found, seconds, lambda: f"an answer with {word} and {also}, have {[newest(m) for m in replies()]}")[0]

    def write(self, text, sender="ou_li", chat="oc_ops", **more):
        """A person writes to the bot; the answers to it."""
        asked = self.call("message", chat=chat, sender=sender, text=text, **more)
        return asked["message_id"]

    def answers_to(self, message):
        return [m for m in self.state()["messages"] if m["root"] == message]

    def ask(self, text, seconds=15, **more):
        message = self.write(text, **more)
        return json.dumps(newest(eventually(lambda: self.answers_to(message), seconds, f"an answer to {text}")[0]), ensure_ascii=False)

    def press(self, message, label, operator="ou_li", **more):
        return self.call("press", message_id=message, label=label, operator=operator, **more)


def newest(message):
    return message["versions"][-1]["content"]


class DingTalk(Platform):
    APP = "dingapp1"

    def __init__(self):
        super().__init__("dingtalk", "--app", f"{self.APP}:secret")

    def app(self, **more):
        return {"name": "klaw-dingtalk", "type": "dingtalk", "id": self.APP, "secret": "secret", "domain": self.url, "corp_id": "ding1",
                **more}

    def cards(self, word):
        return [c for c in self.state()["cards"] if word in json.dumps(self.shown(c), ensure_ascii=False)]

    def shown(self, card):
        return card["versions"][-1]["parameters"]

    def await_card(self, word, also="", seconds=30):
        def found():
            return [c for c in self.cards(word) if also in json.dumps(self.shown(c), ensure_ascii=False)]
        return eventually(found, seconds, lambda: f"a card with {word} and {also}, have {[self.shown(c) for c in self.cards(word)]}")[0]

    def ask(self, text, sender="li", chat="cidops==", seconds=15, **more):
        """The answer as text; a card where it has buttons."""
        state = self.state()
        messages, cards = len(state["messages"]), len(state["cards"])
        self.call("message", chat=chat, sender=sender, text=text, **more)
        to = sender if more.get("direct") and more.get("session_life") else chat

        def is_answer(shown):
            """Its title is the command; alerts of other tests may come at the same time."""
            return text.split()[0] in shown.get("title", shown.get("msgTitle", ""))

        def answers():
            now = self.state()
            return ([m["title"] + "\n" + m["text"] for m in now["messages"][messages:] if m["to"] in (chat, to)]
                    + [json.dumps(self.shown(c), ensure_ascii=False) for c in now["cards"][cards:]
                       if {chat, sender} & set(c["spaces"]) and is_answer(self.shown(c))])
        return eventually(answers, seconds, f"an answer to {text}")[0]

    def press(self, card, label, operator="li", **more):
        return self.call("press", card=card, label=label, operator=operator, **more)
