"""The file system of the image, as the Dockerfile lays it out, without a builder of images."""
import os
import shutil
import signal
import subprocess
import time
import urllib.request

from harness.agent import free_port
from harness.case import EndToEndTest
from harness.paths import REPO, klaw
from harness.waiting import eventually

USER = 65532


class ImageTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root may change the root directory")
        self.root = self.directory / "root"
        subprocess.run([REPO / "scripts" / "image-root", klaw(), self.root], check=True)
        shutil.chown(self.root / "var/lib/klaw", USER, USER)

    def test_runs_as_nobody_in_particular_with_nothing_else_around_it(self):
        port = free_port()
        (self.root / "etc/klaw/klaw.yaml").write_text(f"listen: 127.0.0.1:{port}\ndata: /var/lib/klaw\n")
        began = time.monotonic()
        process = subprocess.Popen(
            [shutil.which("chroot"), f"--userspec={USER}:{USER}", self.root, "/usr/local/bin/klaw", "run", "--demo", "--config", "/etc/klaw/klaw.yaml"],
            env={"XDG_STATE_HOME": "/var/lib"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)

        def ready():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                    return answer.status == 200
            except OSError:
                self.assertIsNone(process.poll(), process.poll() is not None and process.stderr.read().decode())
                return False
        eventually(ready, 20, "the demo in the image to be ready", interval=0.01)
        print(f"    ready after {time.monotonic() - began:.2f} s")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_is_small(self):
        """M4"""
        archive = shutil.make_archive(self.directory / "image", "gztar", self.root)
        self.assertLess(os.path.getsize(archive), 40e6)
        print(f"    {os.path.getsize(archive) / 1e6:.1f} MB compressed")
