"""Finds web addresses, hosts, e-mail and IP addresses; a host is taken whole or not at all, for a cut one points elsewhere."""

import ipaddress
import re
from collections.abc import Iterator

from lintas.text import hosts
from lintas.text.finding import Finding, Page
from lintas.text.fold import Folded
from lintas.text.gazetteer import table
from lintas.text.phrases import Cues, Phrases
from lintas.text.scripts import script_of

_SCHEME = re.compile(r"(?<![a-z0-9])(?:https?|ftp)://|(?<![\w@.])www\.(?=[^\W_])", re.IGNORECASE)
_URL_CHARS = re.compile(r"[^\s<>\"'`\u3000-\u303f\x01{}|\\^]{1,2000}")
_TRAILING = ".,;:!?…*_~"
_PAIRS = {")": "(", "]": "[", "》": "《", "」": "「"}
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9._%+\-]{0,62}[a-z0-9_+\-])?\Z")
_LOCAL_LAST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_+-")
_PATH = re.compile(
    r"(?::\d{2,5})?(?:[/?#][^\s<>\"'`\x01{}|\\^\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u9fff\uf900-\ufaff]{0,2000})?"
)
_IPV4 = re.compile(r"(?<![\d.\w-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9a-f:]{0,4}:)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE | re.ASCII
)
_VERSION = re.compile(r"(?:\bv|version|ver\.?|build|firmware|versi|ios|android)\s*$")
_FILE_LEFT = re.compile(r"[\w\-.()+]{0,120}\Z")

CUES = Phrases({"website": table("domains")["website_cues"]})


def find_web(folded: Folded, page: Page) -> list[Finding]:
    """Find URLs, then e-mail addresses, then bare hosts and IP addresses; each span read is crossed out on the page."""
    found: list[Finding] = []
    for step in (_urls, _emails, _domains, _addresses):
        for finding in step(folded, page):
            found.append(finding)
            page.cross_out(finding.start, finding.end)
    return found


def _urls(folded: Folded, page: Page) -> Iterator[Finding]:
    rest, done = page.rest(), 0
    for scheme in _SCHEME.finditer(rest):
        if scheme.start() < done:
            continue
        body = _URL_CHARS.match(rest, scheme.end() if scheme.group().endswith("/") else scheme.start())
        if body is None:
            continue
        end = _url_end(rest, body.start(), body.end())
        authority, tail = _split(rest[body.start() : end])
        host, port, user = _host_of(authority)
        page.cross_out(scheme.start(), end)
        done = end
        if host is None:
            continue
        prefix = scheme.group().lower() if scheme.group().endswith("/") else "http://"
        value = f"{prefix}{user}{host}{port}{tail}"
        others = [] if host.isascii() else [f"{prefix}{user}{hosts.a_label(host)}{port}{tail}"]
        yield Finding(
            type="url",
            value=value,
            start=scheme.start(),
            end=end,
            confidence=0.98 if not user else 0.95,
            alternatives=others,
        )


def _url_end(text: str, start: int, end: int) -> int:
    """Cut the run of non-spaces where running text of another script goes on, then drop closing punctuation."""
    first = script_of(text[start])
    for place in range(start, end):
        if text[place] > "\u052f" and script_of(text[place]) not in ("Common", first, "Latin"):
            end = place
            break
        if text[place] in "，。、；！？）】”’" or text[place] in "·•":
            end = place
            break
    while end > start and (text[end - 1] in _TRAILING or _unpaired(text, start, end)):
        end -= 1
    return end


def _unpaired(text: str, start: int, end: int) -> bool:
    opening = _PAIRS.get(text[end - 1])
    return opening is not None and text.count(opening, start, end) < text.count(text[end - 1], start, end)


def _split(address: str) -> tuple[str, str]:
    cut = min((place for mark in "/?#" if (place := address.find(mark)) >= 0), default=len(address))
    return address[:cut], address[cut:]


def _host_of(authority: str) -> tuple[str | None, str, str]:
    """Return host, ":port" and "user@": what stands before the last @ is no host, however much it looks like one."""
    user, at, rest = authority.rpartition("@")
    host, colon, port = rest.lower().partition(":")
    host = host.strip(".")
    if colon and not (port.isdigit() and len(port) <= 5):
        return None, "", ""
    if _is_ipv4(host) or (hosts.is_host(host) and not host.rpartition(".")[2].isdigit()) or _in_own_script(host):
        return host, colon + port, user + at
    return None, "", ""


