"""Undocumented parts of Django, gunicorn and other libraries that the code depends on.

Their documentation promises nothing about them, so an upgrade may move or change them.
Each test fails with a sentence that says what moved and which code uses it.
The reason for each use is next to the code.
"""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.http import FileResponse, HttpResponse
from django.test import RequestFactory
from django.utils.module_loading import import_string

# Imported names and methods, as (path, parameters used, where it is used).
USES = [
    ("django.contrib.admin.exceptions.DisallowedModelAdminLookup", (), "actorsite.admin_site.changelist"),
    ("django.contrib.admin.options.IncorrectLookupParameters", (), "actors.admin.exports"),
    ("django.contrib.admin.options.IS_POPUP_VAR", None, "actors.admin.conflicts.optimistic_locking"),
    ("django.contrib.admin.options.TO_FIELD_VAR", None, "actors.admin.conflicts.optimistic_locking"),
    ("django.contrib.admin.options.ModelAdmin.get_changelist_instance", ("request",), "actors.admin.exports"),
    ("django.contrib.admin.options.ModelAdmin.get_preserved_filters", ("request",), "actors.admin.changelist"),
    ("django.contrib.admin.views.main.SEARCH_VAR", None, "actorsite.admin_site.changelist, actors.admin.exports"),
    ("django.contrib.admin.views.main.ChangeListSearchForm", (), "actorsite.admin_site.changelist"),
    ("django.contrib.admin.views.main.ChangeList.get_results", ("request",), "actors.admin.changelist"),
    ("django.contrib.admin.views.main.ChangeList.get_queryset", ("request",), "actors.admin.exports"),
    ("django.contrib.admin.views.main.ChangeList.get_ordering", ("request", "queryset"), "actors.admin.changelist"),
    ("django.contrib.admin.views.main.ChangeList.get_query_string", ("new_params",), "actors.admin.changelist"),
    ("django.contrib.admin.widgets.AdminTextareaWidget", (), "actors.admin.widgets"),
    ("django.contrib.admin.widgets.AutocompleteSelect", (), "actors.admin.credit_picker"),
    ("django.contrib.sessions.backends.base.UpdateError", (), "actorsite.accounts.sessions"),
    ("django.contrib.staticfiles.storage.HashedFilesMixin.url", ("name", "force"), "actorsite.server.static_files"),
    (
        "django.core.handlers.wsgi.get_str_from_wsgi",
        ("environ", "key", "default"),
        "actorsite.page_cache.keys",
    ),
    ("django.core.handlers.wsgi.WSGIRequest", None, "actorsite.middleware.trusted_proxy, for its type"),
    ("django.core.handlers.wsgi.get_path_info", ("environ",), "actorsite.page_cache.wsgi"),
    ("django.core.handlers.wsgi.WSGIRequest", ("environ",), "actorsite.middleware.trusted_proxy, for its types"),
    (
        "django.core.management.sql.sql_flush",
        ("style", "connection", "reset_sequences", "allow_cascade"),
        "quick_flush in tests/conftest.py",
    ),
    (
        "django.core.management.sql.emit_post_migrate_signal",
        ("verbosity", "interactive", "db"),
        "quick_flush in tests/conftest.py",
    ),
    (
        "django.core.management.commands.migrate.Command.migration_progress_callback",
        ("action", "migration", "fake"),
        "actorsite.management.commands.release",
    ),
    (
        "django.db.backends.base.base.BaseDatabaseWrapper.wrap_database_errors",
        None,
        "actors.db.copy and the page cache",
    ),
    (
        "django.db.backends.postgresql.base.DatabaseWrapper.get_new_connection",
        ("conn_params",),
        "actorsite.db.postgresql.base",
    ),
    ("django.db.backends.postgresql.base.DatabaseWrapper.init_connection_state", (), "actorsite.db.postgresql.base"),
    ("django.db.backends.postgresql.base.DatabaseWrapper.is_usable", (), "actorsite.db.postgresql.base"),
    ("django.db.migrations.loader.MigrationLoader", ("connection",), "actorsite.observability.health"),
    (
        "django.db.migrations.recorder.MigrationRecorder.applied_migrations",
        (),
        "actorsite.observability.health and actors.db.adoption",
    ),
    ("django.db.models.fields.tuple_lookups.Tuple", (), "actors.db.keyset"),
    ("django.db.models.fields.tuple_lookups.TupleGreaterThan", ("lhs", "rhs"), "actors.db.keyset"),
    ("django.db.models.fields.tuple_lookups.TupleGreaterThanOrEqual", ("lhs", "rhs"), "actors.db.keyset"),
    ("django.db.models.fields.tuple_lookups.TupleLessThan", ("lhs", "rhs"), "actors.db.keyset"),
    ("django.db.models.fields.tuple_lookups.TupleLessThanOrEqual", ("lhs", "rhs"), "actors.db.keyset"),
    ("django.db.utils.ConnectionHandler", ("settings",), "actors.management.commands.import_actors"),
    ("django.http.request.split_domain_port", ("host",), "actorsite.accounts.webauthn"),
    (
        "django.utils.crypto.salted_hmac",
        ("key_salt", "value", "algorithm"),
        "actorsite.accounts.webauthn",
    ),
    ("django.utils.log.log_response", ("message", "response", "request"), "actorsite.observability.logging"),
    ("axes.handlers.proxy.AxesProxyHandler.is_locked", ("request", "credentials"), "actorsite.accounts"),
    ("axes.helpers.get_cool_off", (), "actorsite.accounts.lockout"),
    ("gunicorn.glogging.Logger.access", ("resp", "req", "environ", "request_time"), "gunicorn.conf.py"),
]


