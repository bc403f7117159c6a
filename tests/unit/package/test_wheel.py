"""The wheel holds the browser files that its manifest names, with fonts and licences, and is the same each time it is built."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUILT = "lintas/console/static/built"
CHECK = "lintas/gateway/names/static/built"


def pack(kind: str, folder: Path) -> Path:
    """Build with the back end that is installed here; what the hook made before is used again if nothing changed."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    env = {"SOURCE_DATE_EPOCH": "1700000000", "PATH": str(folder)}
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, timeout=300)
    (packed,) = folder.iterdir()
    return packed


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack("wheel", tmp_path_factory.mktemp("wheel"))


def test_what_the_manifest_names_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        inside = {name.removeprefix(f"{BUILT}/"): name for name in packed.namelist() if name.startswith(BUILT)}
        manifest = json.loads(packed.read(f"{BUILT}/manifest.json"))
        assert set(manifest) == {"console.css", "console.js", "trail.js"}
        fonts = {"fonts/Sarabun-Regular.ttf", "fonts/Sarabun-Bold.ttf", "fonts/OFL.txt"}
        assert set(inside) == set(manifest.values()) | fonts | {"manifest.json", "third-party-licences.txt"}
        for name in inside.values():
            assert packed.getinfo(name).file_size > 50


def test_the_check_of_links_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        manifest = json.loads(packed.read(f"{CHECK}/manifest.json"))
        assert set(manifest) == {"check.css", "check.js"}
        inside = {name.removeprefix(f"{CHECK}/") for name in packed.namelist() if name.startswith(CHECK)}
        assert inside == {*manifest.values(), "manifest.json"}
        # The whole page, before anything is squeezed: it is for telephones on a slow network.
        assert sum(packed.getinfo(f"{CHECK}/{name}").file_size for name in inside) < 20_000


def test_nothing_else_of_the_browser_sources_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert [
        name for name in names if re.search(r"node_modules|\.ts$|\.map$|package.*\.json$|(^|/)web/|hatch_build", name)
    ] == []
    assert {re.sub(r"-.*\.", ".", name.split("/")[0]) for name in names} == {"lintas", "lintas.dist-info"}


def test_the_wheel_is_the_same_each_time(wheel: Path, tmp_path: Path) -> None:
    assert pack("wheel", tmp_path).read_bytes() == wheel.read_bytes()


def test_a_wheel_can_be_built_from_the_source_archive(tmp_path: Path) -> None:
    with tarfile.open(pack("sdist", tmp_path)) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for name in ("hatch_build.py", "web/.npmrc", "web/package.json", "web/package-lock.json", "web/tsconfig.json"):
        assert name in names
    assert {f"web/src/{path.name}" for path in (ROOT / "web/src").iterdir()} <= names
    assert [name for name in names if "node_modules" in name or name == "web/.built"] == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what the hook works on, without what it made here."""
    copy = tmp_path / "checkout"
    (copy / "web").mkdir(parents=True)
    shutil.copy(ROOT / "hatch_build.py", copy)
    for name in (".npmrc", "package.json", "package-lock.json", "tsconfig.json"):
        shutil.copy(ROOT / "web" / name, copy / "web")
    shutil.copytree(ROOT / "web/src", copy / "web/src")
    return copy


def run_hook(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook by hand, as somebody whom no network reaches."""
    home = str(checkout.parent)
    env = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_cache": f"{home}/cache", "HOME": home}
    command = [sys.executable, "hatch_build.py"]
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, timeout=120)


def test_no_network_is_one_clear_line(checkout: Path) -> None:
    done = run_hook(checkout)
    assert done.returncode == 1
    assert re.fullmatch(
        r"lintas: installing the browser packages failed: .* — the npm registry must be reached, once\n", done.stderr
    )
    assert not (checkout / "src").exists()


def test_a_change_is_built_anew_and_a_mistake_leaves_what_was_built(checkout: Path) -> None:
    (checkout / "web/node_modules").symlink_to(ROOT / "web/node_modules")
    built, source = checkout / "src/lintas/console/static/built", checkout / "web/src/console.css"
    assert [run_hook(checkout).stdout, run_hook(checkout).stdout] == ["built\n", "nothing to do\n"]
    first = json.loads((built / "manifest.json").read_bytes())
    assert (built / first["console.css"]).read_bytes() == (ROOT / "src" / BUILT / first["console.css"]).read_bytes()
    source.write_text(source.read_text("utf-8") + "p { margin-top: 2rem; }\n", "utf-8")
    assert run_hook(checkout).stdout == "built\n"
    second = json.loads((built / "manifest.json").read_bytes())
    assert second["console.css"] != first["console.css"]
    assert second["console.js"] == first["console.js"]
    assert not (built / first["console.css"]).exists()
    (checkout / "web/src/console.ts").write_text('import "./nowhere.ts";\n', "utf-8")
    done = run_hook(checkout)
    assert done.returncode == 1
    assert re.fullmatch(r"lintas: bundling the browser sources failed: .*nowhere.* — correct web/src\n", done.stderr)
    assert json.loads((built / "manifest.json").read_bytes()) == second
    # A built file that somebody changed by hand is not what the sources say.
    (checkout / "web/src/console.ts").write_bytes((ROOT / "web/src/console.ts").read_bytes())
    (built / second["console.js"]).write_text("changed", "utf-8")
    assert run_hook(checkout).stdout == "built\n"
    assert (built / second["console.js"]).read_text("utf-8") != "changed"
