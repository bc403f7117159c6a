"""The built browser files: named by their content, small, nothing from elsewhere; a clear word when missing."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from lintas.console import assets
from lintas.http.assets import Built
from lintas.model.errors import Unavailable

#: First load of a page, script and style sheet together, as sent.
BUDGET = 45_000
#: What the bundles hold of others.
BUNDLED = ["d3-array", "d3-path", "d3-sankey", "d3-shape", "htmx.org", "internmap"]


def test_a_name_leads_to_a_file_named_by_its_content() -> None:
    for name in ("console.css", "console.js", "trail.js"):
        address = assets.asset(name)
        content = assets.built().joinpath(address.removeprefix("/static/")).read_bytes()
        stem, _, kind = name.partition(".")
        assert address == f"/static/{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{kind}"


def test_the_first_load_is_small() -> None:
    sizes = {
        name: len(gzip.compress(assets.built().joinpath(file).read_bytes())) for name, file in assets.manifest().items()
    }
    print(f"first load, compressed: {sizes}, {sum(sizes.values())} of {BUDGET} bytes")
    assert 0 < sum(sizes.values()) <= BUDGET


def test_the_bundles_bring_no_address_and_no_map() -> None:
    for file in assets.manifest().values():
        text = assets.built().joinpath(file).read_text("utf-8")
        assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'`]+", text) == []
        assert "sourceMappingURL" not in text


def test_the_fonts_of_the_letters_are_there_with_their_licence() -> None:
    fonts = assets.built().joinpath("fonts")
    for name in ("Sarabun-Regular.ttf", "Sarabun-Bold.ttf"):
        assert fonts.joinpath(name).read_bytes()[:4] == b"\0\1\0\0"
    assert "SIL OPEN FONT LICENSE" in fonts.joinpath("OFL.txt").read_text("utf-8")


def test_what_is_bundled_is_named_with_its_licence() -> None:
    text = assets.built().joinpath("third-party-licences.txt").read_text("utf-8")
    assert re.findall(r"^(\S+) \S+ \(\S+\)$", text, re.MULTILINE) == BUNDLED
    assert "Zero-Clause BSD" in text
    assert "SIL OPEN FONT LICENSE" in text


def test_without_built_files_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="browser files are not built — run `make install`"):
        Built(tmp_path).address("console.css")
