"""An S3-compatible server on loopback: moto (https://docs.getmoto.org), in a virtual environment of its own."""
import fcntl
import hashlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

from harness.paths import REPO
from harness.ports import free_port
from harness.waiting import eventually

REQUIREMENTS = __file__.replace("moto.py", "moto-requirements.txt")


def _python():
    """With moto in it, installed once for each set of versions."""
    digest = hashlib.sha256(open(REQUIREMENTS, "rb").read()).hexdigest()[:16]
    home = REPO / "build" / f"moto-{digest}"
    home.parent.mkdir(exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            subprocess.run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
                            REQUIREMENTS], check=True, timeout=900)
            (home / "ready").touch()
    return home / "bin" / "python"


class S3Server:
    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen([_python(), "-m", "moto.server", "--host", "127.0.0.1", "--port", str(self.port)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.ask("GET", "/")[0] == 200, 30, "moto to answer")

    def close(self):
        self._process.terminate()
        self._process.wait(10)

    def ask(self, method, path, body=None):
        """(status, body); moto believes any signature, and none."""
        request = urllib.request.Request(self.url + path, data=body, method=method,
                                         headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/s3/aws4_request"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def keys(self, bucket):
        return re.findall(r"<Key>([^<]*)</Key>", self.ask("GET", f"/{bucket}?list-type=2")[1].decode())

    def uploads(self, bucket):
        return self.ask("GET", f"/{bucket}?uploads=")[1].decode().count("<UploadId>")
