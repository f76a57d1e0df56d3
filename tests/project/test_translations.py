"""The translations into Simplified Chinese, and the visitor's choice of language."""

import re
from io import BytesIO
from pathlib import Path

import polib
import pytest
from babel.messages.extract import extract_python
from django.conf import settings
from django.utils.translation import gettext, override, pgettext
from django.utils.translation.template import templatize

from actors.models import Actor

APPS = ["actors", "actorsite"]
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2)}


def catalog_path(app, locale="zh_Hans"):
    """Return the path of the source file of an app's translations."""
    return Path(settings.BASE_DIR, app, "locale", locale, "LC_MESSAGES/django.po")


def marked_messages(app):
    """Return every message that an app's code and templates mark for translation."""
    found = set()
    for path in Path(settings.BASE_DIR, app).rglob("*"):
        if path.suffix == ".html":
            # Django converts a template to source code for gettext, which is valid Python only without indentation.
            lines = templatize(path.read_text(), origin=str(path)).splitlines()
            source = "\n".join(line.strip() for line in lines)
        elif path.suffix == ".py" and "migrations" not in path.parts:
            source = path.read_text()
        else:
            continue
        for _line, _name, message, _comments in extract_python(BytesIO(source.encode()), KEYWORDS, (), {}):
            found.add(message if isinstance(message, str) else next(part for part in message if part))
    return found


@pytest.mark.once
@pytest.mark.parametrize("app", APPS)
def test_messages_are_translated(app):
    entries = {entry.msgid: entry for entry in polib.pofile(catalog_path(app)) if not entry.obsolete}
    wanted = marked_messages(app)
    assert len(wanted) >= {"actors": 100, "actorsite": 3}[app]
    assert wanted - set(entries) == set(), "run `make messages`, then translate"
    assert [entry.msgid for entry in entries.values() if not entry.translated() or entry.fuzzy] == []


@pytest.mark.once
@pytest.mark.parametrize(("app", "locale"), [*((app, "zh_Hans") for app in APPS), ("actorsite", "en")])
def test_compiled_catalog_matches_its_source(app, locale):
    path = catalog_path(app, locale)
    sources, compiled = polib.pofile(path), polib.mofile(path.with_suffix(".mo"))
    assert {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in compiled} == {
        entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in sources
    }


@pytest.mark.parametrize("app", APPS)
def test_own_translations_take_precedence_over_other_apps(app):
    """Other apps translate "Country" as 国家, and "Remove" as 删除, which means to delete."""
    ours = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in polib.mofile(catalog_path(app).with_suffix(".mo"))}
    ours = {key: text for key, text in ours.items() if text}
    assert len(ours) >= {"actors": 100, "actorsite": 3}[app]
    with override("zh-hans"):
        translated = {key: pgettext(*key) if key[0] else gettext(key[1]) for key in ours}
    assert translated == ours


@pytest.mark.django_db
class TestChoice:
    def test_language_of_the_browser_is_used_without_a_cookie(self, client, actor):
        page = client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
        assert '<html lang="zh-hans">' in page.content.decode()
        assert "1 位演员" in page.content.decode() and "日本" in page.content.decode()
        assert not page.cookies
        assert "Accept-Language" in page["Vary"]

    def test_language_choice_is_remembered_and_redirects_back(self, client, actor):
        response = client.post("/language/", {"code": "zh-hans", "next": "/?q=mifune"})
        assert (response.status_code, response["Location"]) == (302, "/?q=mifune")
        assert "搜索" in client.get("/", headers={"Accept-Language": "en"}).content.decode()

    @pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_language_choice_redirects_to_no_other_site(self, client, next_url):
        assert client.post("/language/", {"code": "en", "next": next_url})["Location"] == "/"

    def test_unknown_language_is_refused(self, client):
        response = client.post("/language/", {"code": "tlh"})
        assert (response.status_code, response.content) == (400, b"code must be one of en, zh-hans.\n")
        assert client.get("/language/").status_code == 405

    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_languages_are_offered_in_their_own_names(self, client, language):
        page = client.get("/spotlight/", headers={"Accept-Language": language}).content.decode()
        offered = re.findall(r'value="([^"]*)" lang="([^"]*)"[^>]*>(.*?)</button>', page)
        assert offered == [("en", "en", "English"), ("zh-hans", "zh-hans", "简体中文")]

    def test_messages_on_public_pages_are_in_chinese(self, client, actor):
        Actor.objects.create(first_name="Cher", birth_year=1946)
        chinese = {"Accept-Language": "zh-hans"}
        for url, text in {
            "/spotlight/": "再选五位",
            actor.get_absolute_url(): "尚无简介。",
            "/nothing/": "找不到页面",
            "/?living=perhaps": "living 必须是 yes 或 no。",
            "/?q=xyzzy": "没有找到演员",
        }.items():
            assert text in client.get(url, headers=chinese).content.decode()
