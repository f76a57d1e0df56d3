"""What a deletion takes along, said in bounds: the stock pages list everything, of however many."""

from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from actors.admin.columns import address_of
from actors.models import Credit

MAX_LISTED_CREDITS = 100
MAX_COUNTED_CREDITS = 1_000
# What the text of a credit is made of.
CREDIT_NAME_FIELDS = ("character", "actor__first_name", "actor__last_name", "film__title", "film__year")


def deleted_objects_with_credits(things, field):
    """Return what ModelAdmin.get_deleted_objects does, for actors or films; ``field`` is Credit's key to them."""
    things = list(things)
    opts = Credit._meta.get_field(field).related_model._meta
    kind, address = escape(str(opts.verbose_name)), address_of(f"admin:{opts.app_label}_{opts.model_name}_change")
    listed = [SafeString(f'{kind}: <a href="{address(thing.pk)}">{escape(str(thing))}</a>') for thing in things]
    names = {str(opts.verbose_name_plural): len(things)} if things else {}
    credits = Credit.objects.filter(**{f"{field}__in": things}).order_by("pk")
    with_them = [
        str(credit) for credit in credits.select_related("actor", "film").only(*CREDIT_NAME_FIELDS)[:MAX_LISTED_CREDITS]
    ]
    # Those that are listed need not be counted.
    number = len(with_them) if len(with_them) < MAX_LISTED_CREDITS else credits[: MAX_COUNTED_CREDITS + 1].count()
    if number:
        names[str(Credit._meta.verbose_name_plural)] = (
            number if number <= MAX_COUNTED_CREDITS else f"> {MAX_COUNTED_CREDITS}"
        )
    if number > MAX_LISTED_CREDITS:
        with_them.append(gettext("… and more"))
    return [*listed, *([with_them] if with_them else [])], names, set(), []
