"""The official Python client as a program: calls the tools that its standard input names, a JSON line each, one after the
other, and prints what they say. Usage: tool_caller.py URL TOKEN."""
import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

URL, TOKEN = sys.argv[1:3]


async def main():
    transport = streamable_http_client(URL, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120))
    async with Client(transport, mode="auto") as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            call = json.loads(line)
            result = await client.call_tool(call["tool"], call["arguments"])
            print(json.dumps({"error": result.content[0].text} if result.is_error else result.structured_content), flush=True)


asyncio.run(main())
