"""Names the script of a character, and from scripts and telling words guesses which jurisdiction's habits a text follows."""

import bisect
import re

#: First code point of each block used by our languages -> script; blocks in between are "Other".
_BLOCKS = [
    (0x0000, "Common"), (0x0041, "Latin"), (0x005B, "Common"), (0x0061, "Latin"), (0x007B, "Common"),
    (0x00C0, "Latin"), (0x0250, "Other"), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"),
    (0x0590, "Other"), (0x0E00, "Thai"), (0x0E80, "Lao"), (0x0F00, "Other"), (0x1000, "Myanmar"), (0x10A0, "Other"),
    (0x13A0, "Cherokee"), (0x1400, "Other"), (0x1780, "Khmer"), (0x1800, "Other"), (0x1E00, "Latin"), (0x1F00, "Greek"),
    (0x2000, "Common"), (0x2C60, "Latin"), (0x2C80, "Other"), (0x3000, "Common"), (0x3040, "Kana"), (0x3100, "Other"),
    (0x3400, "Han"), (0xA000, "Other"), (0xAC00, "Hangul"), (0xD7B0, "Other"), (0xF900, "Han"), (0xFB00, "Other"),
    (0x20000, "Han"), (0x32000, "Other"),
]  # fmt: skip
_STARTS = [start for start, _ in _BLOCKS]
_RUNS = {
    "TH": re.compile("[\u0e01-\u0e5b]"),
    "LA": re.compile("[\u0e81-\u0edf]"),
    "KH": re.compile("[\u1780-\u17ff]"),
    "MM": re.compile("[\u1000-\u109f]"),
    "VN": re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]"),
    "TW": re.compile("[帳號轉話電詐騙匯說點這個們來銀]"),
    "CN": re.compile("[\u4e00-\u9fff]"),
}
_WORDS = {
    "MY": re.compile(r"\b(?:saya|akaun|nombor|ringgit|rm ?\d|daripada|telah|telefon|polis|wang)\b"),
    "ID": re.compile(
        r"\b(?:saya|rekening|nomor|rp\.? ?\d|rupiah|telepon|uang|norek|ditelepon|mengirim|penipu|bank bca)\b"
    ),
    "PH": re.compile(r"\b(?:ang|ng|mga|ko|sa|ako|akin|gcash|php|peso|pesos|tumawag)\b"),
    "SG": re.compile(r"\b(?:singapore|sgd|paynow|posb|dbs|singpass)\b|s\$"),
    "TH": re.compile(r"\b(?:thb|baht|promptpay|thailand|thai)\b"),
    "VN": re.compile(r"\b(?:vnd|zalo|tai khoan|vietnam)\b"),
}


def script_of(char: str) -> str:
    """Return the script of one character, "Common" for what all scripts share, "Other" for the ones not listed."""
    return _BLOCKS[bisect.bisect_right(_STARTS, ord(char)) - 1][1]


def scripts(text: str) -> set[str]:
    """Return the scripts of the letters in ``text``."""
    return {script_of(char) for char in set(text) if char.isalpha()} - {"Common"}


def likely_jurisdiction(lower: str) -> str | None:
    """Guess the jurisdiction whose national number format a lower-cased folded text uses; None without a clear sign.

    A guess only decides how a number without a country code is read, and lowers its confidence.
    """
    for code, letters in _RUNS.items():
        if letters.search(lower):
            return code
    sample = lower[:4_000]
    counts = {code: len(set(pattern.findall(sample))) for code, pattern in _WORDS.items()}
    best, second = sorted(counts.values(), reverse=True)[:2]
    if best == 0 or (best == second and best < 1):
        return None
    leaders = [code for code, count in counts.items() if count == best]
    return leaders[0] if len(leaders) == 1 else None