def _in_own_script(host: str) -> bool:
    """Accept internationalised hosts in the scripts that a bare host may not use, since a scheme introduced this one."""
    labels = host.split(".")
    return (
        len(labels) >= 2
        and not host.isascii()
        and all(re.fullmatch(r"[\w\u0e31-\u0e4e-]{1,63}", label) for label in labels)
    )


def _emails(folded: Folded, page: Page) -> Iterator[Finding]:
    rest, lower = page.rest(), page.lower()
    done, at = 0, rest.find("@")
    while at >= 0:
        local = _LOCAL.search(lower, max(done, at - 64), at) if lower[at - 1 : at] in _LOCAL_LAST else None
        host = hosts.MAIL_HOST.match(lower, at + 1) if local else None
        if local and host:
            done, domain = host.end(), host.group()
            others = [] if domain.isascii() else [f"{local.group()}@{hosts.a_label(domain)}"]
            known = hosts.known_ending(domain)
            yield Finding(
                type="email",
                value=lower[local.start() : done],
                start=local.start(),
                end=done,
                confidence=0.97 if known else 0.7,
                alternatives=others,
            )
        at = rest.find("@", at + 1)


def _domains(folded: Folded, page: Page) -> Iterator[Finding]:
    rest, lower = page.rest(), page.lower()
    cues = Cues(CUES.find(lower)) if "." in rest else Cues([])
    for host in hosts.HOST.finditer(lower):
        start, end = host.span()
        if start and rest[start - 1] in "/\\":
            continue
        if not hosts.known_ending(host.group()) and _sentence_break(rest, start, end):
            end = rest.rindex(".", start, end)
        name = lower[start:end]
        tail = _PATH.match(rest, end)
        stop = max(end, _url_end(rest, start, tail.end())) if tail else end
        supported = stop > end + 1 or name.count(".") > 1 or bool(cues.within(max(0, start - 40), start))
        if hosts.is_file_name(name) and not (stop > end + 1 and hosts.known_ending(name)):
            _cross_out_file(rest, start, end, page)
        elif "." not in name or not hosts.known_ending(name) or _sentence_break(rest, start, end):
            continue
        elif supported or not hosts.is_doubtful(name):
            yield _bare(
                name, rest[end:stop] if stop > end + 1 else "", start, stop if stop > end + 1 else end, supported
            )


def _bare(name: str, path: str, start: int, end: int, supported: bool) -> Finding:
    """Read a host written without a scheme: a URL if a path follows, else a domain."""
    others = [] if name.isascii() else [hosts.a_label(name)]
    if path:
        others = [f"http://{other}{path}" for other in others]
        return Finding(
            type="url", value=f"http://{name}{path}", start=start, end=end, confidence=0.9, alternatives=others
        )
    sure = 0.95 if supported else 0.85
    return Finding(type="domain", value=name, start=start, end=end, confidence=sure, alternatives=others)


def _sentence_break(text: str, start: int, end: int) -> bool:
    """Recognise "…to him.My number": a capitalised last word after a lower-case one is a new sentence."""
    before, _, last = text[start:end].rpartition(".")
    return last[:1].isupper() and last[1:].islower() and before[-1:].islower()


def _cross_out_file(text: str, start: int, end: int, page: Page) -> None:
    glued = start > 0 and not text[start - 1].isspace()
    left = _FILE_LEFT.search(text, max(0, start - 120), start) if glued else None
    page.cross_out(left.start() if left else start, end)


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _addresses(folded: Folded, page: Page) -> Iterator[Finding]:
    rest = page.rest()
    for four in _IPV4.finditer(rest):
        if _is_ipv4(four.group()) and not _VERSION.search(folded.lower, max(0, four.start() - 12), four.start()):
            yield Finding(type="ip", value=four.group(), start=four.start(), end=four.end(), confidence=0.95)
    if "::" not in rest and rest.count(":") < 7:
        return
    for six in _IPV6.finditer(rest):
        try:
            value = str(ipaddress.IPv6Address(six.group()))
        except ValueError:
            continue
        if len(six.group()) >= 6:
            yield Finding(type="ip", value=value, start=six.start(), end=six.end(), confidence=0.95)
