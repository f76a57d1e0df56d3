"""Batches of changes that are undone together: imports, merges, and undo operations."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Batch(models.Model):
    """A set of changes to actors that are written, and undone, together."""

    KINDS = [("import", _("import")), ("undo", _("undo")), ("merge", _("merge"))]

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("type"), max_length=10, choices=KINDS)
    at = models.DateTimeField(_("when"), db_default=Now())
    who = models.CharField(_("user"), max_length=150, blank=True)
    name = models.CharField(_("file or actors"), max_length=255, blank=True)
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    deleted = models.PositiveIntegerField(_("deleted"), default=0)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by", verbose_name=_("undoes"))

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports and merges")
        ordering = ["-id"]
        default_permissions = ["add", "view"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def unmerges(self) -> bool:
        """Whether this batch undid a merge. Such an undo cannot be undone: the two actors must be merged again."""
        return self.undoes is not None and self.undoes.kind == "merge"


class Upload(models.Model):
    """An uploaded file whose import waits for confirmation. It is in the database, where every process can read it."""

    id = models.BigAutoField(primary_key=True)
    who = models.CharField(max_length=150)
    at = models.DateTimeField(db_default=Now())
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    encoding = models.CharField(max_length=20, blank=True)
    columns = models.JSONField(default=dict)

    class Meta:
        default_permissions = []

    def __str__(self) -> str:
        return self.name


class SubmittedForm(models.Model):
    """An admin form that has added an object, so that submitting it again adds nothing (actors.admin.idempotency)."""

    digest = models.CharField(max_length=64, primary_key=True)
    thing_id = models.IntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "actors_added"
        default_permissions = []

    def __str__(self) -> str:
        return f"#{self.thing_id}"


class Merge(models.Model):
    """A merge of one actor into another. The URL of the merged actor redirects to the other one."""

    id = models.BigAutoField(primary_key=True)
    batch = models.OneToOneField(Batch, models.CASCADE, related_name="merge")
    gone_id = models.IntegerField(db_index=True)
    survivor_id = models.IntegerField()
    # The ids of the credits that moved to the survivor, and the data of those that the survivor already had.
    moved = models.JSONField(default=list)
    dropped = models.JSONField(default=list)

    class Meta:
        verbose_name = _("merge")
        default_permissions = ["add"]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.survivor_id}"
