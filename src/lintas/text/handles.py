"""Finds chat handles: in messenger links, behind an @, and behind a platform's name with a word such as "ID"."""

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import parse_qs, urlsplit

from lintas.text.finding import Finding, Page
from lintas.text.gazetteer import table
from lintas.text.phones import international
from lintas.text.phrases import Cue, Cues, Phrases

_NAME = re.compile(r"[a-z0-9][a-z0-9_.\-]{2,38}[a-z0-9_]|[a-z0-9_]{4}", re.IGNORECASE | re.ASCII)
_AT_GLUED = re.compile(r"(?<![A-Za-z0-9_@./\x01+-])@([A-Za-z0-9_][A-Za-z0-9_.]{2,31})", re.ASCII)
#: Between a platform's name and the handle.
_LINK = re.compile(
    r"\s{0,2}\(?(?:account|acc|akun|akaun|user|contact)?\s{0,2}"
    r"(?P<sure>(?:id|username|user name|handle|name|号|號|号码|帐号|账号|ไอดี|ชื่อ)?\s{0,2}"
    r"(?:is|adalah|ialah|คือ|是|là|:|=|-)?\s{0,2}(?:id\s)?@?)",
    re.IGNORECASE,
)
_ORDINARY = re.compile(
    r"(?:group|channel|chat|message|messages|account|user|users|number|link|call|calls|app|page|video|bot|profile|and|from|"
    r"with|that|then|this|asked|told|sent|called|contact|messenger|official|support|https?|www|yang|untuk|dengan|grup|kumpulan|"
    r"saluran|saya|beliau|pelaku|nomor|nombor|into|where|which|they|said|also|under|using|business|marketplace|live|lite|"
    r"but|the|for|was|who|has|had|not|his|her|our|you|your|my|are|online|dating|shop|seller|friend|request|number|phone|ads|post)",
    re.IGNORECASE,
)
#: First path parts of profile hosts that are no handle.
_PATHS = re.compile(
    "joinchat|share|p|reels?|stories|s|c|explore|status|intent|login|home|search|qr|message|ti|r|i|addstickers|proxy"
    "|video|hashtag|watch",
    re.IGNORECASE,
)


@cache
def _platforms() -> tuple[Phrases, dict[str, str], frozenset[str]]:
    lists = table("platforms")
    links = {host: name for name, row in lists.items() for host in row["links"]}
    by_phone = frozenset(name for name, row in lists.items() if "phone" in row)
    return Phrases({name: row["words"] for name, row in lists.items()}), links, by_phone


def read_link(url: Finding) -> list[Finding]:
    """Read a messenger link as the handle, and the number, it stands for; the URL itself for any other address."""
    _, links, by_phone = _platforms()
    try:
        parts = urlsplit(url.value)
    except ValueError:
        return [url]
    host = (parts.hostname or "").removeprefix("www.")
    first = parts.path.lstrip("/").partition("/")[0]
    platform = links.get(host)
    if host == "line.me":
        platform, first = "line", _line_name(parts.path)
    elif host == "api.whatsapp.com":
        platform, first = "whatsapp", (parse_qs(parts.query).get("phone") or [""])[0].strip()
    name = first.lstrip("@~").removeprefix("%40")
    if platform in by_phone and re.fullmatch(r"\+?[0-9]{8,15}", name):
        return _phone_link(url, str(platform), name)
    if platform is None or platform in by_phone or first.startswith("+") or _PATHS.fullmatch(name):
        return [url]
    if platform == "tiktok" and not first.startswith("@"):
        return [url]
    return [_named(url, platform, name)] if _NAME.fullmatch(name) else [url]


def _line_name(path: str) -> str:
    marked = re.search(r"/p/(?:~|%7e|@|%40)?([A-Za-z0-9_.\-]+)", path, re.IGNORECASE)
    return marked.group(1) if marked else ""


def _named(url: Finding, platform: str, name: str) -> Finding:
    return Finding(
        type="handle",
        value=name.lower(),
        start=url.start,
        end=url.end,
        confidence=0.97,
        platform=platform,
        alternatives=[url.value],
    )


def _phone_link(url: Finding, platform: str, digits: str) -> list[Finding]:
    """Read wa.me and zalo.me links: Zalo's may carry the national form of Viet Nam."""
    number = international(digits.lstrip("+"), "VN" if platform == "zalo" else None)
    if number is None:
        return [url]
    handle = Finding(
        type="handle",
        value=number,
        start=url.start,
        end=url.end,
        confidence=0.95,
        platform=platform,
        alternatives=[url.value],
    )
    return [handle, Finding(type="phone", value=number, start=url.start, end=url.end, confidence=0.95)]


def find_handles(page: Page) -> Iterator[Finding]:
    """Find handles in the running text; spans read are crossed out on the page."""
    words, _, _ = _platforms()
    text, lower = page.rest(), page.lower()
    cues = Cues(words.find(lower))
    taken = 0
    for at in _AT_GLUED.finditer(text):
        name = at.group(1).rstrip(".")
        if re.search(r"[a-z0-9_]", name, re.IGNORECASE) and not name.isdigit() and len(name) >= 3:
            platform = _before(cues, at.start())
            page.cross_out(at.start(), at.start(1) + len(name))
            yield Finding(
                type="handle", value=name.lower(), start=at.start(1), end=at.start(1) + len(name), platform=platform,
                confidence=0.9 if platform else 0.6,
            )  # fmt: skip
    text, lower = page.rest(), page.lower()
    for cue in cues.all:
        if cue.start >= taken and (found := _after(text, cue)):
            taken = found.end
            page.cross_out(found.start, found.end)
            yield found


def _before(cues: Cues, place: int) -> str | None:
    near = cues.within(max(0, place - 40), place)
    return near[-1].label if near else None


def _after(text: str, cue: Cue) -> Finding | None:
    """Read what follows a platform's name: a word that says "ID" or a colon, or a name that no ordinary word looks like."""
    link = _LINK.match(text, cue.end)
    name = _NAME.match(text, link.end()) if link else None
    if link is None or name is None or text[name.end() : name.end() + 1] in ("@", "/", "\x01"):
        return None
    value = name.group().rstrip(".-").lower()
    told = bool(link.group("sure").strip()) or "id" in text[cue.start : cue.end].lower().split()
    if _ORDINARY.fullmatch(value) or len(value) < 4:
        return None
    if value.replace("-", "").replace(".", "").isdigit():
        if cue.label != "qq" or not 5 <= len(value) <= 11:
            return None
    elif (not told and not re.search(r"[0-9_]", value)) or (
        text[link.end() - 1 : link.end()] not in ("@", ":", "=")
        and not re.search(r"[0-9_.\-]", value)
        and "id" not in text[cue.start : link.end()].lower()
    ):
        return None
    return Finding(
        type="handle",
        value=value,
        start=name.start(),
        end=name.start() + len(value),
        confidence=0.9 if told else 0.75,
        platform=cue.label,
    )
