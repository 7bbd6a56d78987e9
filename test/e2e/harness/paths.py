"""Where things are."""
import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
WORK = Path(os.environ.get("KLAW_E2E_DIR", REPO / "build" / "e2e")).absolute()
CLUSTER_TOOLS = REPO / "test" / "cluster"
CLUSTER_BIN = Path(os.environ.get("KLAW_CLUSTER_BIN", REPO / "build" / "cluster" / "bin")).absolute()


def klaw() -> Path:
    """The program under test: $KLAW, or the newest of the usual builds."""
    if "KLAW" in os.environ:
        return Path(os.environ["KLAW"]).absolute()
    builds = [REPO / "build" / name for name in ("klaw", "release/klaw", "debug/klaw")]
    found = [path for path in builds if path.exists()]
    if not found:
        raise FileNotFoundError("there is no build/klaw to test (build it with scripts/build, or set KLAW)")
    return max(found, key=lambda path: path.stat().st_mtime)
