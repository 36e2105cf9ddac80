"""Currency signs and words as pages print them, and which ISO 4217 code they can mean.

What belongs here: the tables, and the choice among several meanings by what else is known of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

# The first meaning is the one taken when nothing else on the page decides; "?" means: then unknown.
SIGNS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD", "UYU"),
    "€": ("EUR",), "euro": ("EUR",), "euros": ("EUR",), "£": ("GBP", "EGP", "LBP"), "₤": ("GBP", "TRY"),
    "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "円": ("JPY",), "元": ("CNY", "TWD", "HKD"), "圓": ("TWD", "HKD"),
    "us$": ("USD",), "usd$": ("USD",), "us $": ("USD",), "ca$": ("CAD",), "c$": ("CAD",), "cad$": ("CAD",),
    "c $": ("CAD",), "au$": ("AUD",), "a$": ("AUD",), "au $": ("AUD",), "nz$": ("NZD",), "s$": ("SGD",),
    "hk$": ("HKD",), "nt$": ("TWD",), "mx$": ("MXN",), "r$": ("BRL",), "ar$": ("ARS",), "cl$": ("CLP",),
    "co$": ("COP",), "u$s": ("USD",), "u$d": ("USD",), "$u": ("UYU",), "rd$": ("DOP",), "b/.": ("PAB",),
    "₹": ("INR",), "rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "rs.": ("INR", "PKR", "LKR", "NPR", "MUR"),
    "₨": ("PKR", "INR", "LKR", "NPR"), "rp": ("IDR",), "rm": ("MYR",), "₱": ("PHP",), "php": ("PHP",),
    "₩": ("KRW",), "원": ("KRW",), "₫": ("VND",), "đ": ("VND",), "vnđ": ("VND",), "฿": ("THB",), "บาท": ("THB",),
    "kr": ("?", "SEK", "NOK", "DKK", "ISK"), "kr.": ("?", "DKK", "SEK", "NOK", "ISK"), "zł": ("PLN",),
    "zl": ("PLN",), "kč": ("CZK",), "kc": ("CZK",), "ft": ("HUF",), "lei": ("RON", "MDL"), "lv": ("BGN",),
    "лв": ("BGN",), "лв.": ("BGN",), "kn": ("HRK",), "дин": ("RSD",), "din": ("RSD",), "ден": ("MKD",),
    "₽": ("RUB",), "руб": ("RUB", "BYN"), "руб.": ("RUB", "BYN"), "р.": ("RUB", "BYN"), "₴": ("UAH",),
    "грн": ("UAH",), "грн.": ("UAH",), "₸": ("KZT",), "тг": ("KZT",), "₾": ("GEL",), "₺": ("TRY",), "tl": ("TRY",),
    "₪": ("ILS",), 'ש"ח': ("ILS",), "ש״ח": ("ILS",), "د.إ": ("AED",), "درهم": ("AED", "MAD"), "ر.س": ("SAR",),
    "ريال": ("SAR", "QAR", "OMR"), "ج.م": ("EGP",), "تومان": ("IRR",), "kd": ("KWD",), "د.ك": ("KWD",),
    "₦": ("NGN",), "ksh": ("KES",), "gh₵": ("GHS",), "৳": ("BDT",), "tk": ("BDT",), "s/": ("PEN",), "s/.": ("PEN",),
    "bs.": ("BOB", "VES"), "₡": ("CRC",), "q": ("GTQ",), "r": ("ZAR",), "fr.": ("CHF",), "sfr.": ("CHF",),
    "sfr": ("CHF",), "dh": ("MAD", "AED"), "dhs": ("AED", "MAD"),
}  # fmt: skip
CODES = frozenset({
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "JPY", "CNY", "INR", "PKR", "LKR", "NPR", "BDT", "CHF", "SEK", "NOK",
    "DKK", "ISK", "PLN", "CZK", "HUF", "RON", "BGN", "HRK", "RSD", "MKD", "ALL", "BAM", "RUB", "BYN", "UAH", "KZT",
    "GEL", "AMD", "AZN", "MDL", "TRY", "ILS", "AED", "SAR", "QAR", "KWD", "BHD", "OMR", "JOD", "EGP", "MAD", "TND",
    "DZD", "NGN", "KES", "GHS", "ZAR", "BRL", "ARS", "CLP", "COP", "MXN", "PEN", "UYU", "BOB", "CRC", "GTQ", "DOP",
    "PAB", "HKD", "TWD", "SGD", "MYR", "IDR", "PHP", "THB", "VND", "KRW", "MUR", "IRR", "LBP", "RMB", "TTD", "JMD",
})  # fmt: skip
# Signs that on a whole page would be letters, units and model names; read only where a text is known to be a price.
RARE_SIGNS: dict[str, tuple[str, ...]] = {
    "р": ("RUB", "BYN"), "p": ("RUB", "PHP", "BWP"), "rub": ("RUB",), "rbl": ("RUB",), "br": ("BYN", "ETB"),
    "hrn": ("UAH",), "км": ("BAM",), "km": ("BAM",), "ден.": ("MKD",), "дин.": ("RSD",), "lek": ("ALL",),
    "l": ("ALL", "HNL", "MDL", "RON"), "₼": ("AZN",), "man.": ("AZN",), "֏": ("AMD",), "som": ("KGS", "UZS"),
    "сом": ("KGS",), "so'm": ("UZS",), "so‘m": ("UZS",), "soʻm": ("UZS",), "сум": ("UZS",), "₮": ("MNT",),
    "sm": ("TJS",), "смн": ("TJS",), "m": ("TMT", "LSL"), "mt": ("MZN", "TMT"), "k": ("PGK", "ZMW", "MMK", "LAK"),
    "ks": ("MMK",), "₭": ("LAK",), "៛": ("KHR",), "₲": ("PYG",), "gs.": ("PYG",), "gs": ("PYG",), "c$u": ("UYU",),
    "bs": ("BOB", "VES"), "bs.f": ("VES",), "ƒ": ("ANG", "AWG"), "j$": ("JMD",), "tt$": ("TTD",), "bz$": ("BZD",),
    "b$": ("BND", "BSD"), "bds$": ("BBD",), "gy$": ("GYD",), "sr$": ("SRD",), "ec$": ("XCD",), "t$": ("TOP",),
    "z$": ("ZWL",), "n$": ("NAD",), "l$": ("LRD",), "fj$": ("FJD",), "si$": ("SBD",), "mop$": ("MOP",), "mop": ("MOP",),
    "cuc$": ("CUC",), "$mn": ("CUP",), "nt": ("TWD",), "yuan": ("CNY",), "rmb¥": ("CNY",), "￡": ("GBP",),
    "stg": ("GBP",), "gbp": ("GBP",), "p.": ("RUB",), "₣": ("CHF", "XPF"), "r₣": ("RWF",), "frw": ("RWF",),
    "fbu": ("BIF",), "fcfa": ("XOF", "XAF"), "cfa": ("XOF", "XAF"), "f": ("XPF", "XOF", "DJF"), "fdj": ("DJF",),
    "cf": ("KMF",), "fc": ("CDF",), "fg": ("GNF",), "ar": ("MGA",), "um": ("MRU",), "ush": ("UGX",), "tsh": ("TZS",),
    "kshs": ("KES",), "ksh.": ("KES",), "mk": ("MWK",), "zk": ("ZMW",), "le": ("SLE", "EGP"), "sl": ("SOS",),
    "sh.so.": ("SOS",), "d": ("GMD",), "db": ("STN",), "esc": ("CVE",), "kz": ("AOA",), "nfk": ("ERN",),
    "ናቕፋ": ("ERN",),
    "ብር": ("ETB",), "birr": ("ETB",), "e": ("SZL",), "₵": ("GHS",), "gh¢": ("GHS",), "vt": ("VUV",), "ws$": ("WST",),
    "rf": ("MVR",), "mvr": ("MVR",), "nu.": ("BTN",), "nu": ("BTN",), "रु": ("NPR", "INR"), "रू": ("NPR", "INR"),
    "रू.": ("NPR", "INR"), "ரூ": ("LKR", "INR"), "රු": ("LKR",), "රු.": ("LKR",), "re": ("INR", "MUR"), "؋": ("AFN",),
    "﷼": ("IRR", "SAR", "YER", "QAR", "OMR"), "ریال": ("IRR",), "د.ا": ("JOD",), "د.أ": ("JOD",), "jd": ("JOD",),
    "دينار أردني": ("JOD",), "دينار": ("JOD", "KWD", "IQD", "TND"), "ع.د": ("IQD",), "د.ع": ("IQD",), "ل.ل": ("LBP",),
    "ل.س": ("SYP",), "ل.د": ("LYD",), "د.ل": ("LYD",), "د.ج": ("DZD",), "دج": ("DZD",), "da": ("DZD",),
    "د.م": ("MAD",), "د.م.": ("MAD",), "د.ت": ("TND",), "dt": ("TND",), "ر.ع": ("OMR",), "ر.ع.": ("OMR",),
    "ر.ق": ("QAR",), "qr": ("QAR",), "sr": ("SAR",), "ر.ي": ("YER",), "ج.س": ("SDG",), "ش.ص": ("SOS",),
    "جنيه": ("EGP", "SDG"), "bd": ("BHD",), ".د.ب": ("BHD",), "د.ب": ("BHD",), "د.": ("IQD", "AED"), "ش'ח": ("ILS",),
    "ש'ח": ("ILS",), "שח": ("ILS",), "nis": ("ILS",), "spl": ("SPL",), "ƀ": ("XBT",), "ƀtc": ("XBT",), "₿": ("XBT",),
    "ƀ.": ("XBT",), "btc": ("XBT",), "xbt": ("XBT",), "s'": ("PEN",), "cnd": ("CAD",), "cdn": ("CAD",), "dem": ("DEM",),
    "aed": ("AED",), "ikr": ("ISK",), "íkr": ("ISK",),
}  # fmt: skip
ALIASES = {"RMB": "CNY", "NTD": "TWD", "UKP": "GBP", "EURO": "EUR", "RUR": "RUB", "STG": "GBP"}
_COUNTRY = {
    "us": "USD", "ca": "CAD", "au": "AUD", "nz": "NZD", "uk": "GBP", "gb": "GBP", "ie": "EUR", "de": "EUR", "at": "EUR",
    "fr": "EUR", "it": "EUR", "es": "EUR", "pt": "EUR", "nl": "EUR", "be": "EUR", "fi": "EUR", "gr": "EUR", "ee": "EUR",
    "lv": "EUR", "lt": "EUR", "sk": "EUR", "si": "EUR", "lu": "EUR", "cy": "EUR", "mt": "EUR", "hr": "EUR", "ch": "CHF",
    "li": "CHF", "se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK", "pl": "PLN", "cz": "CZK", "hu": "HUF", "ro": "RON",
    "bg": "BGN", "rs": "RSD", "mk": "MKD", "ru": "RUB", "by": "BYN", "ua": "UAH", "kz": "KZT", "ge": "GEL", "md": "MDL",
    "tr": "TRY", "il": "ILS", "ae": "AED", "sa": "SAR", "qa": "QAR", "kw": "KWD", "eg": "EGP", "ma": "MAD", "ng": "NGN",
    "ke": "KES", "gh": "GHS", "za": "ZAR", "br": "BRL", "ar": "ARS", "cl": "CLP", "co": "COP", "mx": "MXN", "pe": "PEN",
    "uy": "UYU", "hk": "HKD", "tw": "TWD", "sg": "SGD", "my": "MYR", "id": "IDR", "ph": "PHP", "th": "THB", "vn": "VND",
    "kr": "KRW", "jp": "JPY", "cn": "CNY", "in": "INR", "pk": "PKR", "lk": "LKR", "np": "NPR", "bd": "BDT", "mu": "MUR",
}  # fmt: skip
# Short Latin signs that also are words, units or model names; they need the page's country or language behind them.
WEAK_SIGNS = frozenset(
    {"r", "q", "ft", "tk", "dh", "dhs", "din", "rm", "rp", "kn", "kd", "lv", "kc", "tl", "zl", "bs."}
)
_FORMER = {"hr": "HRK", "bg": "BGN"}  # still on pages saved before the euro came
_LANGUAGE = {
    "hu": "HUF", "id": "IDR", "ms": "MYR", "bn": "BDT", "cs": "CZK", "pl": "PLN", "hr": "HRK", "sr": "RSD", "bg": "BGN",
    "ro": "RON", "tr": "TRY", "af": "ZAR", "mk": "MKD", "ar": "AED",
    "sv": "SEK", "da": "DKK", "nb": "NOK", "nn": "NOK", "no": "NOK", "is": "ISK",
}  # fmt: skip
# Country codes that are mostly sold as names, not used by shops of that country.
_GENERIC_TLDS = frozenset({"io", "co", "me", "tv", "ai", "cc", "is", "id", "li", "ly"})
_LOCALE = re.compile(r"[a-z]{2,3}[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2})$")


def iso_code(text: str | None) -> str | None:
    """Return the ISO code that `text` spells (`"eur"`, `"NTD"`, `"€"`), or None; a sign must be unambiguous."""
    if not text:
        return None
    word = text.strip()
    upper = word.upper()
    upper = ALIASES.get(upper, upper)
    if upper in CODES:
        return upper
    meanings = SIGNS.get(word.lower(), ())
    return meanings[0] if len(meanings) == 1 else None


def meanings_of(sign: str) -> tuple[str, ...]:
    """Return the codes that a printed sign, word or code can mean, most usual first."""
    code = iso_code(sign)
    return (code,) if code else SIGNS.get(sign.strip().lower(), ())


@lru_cache(maxsize=1024)
def home_currency(host: str) -> str | None:
    """Return the currency of the country that `host`'s top-level domain names, None for a generic one."""
    labels = host.lower().rstrip(".").split(".")
    if labels[-1] in _GENERIC_TLDS and not (len(labels) > 2 and labels[-2] in ("co", "com")):
        return None
    return _COUNTRY.get(labels[-1])


def former_currency(host: str) -> str | None:
    """Return the currency that the country of `host` had until lately, or None."""
    return _FORMER.get(host.lower().rstrip(".").rsplit(".", 1)[-1])


def locale_currency(locale: str | None) -> str | None:
    """Return the currency of the region in a locale (`en-CA`, `pt_BR`), or None."""
    match = _LOCALE.match((locale or "").strip())
    return _COUNTRY.get(match[1].lower()) if match else None


def language_currency(lang: str | None) -> str | None:
    """Return the currency of the one country that mostly speaks the language of a `lang` attribute, or None."""
    return _LANGUAGE.get((lang or "").strip().lower()[:2])


def choose_meaning(meanings: tuple[str, ...], hints: Iterable[str | None]) -> str | None:
    """Return the one meaning that the hints (best first) point to, else the usual one, else None."""
    if len(meanings) == 1:
        return meanings[0]
    for hint in hints:
        if hint in meanings:
            return hint
    return meanings[0] if meanings and meanings[0] != "?" else None


def host_of(url: str) -> str:
    """Return the host of `url`, empty when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