@pytest.mark.once
@pytest.mark.parametrize(("path", "parameters", "used_by"), USES, ids=[path for path, _parameters, _by in USES])
def test_undocumented_names_exist(path, parameters, used_by):
    try:
        found = resolve(path)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{path} moved ({error}). {used_by} depends on it.")
    if parameters:
        missing = set(parameters) - set(inspect.signature(found).parameters)
        assert not missing, f"{path} no longer has the parameters {missing}. {used_by} depends on them."


def resolve(path):
    """Return the object at ``path``: a module's attribute or an attribute of its class."""
    module, *names = path.split(".")
    found = import_module(module)
    for name in names:
        if inspect.ismodule(found) and not hasattr(found, name):
            found = import_module(f"{found.__name__}.{name}")
        else:
            found = getattr(found, name)
    return found


# Modules that are undocumented, or have undocumented names. Each import from them must be in USES.
UNDOCUMENTED_MODULES = (
    "django.contrib.admin.exceptions",
    "django.contrib.admin.options",
    "django.contrib.admin.templatetags",
    "django.contrib.admin.utils",
    "django.contrib.admin.views",
    "django.core.handlers",
    "django.db.migrations.executor",
    "django.db.migrations.loader",
    "django.db.models.fields.tuple_lookups",
    "django.db.models.sql",
    "django.template.base",
    "django.template.library",
    "django.utils.crypto",
    "django.utils.functional.lazy",
    "django.utils.translation.trans_real",
    "gunicorn.workers",
)
# Documented by name, or base classes whose methods are in USES.
KNOWN = {
    "django.utils.crypto.get_random_string",
    "django.utils.crypto.constant_time_compare",
    "django.contrib.admin.views.main.ChangeList",
}
ROOT = Path(settings.BASE_DIR)


