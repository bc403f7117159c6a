"""Labels of accounts are read exactly, or refused with the line that is wrong."""

import pytest

from lintas.model.errors import BadInput
from lintas.trace.questions.labels import Label, read_labels_csv

HEADER = "account,kind,label,source\n"


def test_labels_are_read_by_account() -> None:
    data = b"\xef\xbb\xbfnote,account,kind,label,source\nx,acc-1,casino,Blue House,register 7\ny,acc-2,wallet,,\n"
    assert read_labels_csv(data) == {
        "acc-1": Label("casino", "Blue House", "register 7"),
        "acc-2": Label("wallet", "", ""),
    }


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"account,kind\n", "labels, line 1", "missing columns label, source"),
        (b"", "labels, line 1", "missing columns account"),
        (HEADER.encode() + b"a,palace,x,y\n", "labels, line 2", "unknown kind 'palace'"),
        (HEADER.encode() + b"a,casino,x,y\na,wallet,x,y\n", "labels, line 3", "labelled twice"),
        (HEADER.encode() + b",casino,x,y\n", "labels, line 2, column account", "empty"),
        (HEADER.encode() + "a,casino,x\u202e,y\n".encode(), "labels, line 2, column label", "invisible"),
        (HEADER.encode() + b'a,casino,"x', "labels, line 2", "the CSV is broken"),
        (HEADER.encode() + b"\xff", "labels, byte 26", "not UTF-8"),
    ],
)
def test_bad_labels_are_refused_with_their_place(content: bytes, where: str, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_labels_csv(content)
    assert (caught.value.where, what in caught.value.what) == (where, True), str(caught.value)
