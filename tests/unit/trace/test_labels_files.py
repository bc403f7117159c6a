"""Tagpacks, label files and lists of addresses: read as written, written as read, nothing guessed."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop.tagpack import Tag, read_tagpack, write_tagpack
from lintas.model import money
from lintas.model.errors import BadInput, LintasError
from lintas.trace.ledgers.readers.addresses import canonical
from lintas.trace.ledgers.readers.labels import read_addresses, read_labels, to_tagpack
from lintas.trace.questions.labels import Label

#: The examples of EIP-55 and BIP-173: patterns of standards, nobody's.
EIP55 = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BECH32 = "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"

PACK = f"""
title: Test
creator: The tests
source: https://example.org
currency: BTC
confidence: service_data
category: exchange
actor: exch-1
tags:
- address: '{EIP55}'
  label: hot wallet
  currency: ETH
- address: {BECH32}
  label: deposit
- address: who
  label: a shop
  category: market
- address: who
  label: surely a player
  category: gambling
  confidence: ownership
  actor: casino one
- tx_hash: '00'
  label: passed over
"""


def test_a_tagpack_becomes_labels_and_holders(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(PACK)
    labels, holders = read_labels(tmp_path / "pack.yaml")
    assert labels == {
        EIP55.lower(): Label("exchange_deposit", "hot wallet", "https://example.org"),
        BECH32.lower(): Label("exchange_deposit", "deposit", "https://example.org"),
        "who": Label("casino", "surely a player", "https://example.org"),
    }
    assert holders == {EIP55.lower(): "exch-1", BECH32.lower(): "exch-1", "who": "casino_one"}
    written = to_tagpack(labels, title="Ours", creator="The tests", holders=holders)
    (tmp_path / "again.yaml").write_bytes(written)
    assert read_labels(tmp_path / "again.yaml") == (labels, holders)
    assert yaml.safe_load(written)["source"] == "https://example.org"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
TAGS = st.builds(
    Tag,
    address=TEXT,
    label=TEXT,
    source=TEXT,
    currency=st.sampled_from(["BTC", "ETH", "NO", "1e5"]),
    confidence=st.sampled_from(["heuristic", "ownership"]),
    category=st.sampled_from(["", "exchange"]),
    actor=st.sampled_from(["", "null", "007"]),
    concepts=st.sampled_from([(), ("exchange", "defi")]),
)


@given(st.lists(TAGS, max_size=5))
def test_what_is_written_is_read(tags: list[Tag]) -> None:
    assert read_tagpack(write_tagpack(tags, title="a: b", creator="- c")) == tags


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("tags: ]", "p.yaml, line 1", "no YAML"),
        ("tags: !include x.yaml", "p.yaml, line 1", "no YAML"),
        ("title: x", "p.yaml", "no tagpack"),
        ("tags: [5]", "p.yaml, tag 1", "no mapping"),
        ("tags: [{label: x}]", "p.yaml, tag 1", "no address"),
        ("tags: [{address: 0x12, label: x}]", "p.yaml, tag 1", "address is no text"),
        ("tags: [{address: a}]", "p.yaml, tag 1", "no label"),
        ("tags: [{address: a, label: x}]", "p.yaml, tag 1", "no source"),
        ("tags: [{address: a, label: x, source: y}]", "p.yaml, tag 1", "no currency"),
        ("tags: [{address: a, label: x, source: y, currency: BTC, concepts: 5}]", "p.yaml, tag 1", "no list"),
        (f"tags: [{{address: '{EIP55[:-1]}D', label: x, source: y, currency: ETH}}]", "p.yaml, tag 1", "checksum"),
    ],
)
def test_a_broken_tagpack_is_refused_with_its_place(tmp_path: Path, text: str, where: str, what: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(BadInput, match=what) as caught:
        read_labels(tmp_path / "p.yaml")
    assert caught.value.where == where and caught.value.do


def test_a_csv_names_holders_and_a_list_only_names(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"account,kind,label,source,holder\n{EIP55},exchange_deposit,hot,us,EXCH-1\nwho,wallet,x,us,\n")
    labels, holders = read_labels(file)
    assert list(labels) == [EIP55.lower(), "who"] and holders == {EIP55.lower(): "EXCH-1"}
    file.write_text("account,kind,label,source,holder\na,wallet,x,us,two words\u00e9\n")
    with pytest.raises(BadInput, match="no holder's code"):
        read_labels(file)
    (tmp_path / "list.txt").write_text(f"# three\n{EIP55}\n\n{EIP55.lower()}\n{BECH32}\n")
    labels, holders = read_labels(tmp_path / "list.txt")
    assert list(labels) == [EIP55.lower(), BECH32.lower()] and not holders
    with pytest.raises(BadInput, match=r"list.txt, line 2: this is no address"):
        read_addresses(b"ok\nnot ok\n", where="list.txt")


def test_addresses_have_one_form() -> None:
    assert canonical(EIP55) == canonical(EIP55.lower()) == canonical("0X" + EIP55[2:].upper())
    assert canonical(BECH32) == BECH32.lower()
    assert canonical("aBc") == "aBc"
    tron = money.crypto_assets()["USDT"].contracts["TRX"]
    assert canonical(tron, asset="TRX") == tron
    for wrong, asset in ((BECH32.lower()[:-1] + "q", ""), (tron[:-1] + "u", "TRX"), ("", ""), ("a\u200bb", "")):
        with pytest.raises(BadInput):
            canonical(wrong, asset=asset)


def data(name: str) -> list[Path]:
    directory = os.environ.get("LINTAS_DATA_DIR", "")
    files = sorted((Path(directory) / "chain" / name).glob("*")) if directory else []
    if not files:
        pytest.skip(f"LINTAS_DATA_DIR does not hold chain/{name}")
    return files


def test_every_tagpack_of_others_is_read() -> None:
    refused, tags = list[str](), 0
    for file in data("tagpacks"):
        try:
            tags += len(read_labels(file)[0])
        except LintasError as wrong:
            refused.append(f"{file.name}: {wrong.what}")
    print(f"{tags} addresses labelled; refused: {refused}")
    # one pack has a remark behind an address: that is for its owner to mend, not for us to guess
    assert tags > 5_000 and refused == ["exchange-wallets-bitfinexcom.yaml: this is no address"]


def test_every_list_of_addresses_is_read() -> None:
    known, count = {"XBT": "BTC"}, 0
    for file in data("ofac"):
        code = file.stem.rsplit("_", 1)[1]
        wanted = {line.strip() for line in file.read_text().splitlines() if line.strip()}
        found = read_addresses(file.read_bytes(), asset=known.get(code, code) if code in ("XBT", "LTC", "TRX") else "")
        # Counts only: these are real persons' addresses.
        assert len(found) == len({one.lower() if one[:2] == "0x" else one for one in wanted}), f"list {code} differs"
        count += len(found)
    assert count > 600