@pytest.mark.once
def test_undocumented_imports_are_listed_here():
    listed = {path for path, _parameters, _used_by in USES} | KNOWN
    unlisted = [
        f"{file.relative_to(ROOT)}: {node.module}.{name.name}"
        for file in (*ROOT.glob("actors/**/*.py"), *ROOT.glob("actorsite/**/*.py"), ROOT / "gunicorn.conf.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for name in node.names
        if (node.module.startswith(UNDOCUMENTED_MODULES) or is_private_name_of_others(node.module, name.name))
        and f"{node.module}.{name.name}" not in listed
    ]
    assert not unlisted, f"Use a documented name, or give the reason beside the use and add a line to USES: {unlisted}"


def is_private_name_of_others(module, name):
    return name.startswith("_") and not module.startswith(("actors", "actorsite")) and module != "__future__"


@pytest.mark.once
def test_migration_loader_has_graph_and_replaced_migrations():
    from django.db.migrations.loader import MigrationLoader

    nodes = MigrationLoader(None).graph.nodes
    assert nodes[("actors", "0001_initial")].replaces == [], (
        "MigrationLoader.graph.nodes or Migration.replaces moved. actorsite.observability.health.known_migrations, and "
        "so /readyz, depends on them."
    )


@pytest.mark.once
def test_log_response_marks_the_response_as_logged(caplog):
    from django.utils.log import log_response

    response = HttpResponse(status=500)
    request = RequestFactory().get("/")
    for _ in range(2):
        log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
    assert len(caplog.records) == 1, (
        "log_response logs a response twice. actorsite.observability.logging.RequestLogMiddleware calls it before "
        "Django does, and every failure would have two lines."
    )


@pytest.mark.once
def test_file_response_has_the_file_that_the_server_sends(tmp_path):
    (tmp_path / "file").write_text("text")
    response = FileResponse((tmp_path / "file").open("rb"))
    assert getattr(response, "file_to_stream", None), (
        "FileResponse.file_to_stream moved. actorsite.db.deadlines.RequestDeadlineMiddleware depends on it to leave "
        "files alone, which the server sends by sendfile."
    )
    response.file_to_stream.close()


@pytest.mark.once
def test_csrf_middleware_marks_a_request_as_checked():
    from django.middleware.csrf import CsrfViewMiddleware

    request = RequestFactory().get("/")
    CsrfViewMiddleware(HttpResponse).process_view(request, HttpResponse, (), {})
    assert getattr(request, "csrf_processing_done", False), (
        "request.csrf_processing_done moved. actorsite.admin_site.form_recovery depends on it: no form would be "
        "recovered."
    )


@pytest.mark.django_db
def test_querysets_return_their_sql_with_parameters():
    from actors.models import Actor

    rows = Actor.objects.filter(last_name="Mifune").values_list("id")
    sql, parameters = rows.query.get_compiler(rows.db).as_sql()
    assert "%s" in sql and tuple(parameters) == ("Mifune",), (
        "Query.get_compiler(alias).as_sql() no longer returns SQL and parameters. actors.db.copy depends on it for the "
        "exports from PostgreSQL."
    )


@pytest.mark.django_db
def test_connections_expose_the_driver_connection():
    connection.ensure_connection()
    expected = "psycopg2.extensions" if connection.vendor == "postgresql" else "sqlite3"
    assert type(connection.connection).__mro__[-2].__module__ == expected, (
        "DatabaseWrapper.connection is no longer the driver's connection. actorsite.db.postgresql.base, "
        "actors.history.attribution, actors.text.normalize and actors.imports.staging depend on it."
    )


@pytest.mark.django_db
def test_cursors_forward_attributes_of_the_driver():
    names = ("copy_expert", "mogrify", "connection") if connection.vendor == "postgresql" else ("connection",)
    with connection.cursor() as cursor:
        missing = [name for name in names if not hasattr(cursor, name)]
    assert not missing, (
        f"Django's cursor no longer has the driver's {missing}. actors.db.copy and actors.imports.staging depend on it."
    )


@pytest.mark.django_db
def test_connections_have_a_list_of_execute_wrappers():
    assert isinstance(getattr(connection, "execute_wrappers", None), list), (
        "DatabaseWrapper.execute_wrappers moved. actorsite.observability.metrics.watch_queries depends on it: the "
        "database's figures would be missing from /metrics."
    )


@pytest.mark.django_db
def test_introspection_names_tables_and_columns():
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "actor")}
    assert "actor" in tables and "actor_id" in columns, (
        "connection.introspection changed. actors.db.adoption and import_actors --from-database depend on it."
    )


@pytest.mark.once
@pytest.mark.parametrize("name", ["params", "list_per_page", "opts", "model_admin", "queryset", "preserved_filters"])
def test_change_lists_have_the_attributes_that_keyset_pages_read(name):
    from django.contrib.admin.views.main import ChangeList

    assert f"self.{name} =" in inspect.getsource(ChangeList), (
        f"ChangeList.{name} moved. actors.admin.changelist.KeysetChangeList depends on it."
    )


@pytest.mark.once
@pytest.mark.parametrize("name", ["paginator", "result_count", "show_full_result_count", "result_list", "multi_page"])
def test_change_lists_set_attributes_replaced_by_keyset_pages(name):
    from django.contrib.admin.views.main import ChangeList

    assert f"self.{name} =" in inspect.getsource(ChangeList.get_results), (
        f"ChangeList.get_results no longer sets {name}. actors.admin.changelist.KeysetChangeList replaces it, and "
        "Django's templates may read another attribute now."
    )


@pytest.mark.once
def test_gunicorn_worker_is_marked_as_stopping_after_sigterm():
    from gunicorn.config import Config
    from gunicorn.workers.gthread import ThreadWorker

    worker = ThreadWorker(0, 0, [], None, 30, Config(), None)
    worker.method_queue = SimpleNamespace(defer=lambda callback: None)
    before = getattr(worker, "alive", None)
    worker.handle_exit(15, None)
    assert (before, worker.alive) == (True, False), (
        "gunicorn's Worker.alive moved or is not cleared by SIGTERM. gunicorn.conf.py depends on it: /readyz would not "
        "return 503 while the process stops."
    )
    worker.tmp.close()


@pytest.mark.once
def test_static_files_storage_overrides_url():
    storage = import_string("actorsite.server.static_files.CachedManifestStorage")
    assert "url" in vars(storage)
