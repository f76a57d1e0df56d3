"""The admin pages of groups and users show permissions in the user's language."""

import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.utils import translation

from actorsite.accounts.permissions import permission_label

pytestmark = pytest.mark.django_db

CHINESE = {"Accept-Language": "zh-hans"}


@pytest.fixture
def dave(client):
    """Return a signed-in user of the group Administrators who is not a superuser."""
    dave = User.objects.create_user("dave", is_staff=True)
    dave.groups.add(Group.objects.get(name="Administrators"))
    dave.user_permissions.add(Permission.objects.get(codename="change_actor"))
    client.force_login(dave)
    return dave


def group_urls():
    return f"/admin/auth/group/{Group.objects.get(name='Curators').pk}/change/", "/admin/auth/group/add/"


def chinese_page(client, url):
    return client.get(url, headers=CHINESE).content.decode()


def test_permission_choices_are_in_chinese(client, root):
    for url in (*group_urls(), f"/admin/auth/user/{root.pk}/change/"):
        page = chinese_page(client, url)
        assert "演员与影片 | 演员 | 可以添加演员</option>" in page and "可以从历史中恢复演员" in page
        assert "| Can " not in page
        assert not [text for text in re.findall(r"<option[^>]*>([^<]*\|[^<]*)<", page) if re.search("[a-z]", text)]
        assert "shown_permissions" not in page  # the permissions are not listed a second time, read-only
        assert page.count("</option>") >= Permission.objects.count()


def test_read_only_permissions_are_in_chinese(client, dave):
    page = chinese_page(client, group_urls()[0])
    assert "演员与影片 | 演员 | 可以删除演员<br>" in page and "| Can " not in page
    page = chinese_page(client, f"/admin/auth/user/{dave.pk}/change/")
    assert "演员与影片 | 演员 | 可以更改演员" in page and "| Can " not in page


def test_administrators_group_cannot_grant_permissions(client, dave):
    url, everything = f"/admin/auth/user/{dave.pk}/change/", list(Permission.objects.values_list("pk", flat=True))
    form = {"username": "dave", "is_active": "on", "is_staff": "on", "user_permissions": everything}
    form |= {"shown_permissions": everything, "groups": [group.pk for group in dave.groups.all()], "_save": "Save"}
    assert client.post(url, form).status_code == 302
    assert client.post(group_urls()[0], {"name": "Curators", "permissions": everything}).status_code == 403
    assert [permission.codename for permission in dave.user_permissions.all()] == ["change_actor"]


def test_superuser_can_grant_permissions(client, root):
    eve, permission = User.objects.create_user("eve"), Permission.objects.get(codename="view_film")
    form = {"username": "eve", "is_active": "on", "user_permissions": [permission.pk], "_save": "Save"}
    assert client.post(f"/admin/auth/user/{eve.pk}/change/", form).status_code == 302
    assert list(eve.user_permissions.all()) == [permission]
    form = {"name": "Lookers", "permissions": [permission.pk], "_save": "Save"}
    assert client.post("/admin/auth/group/add/", form).status_code == 302
    assert list(Group.objects.get(name="Lookers").permissions.all()) == [permission]


def test_english_permission_label_equals_its_stored_name():
    about = Permission.objects.filter(content_type__model__in=["actor", "film", "change", "user", "group"])
    assert len(about) == 18
    assert [permission_label(permission) for permission in about] == [str(permission) for permission in about]


@pytest.mark.parametrize(
    ("kind", "codename"), [("actor", "praise_actor"), ("gone", "add_gone"), ("change", "add_change")]
)
def test_undeclared_permission_is_shown_by_its_stored_name(kind, codename):
    of, _made = ContentType.objects.get_or_create(app_label="actors", model=kind)
    permission = Permission(content_type=of, codename=codename, name="As stored")
    with translation.override("zh-hans"):
        assert permission_label(permission).endswith(" | As stored")
