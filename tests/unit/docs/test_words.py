"""No file that is kept here names what must not stand in it: hosts of package registries, and words of somebody's workplace."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

#: Each in two pieces, so that this file does not hold what it looks for.
HOSTS = [
    ("pypi", ".org"),
    ("python", "hosted"),
    ("npm", "js."),
    ("npm", "mirror"),
    ("proxy.", "golang"),
    ("sum.", "golang"),
    ("crates", ".io"),
    ("rubygems", ".org"),
    ("repo1.", "maven"),
    ("docker", ".io"),
    ("ghcr", ".io"),
    ("index-", "url"),
]
WORKPLACE = [
    ("anthro", "pic"),
    ("clau", "de"),
    ("open", "ai"),
    ("chat", "gpt"),
    ("copi", "lot"),
    ("co-authored", "-by"),
    ("language", " model"),
    ("ai ", "assistant"),
    ("sub", "agent"),
    ("/work", "/"),
    ("/ro", "ot/"),
    ("sha", "red/"),
    ("sha", "red notes"),
]
#: The lock command says by its option that no index address is written.
ALLOWED = re.compile(r"--no-emit-index-" + "url")
BINARY = {".png", ".ico", ".woff2", ".db"}


def _kept() -> list[Path]:
    """Return the files under version control, or all of an unpacked source archive."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        names = listed.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not any(p.startswith(".") for p in path.parts)]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    kept = {path.relative_to(ROOT).as_posix(): path for path in _kept() if path.suffix not in BINARY}
    return {name: path.read_text("utf-8", "replace").lower() for name, path in kept.items()}


@pytest.mark.parametrize("pieces", HOSTS + WORKPLACE, ids=lambda pieces: "·".join(pieces))
def test_no_file_names_it(texts: dict[str, str], pieces: tuple[str, str]) -> None:
    # A word of letters stands alone, or it would be found inside others.
    word = re.compile(rf"(?<![a-z]){re.escape(''.join(pieces))}" + (r"(?![a-z])" if pieces[1][-1].isalpha() else ""))
    found = [
        f"{name}:{number}"
        for name, text in texts.items()
        if "".join(pieces) in text
        for number, line in enumerate(text.splitlines(), 1)
        if word.search(ALLOWED.sub("", line))
    ]
    assert not found


def test_the_files_were_read(texts: dict[str, str]) -> None:
    assert len(texts) > 100
    assert "make demo" in texts["README.md"]


def test_no_link_lock_or_key_is_kept() -> None:
    for path in _kept():
        assert not path.is_symlink(), path
        # The one lock of npm names hashes and no host, which test_browser_sources.py looks at.
        assert path.name not in ("uv.lock", "poetry.lock"), path
        assert path.name != "package-lock.json" or path.parent.name == "web", path
        if path.suffix not in BINARY:
            assert b"-----BEGIN " + b"PRIVATE KEY-----" not in path.read_bytes(), path
