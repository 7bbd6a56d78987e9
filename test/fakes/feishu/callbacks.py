"""HTTP callback mode: the platform posts events and presses to an address, sealed and signed as the protocol notes say."""
import base64
import hashlib
import json
import os
import time

import aiohttp
from Crypto.Cipher import AES
from Crypto.Util.Padding import pad

ANSWER_WITHIN = 3.0


def seal(text, key):
    vector = os.urandom(16)
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, vector)
    return base64.b64encode(vector + cipher.encrypt(pad(text.encode(), 16))).decode()


def signature(timestamp, nonce, key, body):
    return hashlib.sha256((timestamp + nonce + key).encode() + body).hexdigest()


class Callbacks:
    def __init__(self):
        self.url = self.token = self.key = None
        self.answers = []

    def request(self, event, fault=None):
        """Headers and body as they leave; `fault`: what is wrong with them."""
        key = "another key" if fault == "wrong_key" else self.key
        text = json.dumps(event, ensure_ascii=False)
        # Without blanks: the official Node client signs what it parsed and wrote again.
        body = json.dumps({"encrypt": seal(text, key)}, separators=(",", ":")).encode() if key else text.encode()
        if fault == "oversized":
            body = b" " * (2 << 20)
        if fault == "garbage":
            body = b"\xff{["
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if self.key and fault != "unsigned":
            timestamp, nonce = str(int(time.time()) - (3600 if fault == "stale" else 0)), os.urandom(8).hex()
            signed = signature(timestamp, nonce, self.key, body)
            headers |= {"X-Lark-Request-Timestamp": timestamp, "X-Lark-Request-Nonce": nonce,
                        "X-Lark-Signature": "0" * 64 if fault == "bad_signature" else signed}
        return headers, body

    async def post(self, headers, body):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN)) as session:
            async with session.post(self.url, data=body, headers=headers) as answer:
                return answer.status, await answer.text()

    async def challenge(self):
        """What the console does when somebody saves the address: true when it is answered. The question is not signed."""
        question = {"type": "url_verification", "challenge": os.urandom(6).hex(), "token": self.token or ""}
        text = json.dumps(question)
        body = json.dumps({"encrypt": seal(text, self.key)}) if self.key else text
        status, answer = await self.post({"Content-Type": "application/json"}, body.encode())
        return status == 200 and json.loads(answer) == {"challenge": question["challenge"]}

    async def push(self, event):
        """{code, data, seconds} as over the long connection; None when there was no answer in time."""
        event["header"]["token"] = self.token or ""
        headers, body = self.request(event)
        began = time.time()
        try:
            status, text = await self.post(headers, body)
        except (aiohttp.ClientError, TimeoutError):
            return None
        answer = {"code": status, "data": json.loads(text) if status == 200 and text else None, "seconds": time.time() - began}
        self.answers.append(answer)
        return answer
