"""What is said in which language: messages, closed lists, dates, and the browser's wish."""

from typing import get_args, get_type_hints

import pytest

from lintas.model.errors import BadInput
from lintas.node.config import Config
from lintas.text.pseudo import pseudo
from lintas.text.translation import LANGUAGES, best, official, words


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("th", "th"),
        ("th-TH,th;q=0.9,en;q=0.8", "th"),
        ("MS-my", "ms"),
        ("fr, ms;q=0.3, en;q=0.2", "ms"),
        ("en;q=0.5, th;q=0.7", "th"),
        ("th;q=0, *", "en"),
        ("en;q=0, *;q=0.1", "ms"),
        ("fr, *;q=0.1", "en"),
        ("id", "en"),
        ("th;q=0", "en"),
        ("ms, th", "ms"),
        ("th, ms", "th"),
        # Wrong headers: no language is guessed from half of one.
        ("th;q=2", "en"),
        ("th;q=0.1234", "en"),
        ("th; DROP TABLE", "en"),
        ("ไทย", "en"),
        ("th," * 1000, "en"),
        # The pseudo-locale is for exercises; no browser gets it by asking.
        ("en-XA", "en"),
    ],
)
def test_the_browsers_wish_is_read_by_its_qualities(header: str, language: str) -> None:
    assert best(header) == language


def test_a_language_that_there_is_not_is_refused() -> None:
    for name in ("xx", "TH", "../th", ""):
        with pytest.raises(BadInput, match="there is no language"):
            words(name)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-03-01T10:07:00Z", ("2026-03-01 10:07:00 UTC", "1 Mac 2026 10:07:00 UTC", "1 มี.ค. 2569 10:07:00 UTC")),
        (
            "2026-12-31T23:59:59.999Z",
            ("2026-12-31 23:59:59 UTC", "31 Dis 2026 23:59:59 UTC", "31 ธ.ค. 2569 23:59:59 UTC"),
        ),
        (
            "2026-03-01T01:07:00+08:00",
            ("2026-02-28 17:07:00 UTC", "28 Feb 2026 17:07:00 UTC", "28 ก.พ. 2569 17:07:00 UTC"),
        ),
        ("2026-03-01T10:07:00", ("2026-03-01T10:07:00",) * 3),
        ("soon", ("soon",) * 3),
        ("", ("",) * 3),
    ],
)
def test_a_time_is_shown_to_the_second_in_utc_and_in_thai_in_the_buddhist_era(at: str, shown: tuple[str, ...]) -> None:
    assert tuple(words(language).moment(at) for language in LANGUAGES) == shown


def test_a_day_is_the_day_in_utc() -> None:
    assert [words(language).day("2026-03-01T00:30:00+08:00") for language in LANGUAGES] == [
        "2026-02-28",
        "28 Feb 2026",
        "28 ก.พ. 2569",
    ]
    assert words("th").day("soon") == "soon"


def test_what_has_no_translation_is_said_in_english() -> None:
    for language in LANGUAGES:
        said = words(language)
        assert said.gettext("zqx %(a)s") == "zqx %(a)s"
        assert said.say("zqx %(a)s", a="b") == "zqx b"
        assert said.code("zqx_zqy") == "zqx zqy"
        assert said.gettext("") == said.code("") == ""
    assert words("en").ngettext("%(n)s hold", "%(n)s holds", 1) == "%(n)s hold"
    assert words("en").ngettext("%(n)s hold", "%(n)s holds", 2) == "%(n)s holds"
    assert words("en").code("awaiting_approval") == "awaiting approval"


def test_the_pseudo_locale_keeps_what_is_no_text() -> None:
    assert pseudo("Held: <b>%(amount)s</b> &middot; 100 %%") == "⟦Ĥééļð: <b>%(amount)s</b> &middot; 100 %%⟧"
    said = words("en-XA")
    assert said.say("Order %(id)s", id="ord-1") == "⟦Ööŕðééŕ ord-1⟧"
    assert said.code("awaiting_approval").startswith("⟦åå")
    assert said.ngettext("%(n)s hold", "%(n)s holds", 2) == "⟦%(n)s ĥööļðš⟧"
    sentence = "An officer who did not approve the order decides, and the reason will stand on this page."
    assert 1.3 < len(pseudo(sentence)) / len(sentence) < 1.5
    assert said.moment("2026-03-01T10:07:00Z") == "2026-03-01 10:07:00 UTC"


def test_an_authority_writes_in_its_jurisdictions_language_where_there_is_one() -> None:
    assert {place: official(place) for place in ("TH", "MY", "BN", "SG", "XA", "ID")} == {
        "TH": "th",
        "MY": "ms",
        "BN": "ms",
        "SG": "en",
        "XA": "en",
        "ID": "en",
    }
    # The setting takes exactly the languages that there are.
    assert set(get_args(get_type_hints(Config)["language"])) == {"", *LANGUAGES}
