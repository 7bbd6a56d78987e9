"""The official Python client against `klaw mcp`, on standard input and output and over HTTP, in both eras.
Usage: python_client.py KLAW DATA URL TOKEN. A JSON line for each step, as the referees of the platforms print."""
import asyncio
import json
import os
import sys
import traceback

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

KLAW, DATA, URL, TOKEN = sys.argv[1:5]
NEGOTIATED = {"legacy": "2025-11-25", "auto": "2026-07-28"}


def stdio(*more):
    return stdio_client(StdioServerParameters(command=KLAW, args=["mcp", "--data", DATA, *more], env=dict(os.environ)))


def http():
    return streamable_http_client(URL, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}))


async def read(transport, mode):
    """List, call, a failed call, a call of nothing: what an honest client does."""
    async with Client(transport, mode=mode) as client:
        listed = await client.list_tools()
        names = [tool.name for tool in listed.tools]
        assert "resources_list" in names and "change_apply" not in names, names
        status = await client.call_tool("status_get", {})
        assert not status.is_error and status.structured_content["untrusted"], status
        assert json.loads(status.content[0].text) == status.structured_content
        refused = await client.call_tool("resources_list", {"kind": "exec"})
        assert refused.is_error, refused
        try:
            unknown = await client.call_tool("exec", {})
            assert unknown.is_error, unknown
        except Exception as error:  # an error of the protocol
            assert "exec" in str(error), error
        return f"{client.protocol_version}, {len(names)} tools"


async def together(transport):
    """Many calls at once, each with an answer of its own."""
    async with Client(transport, mode="auto") as client:
        answers = await asyncio.gather(*(client.call_tool("alerts_list", {"max_kib": 1 + i % 32}) for i in range(40)))
        assert all(not answer.is_error for answer in answers), answers
        return f"{len(answers)} calls at once"


async def changes(transport):
    async with Client(transport, mode="auto") as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        hints = listed["change_apply"].annotations
        assert hints.destructive_hint and hints.idempotent_hint and not hints.read_only_hint, hints
        nothing = await client.call_tool("change_apply", {"plan": "p-guessed"})
        assert nothing.is_error and "no such plan" in nothing.content[0].text, nothing
        return "change_plan and change_apply are there, a guessed plan is refused"


async def step(name, action):
    try:
        print(json.dumps({"step": name, "ok": True, "detail": await action}), flush=True)
        return True
    except BaseException:
        print(json.dumps({"step": name, "ok": False, "detail": traceback.format_exc(limit=6)}), flush=True)
        return False


async def main():
    fine = True
    for mode in ("legacy", "auto"):
        fine &= await step(f"stdio, {mode}", read(stdio("--as", "reader"), mode))
        fine &= await step(f"HTTP, {mode}", read(http(), mode))
    fine &= await step("stdio, at once", together(stdio("--as", "reader")))
    fine &= await step("stdio, changes", changes(stdio("--as", "changer", "--allow-changes")))
    return fine


sys.exit(0 if asyncio.run(main()) else 1)
