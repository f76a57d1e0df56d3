"""The history of actors, films and credits, which database triggers write."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from actors.models.batch import Batch


class Change(models.Model):
    """One change of one actor, recorded by a trigger (history.sql). It stays when the actor is deleted."""

    KINDS = [("+", _("added")), ("~", _("changed")), ("-", _("deleted"))]
    ORIGINS = [("admin", _("admin")), ("import", _("import")), ("command", _("command")), ("sql", "SQL")]

    id = models.BigAutoField(primary_key=True)
    actor_id = models.IntegerField(_("actor"))
    kind = models.CharField(_("type"), max_length=1, choices=KINDS)
    version = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("when"), db_default=Now())
    who = models.CharField(_("user"), max_length=150, blank=True)
    origin = models.CharField(_("source"), max_length=10, choices=ORIGINS)
    fields = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # No constraint: only triggers write this key, and checking it for each row would double the time of a large import.
    batch = models.ForeignKey(
        Batch, models.DO_NOTHING, null=True, editable=False, db_constraint=False, db_index=False, related_name="changes"
    )

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-id"]
        default_permissions = ["view"]
        permissions = [("restore_change", _("Can restore an actor from the history"))]
        indexes = [
            models.Index(fields=["actor_id", "id"], name="change_of_actor"),
            # Partial indexes leave out values that are common in an import's rows, so that imports stay fast.
            models.Index(fields=["kind", "id"], name="change_by_kind", condition=~models.Q(kind="+")),
            models.Index(
                fields=["origin", "id"], name="change_by_origin", condition=models.Q(origin__in=["admin", "sql"])
            ),
            models.Index(fields=["who", "id"], name="change_by_person", condition=~models.Q(who="")),
            models.Index(fields=["batch", "id"], name="change_of_batch", condition=models.Q(batch__isnull=False)),
        ]

    def __str__(self) -> str:
        state = self.after or self.before or {}
        return f"{state['first_name']} {state['last_name']}".strip() or f"#{self.actor_id}"


class FilmChange(models.Model):
    """One change of one film, or of one of its credits, recorded by a trigger (history.sql). It outlives both.

    ``credit_id`` and ``actor_id`` are None if the film itself was changed.
    """

    id = models.BigAutoField(primary_key=True)
    film_id = models.IntegerField(_("film"))
    credit_id = models.IntegerField(null=True)
    actor_id = models.IntegerField(_("actor"), null=True)
    kind = models.CharField(_("type"), max_length=1, choices=Change.KINDS)
    at = models.DateTimeField(_("when"), db_default=Now())
    who = models.CharField(_("user"), max_length=150, blank=True)
    origin = models.CharField(_("source"), max_length=10, choices=Change.ORIGINS)
    fields = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name = _("change of a film")
        verbose_name_plural = _("changes of films")
        ordering = ["-id"]
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["film_id", "id"], name="change_of_film"),
            models.Index(fields=["actor_id", "id"], name="change_of_credit"),
        ]

    def __str__(self) -> str:
        state = self.after or self.before or {}
        return state.get("title") or state.get("character") or f"#{self.credit_id or self.film_id}"
