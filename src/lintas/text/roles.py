"""Decides whose an identifier is from the grammar around it; a victim cue beats a suspect cue, and no cue leaves it unknown.

The last binding cue before the identifier decides ("from my account to 123": 123 is the payee's), then what follows it
("123 is my number"), then the neighbour it is listed with ("call 123 or 456"), then the sentence as a whole.
"""

import bisect
import re
from functools import cache

from lintas.model.identifiers import Role
from lintas.text.finding import Finding
from lintas.text.gazetteer import table, words
from lintas.text.phrases import Cue, Cues, Phrases

#: How far before an identifier a cue may stand, in code points, and how close a bare preposition must stand.
_REACH, _REACH_PREPOSITION, _REACH_SENTENCE = 90, 28, 220
_SENTENCE_END = re.compile(r"[!?。！？\n]|\.(?=\s|\Z)")
#: A full stop behind one of these only shortens a word.
_SHORTENED = re.compile(r"\b(?:no|tel|acc|acct|ref|rp|mr|mrs|dr)\Z")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|[,:;(—-]")
_AFTER_GAP = re.compile(r"(?:\s?\([^()\n]{1,30}\)(?= (?:is|was|adalah|ialah)\b))?[\s,]{0,2}[-–]?\s?")
_LIST_MARKS = re.compile(r"[,/&、，+()\-\x01]")
#: Scripts without spaces: a first person, a kind of number, then the number ("我农行卡…", "บัญชีกสิกรผม…").
_OWN = re.compile(
    r"(?<![让讓叫要给給骗騙带帶教请請])(?:我|本人)(?:们|們)?的?[^，。；,;、\s\d]{0,8}"
    r"(?:卡|账户|账号|帐号|帐户|帳戶|帳號|户口|戶口|手机|手機|电话|電話|邮箱|信箱|微信|身份证|身分證)"
    r"(?:号码|號碼|号|號)?[是為为：: ]{0,3}\Z"
    r"|(?:บัญชี|เบอร์|หมายเลข|อีเมล|ไลน์|มือถือ)[^\s\d]{0,16}(?:ของ)?(?:ฉัน|ผม|ดิฉัน|หนู|ข้าพเจ้า)(?:คือ|เป็น)?[: ]{0,2}\Z"
)
#: What a victim leaves about themselves without saying "my" each time.
_PERSONAL = frozenset({"phone", "bank_account", "email", "national_id", "handle"})


@cache
def _before() -> Phrases:
    lists = table("roles")
    return Phrases(
        {
            label: words(lists[label])
            for label in ("victim", "third", "target", "using", "suspect", "pay", "contact", "toward", "origin")
        }
    )


@cache
def _after() -> Phrases:
    lists = table("roles")
    return Phrases({label: words(lists[f"after_{label}"]) for label in ("victim", "third", "suspect")})


@cache
def _list(name: str) -> frozenset[str]:
    return frozenset(words(table("roles")[name]))


_ROLE_OF: dict[str, Role] = {
    "victim": "victim",
    "third": "third_party",
    "target": "suspect",
    "using": "suspect",
    "suspect": "suspect",
}


def assign(lower: str, found: list[Finding]) -> list[Role]:
    """Return the role of each finding of ``found`` (sorted); ``lower`` is the folded text with the findings crossed out."""
    if not found:
        return []
    sentences = [0, *(end.end() for end in _SENTENCE_END.finditer(lower) if not _goes_on(lower, end.start()))]
    reader = _Reader(lower, Cues(_before().find(lower)), sentences)
    roles: list[Role] = []
    previous_end = 0
    for i, finding in enumerate(found):
        if i and found[i - 1].start == finding.start:
            roles.append(roles[-1])
            continue
        following = next((other.start for other in found[i + 1 : i + 4] if other.start > finding.end), len(lower))
        roles.append(reader.role(finding, previous_end, following, roles[-1] if roles else "unknown"))
        previous_end = finding.end
    own = {finding.value for finding, role in zip(found, roles, strict=True) if role == "victim"}
    return ["victim" if finding.value in own else role for finding, role in zip(found, roles, strict=True)]


def _goes_on(lower: str, place: int) -> bool:
    """A line that ends in a colon belongs to the next one, and a shortened word ends nothing."""
    if lower[place] == "\n":
        return lower[max(0, place - 3) : place].rstrip().endswith((":", "："))
    return lower[place] == "." and _SHORTENED.search(lower, max(0, place - 5), place) is not None


class _Reader:
    def __init__(self, lower: str, cues: Cues, sentences: list[int]) -> None:
        self._lower, self._cues, self._sentences = lower, cues, sentences

    def role(self, finding: Finding, previous_end: int, following: int, previous_role: Role) -> Role:
        """Return the role of one finding; ``previous_end`` ends the one before, ``following`` starts the next."""
        place = bisect.bisect_right(self._sentences, finding.start) - 1
        first = max(self._sentences[place], finding.start - _REACH_SENTENCE)
        last = self._sentences[place + 1] if place + 1 < len(self._sentences) else len(self._lower)
        last = min(last, finding.end + _REACH_SENTENCE)
        low = max(first, previous_end, finding.start - _REACH)
        after = self._said_after(finding.end, min(following, last))
        if after == "victim":
            return "victim"
        before = self._said_before(first, low, finding.start)
        if before:
            return before
        if after:
            return after
        if previous_end > first and self._joined(previous_end, finding.start):
            return previous_role
        return self._sentence(finding, first, last)

    def _said_after(self, end: int, limit: int) -> Role | None:
        gap = _AFTER_GAP.match(self._lower, end, limit)
        cue = _after().match(self._lower, gap.end() if gap else end)
        return _ROLE_OF[cue.label] if cue and cue.end <= limit else None

    def _said_before(self, first: int, low: int, place: int) -> Role | None:
        owner = self._possessor(low, place)
        if owner:
            return owner
        near = self._cues.within(low, place)
        binding = [cue for cue in near if cue.label in ("victim", "third", "target", "using")]
        since = binding[-1].end if binding else low
        turned = self._preposition(first, since, place, [cue for cue in near if cue.start >= since])
        if turned and not (binding and binding[-1].label == "target" and turned == "victim" and since > place - 6):
            return turned
        if binding and binding[-1].label == "using":
            return "victim" if any(cue.label == "victim" for cue in binding) else "suspect"
        if binding:
            return _ROLE_OF[binding[-1].label]
        return "suspect" if any(cue.label == "suspect" for cue in near) else None

    def _preposition(self, first: int, since: int, place: int, near: list[Cue]) -> Role | None:
        """Read a bare "to" or "from" close by, with the verb it belongs to: money goes to a payee, comes from a payer."""
        close = [cue for cue in near if cue.label in ("toward", "origin") and cue.end >= place - _REACH_PREPOSITION]
        if not close:
            return None
        verbs = [
            cue
            for cue in self._cues.within(first, close[-1].start)
            if cue.label in ("pay", "contact", "target", "suspect")
        ]
        kinds = {self._verb(cue) for cue in verbs[-2:]} if verbs else set()
        if close[-1].label == "toward":
            return "suspect" if "pay" in kinds else None
        if not verbs:
            return None
        return {"pay": "victim", "contact": "suspect"}.get(self._verb(verbs[-1]))  # type: ignore[return-value]  # both are roles

    def _verb(self, cue: Cue) -> str:
        """Say whether a cue speaks of paying or of contact; phrases of other lists are judged by their first verb."""
        if cue.label in ("pay", "contact"):
            return cue.label
        inner = self._lower[cue.start : cue.end]
        for word in _TOKEN.findall(inner):
            if word in _list("pay"):
                return "pay"
            if word in _list("contact"):
                return "contact"
        return ""

    def _possessor(self, low: int, place: int) -> Role | None:
        """Read "my (Aria First) account" and "akaun (Aria) saya" leading straight to the identifier, word by word backwards."""
        window = self._lower[max(low, place - 30) : place]
        if not window.isascii() and _OWN.search(window):
            return "victim"
        tokens = _TOKEN.findall(self._lower[low:place])[-7:]
        for back, word in enumerate(reversed(tokens)):
            index = len(tokens) - 1 - back
            if word in _list("relations") and self._is_owned(tokens, index):
                return "third_party"
            if word in _list("possessive_before"):
                return "victim"
            if word in _list("possessive_after") and back <= 2:
                noun = tokens[max(0, index - 3) : index]
                if any(word in _list("possessed") for word in noun):
                    return "third_party" if any(word in _list("relations") for word in noun[-2:]) else "victim"
            if word == "," and back and all(word in _list("possessed") for word in tokens[index + 1 :]):
                continue  # "my account, number 123"
            if word in _list("possessive_stop") or word in (",", ";", "(", "—"):
                return None
        return None

    def _is_owned(self, tokens: list[str], index: int) -> bool:
        """A relative counts only with its owner beside it: "my wife's", "isteri saya"."""
        around = tokens[max(0, index - 2) : index] + tokens[index + 1 : index + 2]
        return any(word in _list("possessive_before") or word in _list("possessive_after") for word in around)

    def _joined(self, previous_end: int, start: int) -> bool:
        """Say whether two identifiers stand in one list: "123 or 456", "123, CIMB 456"."""
        between = self._lower[previous_end:start]
        if len(between) > 30:
            return False
        if " ".join(_LIST_MARKS.sub(" ", between).split()) in _joiners():
            return True
        listed = between.lstrip().startswith((",", ";", "/", "&", "、", "，", "and ", "or ", "dan ", "atau "))
        tokens = _TOKEN.findall(between)
        stopped = any(word in _list("possessive_stop") and word not in _joiners() for word in tokens)
        return listed and len(tokens) <= 4 and not stopped and not self._cues.within(previous_end, start)

    def _sentence(self, finding: Finding, first: int, last: int) -> Role:
        labels = [cue.label for cue in self._cues.within(first, last)]
        accused = any(label in ("target", "suspect") for label in labels)
        if "victim" in labels:
            told_before = any(cue.label == "victim" for cue in self._cues.within(first, finding.start))
            return "victim" if told_before and not accused and finding.type in _PERSONAL else "unknown"
        return "suspect" if accused else "unknown"


@cache
def _joiners() -> frozenset[str]:
    return frozenset({"", *words(table("roles")["joiners"])})
