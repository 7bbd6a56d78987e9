"""A PostgreSQL server of the system's package, on a port of this machine and with a password."""
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.ports import free_port
from harness.waiting import eventually


def programs():
    """Those of the newest version; Debian does not put them on the path. None: none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing():
    """Why no server can be made here, or nothing."""
    if not programs():
        return "no PostgreSQL server is installed (apt-get install postgresql)"
    if os.geteuid() == 0 and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        return "there is no user postgres, and a server refuses to be root"
    return None


class PostgresServer:
    """Its files are its own user's: a server refuses to run as root."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="klaw-postgres-"))
        self.port = free_port()
        self.password = secrets.token_hex(12)
        self.process = None
        self.databases = 0
        (self.directory / "password").write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            shutil.chown(self.directory / "password", "postgres", "postgres")
        self._run([programs() / "initdb", "-D", self.directory / "data", "-U", "klaw", "-A", "scram-sha-256",
                   f"--pwfile={self.directory}/password", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        self.start()

    def _as_server(self, command):
        lower = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        return ["setpriv", "--pdeathsig", "INT", *lower, *map(str, command)]

    def _run(self, command):
        done = subprocess.run(self._as_server(command), capture_output=True, text=True, cwd=self.directory)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                self._as_server([programs() / "postgres", "-D", self.directory / "data", "-k", self.directory, "-p", self.port,
                                 "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"]),
                stdout=log, stderr=log, cwd=self.directory)
        eventually(lambda: subprocess.run([programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0,
                   30, lambda: f"the server: {(self.directory / 'log').read_text()}")

    def stop(self):
        """Ends all sessions."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database="postgres"):
        return f"postgresql://klaw:{self.password}@127.0.0.1:{self.port}/{database}"

    def sql(self, text, database="postgres"):
        """The first column of what comes back, as text."""
        done = subprocess.run([programs() / "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, self.url(database)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def new_database(self):
        self.databases += 1
        name = f"klaw_{self.databases}"
        self.sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        return name
