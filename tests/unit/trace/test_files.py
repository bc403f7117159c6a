"""The index on disk answers as the one in memory, and a damaged or foreign directory is refused."""

from pathlib import Path

import pytest

from lintas.model.errors import BadInput, MalformedInput
from lintas.trace.engine.files import load, save
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.ledger import Collector
from lintas.trace.ledgers.transfers import add_csv
from lintas.trace.questions.fifo import trace

HEADER = "id,time,sender,receiver,amount_minor,currency\n"


def index_of(amount: int = 100, rows: int = 3) -> Index:
    collector = Collector()
    lines = (f"t{n},2026-03-01T10:0{n % 10}:00Z,acc{n},acc{n + 1},{amount},XAK\n" for n in range(rows))
    add_csv(collector, (HEADER + "".join(lines)).encode())
    return build(collector.ledger())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    for rows in (1, 3, 2000):
        index = index_of(rows=rows)
        save(index, tmp_path / "index")
        loaded = load(tmp_path / "index")
        assert (len(loaded), loaded.line_count, loaded.snapshot) == (rows, rows + 1, index.snapshot)
        for number in range(min(rows, 5)):
            for backward in (False, True):
                assert trace(loaded, f"t{number}", backward=backward) == trace(index, f"t{number}", backward=backward)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["index"]


def test_every_damaged_file_is_refused(tmp_path: Path) -> None:
    save(index_of(), tmp_path / "index")
    for file in sorted((tmp_path / "index").iterdir()):
        content = file.read_bytes()
        for broken in (
            content[:-1],
            content[: len(content) // 2],
            content[:-2] + bytes([content[-2] ^ 1]) + content[-1:],
            b"",
        ):
            if broken != content:
                file.write_bytes(broken)
                with pytest.raises(MalformedInput, match="lintas trace index"):
                    load(tmp_path / "index")
        file.unlink()
        with pytest.raises(BadInput, match="is missing"):
            load(tmp_path / "index")
        file.write_bytes(content)
    assert load(tmp_path / "index").snapshot == index_of().snapshot


def test_every_byte_of_the_manifest_counts(tmp_path: Path) -> None:
    save(index_of(), tmp_path / "index")
    manifest = tmp_path / "index" / "manifest.json"
    content = manifest.read_bytes()
    for at in range(0, len(content), 5):
        manifest.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(BadInput):
            load(tmp_path / "index")


def test_a_file_of_another_index_is_refused(tmp_path: Path) -> None:
    save(index_of(100), tmp_path / "one")
    save(index_of(200), tmp_path / "two")
    (tmp_path / "one" / "settled.npy").write_bytes((tmp_path / "two" / "settled.npy").read_bytes())
    with pytest.raises(MalformedInput, match=r"settled.npy: the file is damaged or belongs to another index"):
        load(tmp_path / "one")


def test_another_format_and_other_directories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no trace index"):
        load(tmp_path / "nothing")
    save(index_of(), tmp_path / "index")
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"lintas-trace-index/2", b"lintas-trace-index/9"))
    with pytest.raises(BadInput, match="this program reads 'lintas-trace-index/2'"):
        load(tmp_path / "index")


def test_saving_never_replaces_what_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    letter = tmp_path / "letters" / "letter.txt"
    letter.write_text("keep me")
    (tmp_path / "plain").write_text("keep me too")
    for directory in (tmp_path / "letters", tmp_path / "plain"):
        with pytest.raises(BadInput, match="holds something that is no trace index"):
            save(index_of(), directory)
    assert letter.read_text() == "keep me" and (tmp_path / "plain").read_text() == "keep me too"
