"""Films and credits. The database keeps a film's folded titles, version and last change, as it does an actor's."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import actors.fields
from actors.operations import RunByDatabase

EDITED = ("title", "original_title", "year")
_NEW, _OLD = (", ".join(f"{row}.{column}" for column in EDITED) for row in ("NEW", "OLD"))
POSTGRESQL = f"""
CREATE FUNCTION film_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF ROW({_NEW}) IS DISTINCT FROM ROW({_OLD}) THEN
            NEW.version := OLD.version + 1;
            NEW.last_update := now();
        ELSE
            NEW.version := OLD.version;
            NEW.last_update := OLD.last_update;
        END IF;
    END IF;
    NEW.sort_title := actor_fold(NEW.title);
    NEW.search := ' ' || btrim(NEW.sort_title || ' ' || actor_fold(NEW.original_title));
    RETURN NEW;
END $$;
CREATE TRIGGER zz_film_keep BEFORE INSERT OR UPDATE ON actors_film FOR EACH ROW EXECUTE FUNCTION film_keep();
"""
POSTGRESQL_BACK = "DROP TRIGGER zz_film_keep ON actors_film; DROP FUNCTION film_keep()"

_FOLDED = """
    sort_title = actor_fold(NEW.title),
    search = ' ' || trim(actor_fold(NEW.title) || ' ' || actor_fold(NEW.original_title))
"""
_CHANGED = "(" + " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in EDITED) + ")"
SQLITE = (
    f"CREATE TRIGGER film_keep_insert AFTER INSERT ON actors_film BEGIN "
    f"UPDATE actors_film SET {_FOLDED} WHERE id = NEW.id; END",
    f"CREATE TRIGGER film_keep_update AFTER UPDATE ON actors_film BEGIN "
    f"UPDATE actors_film SET version = OLD.version + {_CHANGED}, "
    f"last_update = CASE WHEN {_CHANGED} THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE OLD.last_update END, "
    f"{_FOLDED} WHERE id = NEW.id; END",
)
SQLITE_BACK = ("DROP TRIGGER film_keep_insert", "DROP TRIGGER film_keep_update")


class Migration(migrations.Migration):
    dependencies = [
        ("actors", "0005_sort_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Credit",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "character",
                    actors.fields.LineField(blank=True, db_default="", max_length=255, verbose_name="character"),
                ),
                (
                    "billing",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="The place in the credits: 1 for the first named.",
                        null=True,
                        verbose_name="billing",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credits",
                        to="actors.actor",
                        verbose_name="actor",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": [models.OrderBy(models.F("billing"), nulls_last=True), "id"],
            },
        ),
        migrations.CreateModel(
            name="Film",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", actors.fields.LineField(max_length=255, verbose_name="title")),
                (
                    "original_title",
                    actors.fields.LineField(
                        blank=True,
                        db_default="",
                        help_text="In its own language and script, where it differs from the title.",
                        max_length=255,
                        verbose_name="original title",
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Of its first release. Leave empty when not certain.",
                        null=True,
                        verbose_name="year",
                    ),
                ),
                (
                    "last_update",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="last change"
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, editable=False, verbose_name="version")),
                ("sort_title", actors.fields.FoldedField()),
                ("search", actors.fields.FoldedField()),
                ("legacy_id", models.PositiveIntegerField(editable=False, null=True, unique=True)),
                ("actors", models.ManyToManyField(related_name="films", through="actors.Credit", to="actors.actor")),
            ],
            options={
                "verbose_name": "film",
                "verbose_name_plural": "films",
                "ordering": ["sort_title", "id"],
            },
        ),
        migrations.AddField(
            model_name="credit",
            name="film",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="credits",
                to="actors.film",
                verbose_name="film",
            ),
        ),
        migrations.AddIndex(
            model_name="film",
            index=models.Index(fields=["sort_title", "id"], name="film_sort_title"),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.UniqueConstraint(
                fields=("actor", "film", "character"),
                name="credit_once",
                violation_error_message="This actor has this part in this film already.",
            ),
        ),
        RunByDatabase(
            postgresql=((POSTGRESQL,), (POSTGRESQL_BACK,)),
            sqlite=(SQLITE, SQLITE_BACK),
        ),
    ]
