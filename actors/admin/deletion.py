"""Bounded list of related objects for delete confirmations. Django's own pages list all of them."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from actors.models import Actor, Credit, Film

MAX_LISTED_CREDITS = 100
MAX_COUNTED_CREDITS = 1_000
# The fields that Credit.__str__ needs.
CREDIT_NAME_FIELDS = ("character", "actor__first_name", "actor__last_name", "film__title", "film__year")


def deleted_objects_with_credits(objects, field):
    """Return the same tuple as ModelAdmin.get_deleted_objects, with a bounded list of credits.

    Args:
        objects: The actors or films to delete.
        field: The name of Credit's foreign key to them.
    """
    objects = list(objects)
    opts = {"actor": Actor, "film": Film}[field]._meta
    form = f"admin:{opts.app_label}_{opts.model_name}_change"
    listed = [
        format_html('{}: <a href="{}">{}</a>', opts.verbose_name, reverse(form, args=[obj.pk]), obj) for obj in objects
    ]
    counts: dict[str, int | str] = {str(opts.verbose_name_plural): len(objects)} if objects else {}
    credits = Credit.objects.filter(**{f"{field}__in": objects}).order_by("pk")
    listed_credits = [
        str(credit) for credit in credits.select_related("actor", "film").only(*CREDIT_NAME_FIELDS)[:MAX_LISTED_CREDITS]
    ]
    # If all are listed, there is no need to count them.
    number = (
        len(listed_credits) if len(listed_credits) < MAX_LISTED_CREDITS else credits[: MAX_COUNTED_CREDITS + 1].count()
    )
    if number:
        counts[str(Credit._meta.verbose_name_plural)] = (
            number if number <= MAX_COUNTED_CREDITS else f"> {MAX_COUNTED_CREDITS}"
        )
    if number > MAX_LISTED_CREDITS:
        listed_credits.append(gettext("… and more"))
    return [*listed, *([listed_credits] if listed_credits else [])], counts, set(), []
