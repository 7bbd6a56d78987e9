"""The official client of the Model Context Protocol, beside the tests: their own Python need not have it."""
import json
import subprocess
import sys

from harness.paths import REPO

sys.path.append(str(REPO / "test" / "mcp"))
import openclaw  # noqa: E402


class McpClient:
    def __init__(self, url, token):
        openclaw.install()
        self._process = subprocess.Popen([openclaw.PYTHON, REPO / "test" / "mcp" / "tool_caller.py", url, token],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, tool, **arguments):
        """What the tool says; {"error": …} where it fails."""
        self._process.stdin.write(json.dumps({"tool": tool, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the client has ended at {tool} {arguments}")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()
