"""The admin site: its front page, its app list, and parts of all its pages."""

import pytest
from django.contrib.auth.models import Permission, User

from actorsite import __version__

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("label", [None, "staging"])
def test_environment_label_is_shown_on_every_admin_page(client, actor, settings, label):
    settings.ENVIRONMENT_LABEL = label
    pages = [client.get("/admin/login/")]
    client.force_login(User.objects.create_superuser("root"))
    pages += [client.get(page) for page in ("/admin/", "/admin/actors/actor/", "/admin/second-factor/")]
    for page in pages:
        assert ('<span class="environment">' in page.content.decode()) is bool(label)
        assert page.content.decode().count("staging") == bool(label)


def test_footer_shows_version_to_staff_only(client, root):
    footer = f"Actorsite {__version__}"
    assert footer in client.get("/admin/").content.decode()
    client.logout()
    assert footer not in client.get("/admin/login/").content.decode()


def test_messages_untranslated_in_django_are_in_chinese(client, root):
    chinese = {"headers": {"Accept-Language": "zh-CN"}}
    page = client.get("/admin/", **chinese).content.decode()
    for english, text in (("Model name", "模型名称"), ("Add link", "添加链接"), ("Change or view list link", "的链接")):
        assert english not in page and text in page
    wrong = client.post("/admin/actors/actor/add/", {"birth_year": "1066"}, **chinese).content.decode()
    assert "<title>错误：" in wrong


@pytest.mark.parametrize(("language", "name"), [("en", "Locked accounts"), ("zh-hans", "锁定的账户")])
def test_access_attempts_are_called_locked_accounts(client, root, language, name):
    page = client.get("/admin/", headers={"Accept-Language": language}).content.decode()
    assert f">{name}</a>" in page


def test_app_list_reflects_changed_permissions_at_once(client):
    reader = User.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    assert client.get("/admin/").context["available_apps"] == []
    reader.user_permissions.add(Permission.objects.get(codename="view_film"))
    (app,) = client.get("/admin/").context["available_apps"]
    assert [model["object_name"] for model in app["models"]] == ["Film"]
    assert app["models"][0]["add_url"] is None
    reader.user_permissions.add(Permission.objects.get(codename="add_film"))
    assert client.get("/admin/").context["available_apps"][0]["models"][0]["add_url"]
    reader.user_permissions.clear()
    assert client.get("/admin/").context["available_apps"] == []


def test_front_page_without_dashboard_setting_is_django_default(client, settings):
    settings.ADMIN_DASHBOARD = None
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/admin/").content.decode()
    assert "Needs attention" not in page and "Recent actions" in page
