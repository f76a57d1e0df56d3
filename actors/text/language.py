"""The language of a name, derived from its script and the country.

Browsers choose glyphs by the language, and screen readers choose a voice: the
same Han character looks different in Japan and in Hong Kong.
"""

import re

# BCP 47 tags by country; None means every country that is not listed.
LANGUAGES_BY_SCRIPT: tuple[tuple[str, dict[str | None, str]], ...] = (
    ("\u3040-\u30ff", {None: "ja"}),
    ("\uac00-\ud7a3\u1100-\u11ff", {None: "ko"}),
    (
        "\u3400-\u9fff\uf900-\ufaff",
        {"JP": "ja", "KR": "ko", "KP": "ko", "CN": "zh-Hans", "SG": "zh-Hans", "MY": "zh-Hans", None: "zh-Hant"},
    ),
    ("\u0370-\u03ff\u1f00-\u1fff", {None: "el"}),
    (
        "\u0400-\u052f",
        {"UA": "uk", "BY": "be", "BG": "bg", "RS": "sr", "ME": "sr", "MK": "mk", "MN": "mn", "KZ": "kk", None: "ru"},
    ),
    ("\u0530-\u058f", {None: "hy"}),
    ("\u0590-\u05ff", {None: "he"}),
    ("\u0600-\u06ff\u0750-\u077f", {"IR": "fa", "AF": "fa", "PK": "ur", "IN": "ur", None: "ar"}),
    ("\u0900-\u097f", {"NP": "ne", None: "hi"}),
    ("\u0980-\u09ff", {None: "bn"}),
    ("\u0a00-\u0a7f", {None: "pa"}),
    ("\u0a80-\u0aff", {None: "gu"}),
    ("\u0b80-\u0bff", {None: "ta"}),
    ("\u0c00-\u0c7f", {None: "te"}),
    ("\u0c80-\u0cff", {None: "kn"}),
    ("\u0d00-\u0d7f", {None: "ml"}),
    ("\u0d80-\u0dff", {None: "si"}),
    ("\u0e00-\u0e7f", {None: "th"}),
    ("\u1000-\u109f", {None: "my"}),
    ("\u10a0-\u10ff", {None: "ka"}),
    ("\u1200-\u137f", {None: "am"}),
    ("\u1780-\u17ff", {None: "km"}),
)
_COMPILED_SCRIPTS = tuple((re.compile(f"[{letters}]"), languages) for letters, languages in LANGUAGES_BY_SCRIPT)


def language_of_name(name: str, country: str) -> str:
    """Return the BCP 47 tag of the language that ``name`` is written in, or "" if that is unclear.

    ``country`` is an ISO 3166-1 code or empty. Kana is tried before Han,
    because Japanese names mix the two.
    """
    if name.isascii():
        return ""
    for script, languages in _COMPILED_SCRIPTS:
        if script.search(name):
            return languages.get(country) or languages[None]
    return ""
