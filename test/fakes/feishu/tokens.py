"""Applications and their tenant access tokens."""
import itertools
import time

LIFE, RENEW_BELOW = 7200, 1800


class Tokens:
    def __init__(self):
        self.apps = {}  # id → secret
        self.life = LIFE
        self._tokens = {}  # text → (app, end)
        self._numbers = itertools.count(1)

    def issue(self, app, secret):
        """The answer to a request for a token."""
        if self.apps.get(app) != secret:
            return {"code": 10014, "msg": "app secret invalid"}
        now = time.time()
        for text, (owner, end) in self._tokens.items():
            if owner == app and end - now >= min(RENEW_BELOW, self.life / 4):
                return {"code": 0, "msg": "ok", "tenant_access_token": text, "expire": int(end - now)}
        text = f"t-{next(self._numbers)}-" + "x" * 40
        self._tokens[text] = (app, now + self.life)
        return {"code": 0, "msg": "ok", "tenant_access_token": text, "expire": int(self.life)}

    def owner(self, authorization):
        """The application that shows the token, or None."""
        text = (authorization or "").removeprefix("Bearer ")
        app, end = self._tokens.get(text, (None, 0))
        return app if end > time.time() else None

    def revoke_all(self):
        self._tokens.clear()

    def valid(self):
        return [text for text, (_, end) in self._tokens.items() if end > time.time()]

    def every(self):
        return list(self._tokens)
