"""The configuration of the log collector matches the log lines of the application."""

import json
import logging

import pytest
import yaml

from actorsite.observability import logging as logs
from tests.k8s.kustomize import named, objects

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("k8s")]


@pytest.fixture(scope="module")
def config():
    return named(objects("components/logging"), "ConfigMap", "fluent-bit")["data"]


@pytest.fixture
def line():
    """Yield the parsed log line of a failed request, with every field."""
    token = logs.request_id.set("0123456789abcdef")
    try:
        raise RuntimeError("example")
    except RuntimeError as error:
        record = logging.LogRecord(
            "actorsite.requests", logging.ERROR, "", 0, "%s", ("message",), (type(error), error, error.__traceback__)
        )
    record.__dict__.update(method="GET", path="/", status=500, duration_ms=1.5)
    yield json.loads(logs.JSONFormatter().format(record))
    logs.request_id.reset(token)


def test_index_template_has_every_field_with_its_type(config, line):
    template = json.loads(config["index-template.json"])
    fields = template["template"]["mappings"]["properties"]
    types = {"date": str, "keyword": str, "text": str, "short": int, "float": float}
    assert set(line) >= {"time", "level", "logger", "message", "request_id", "status", "duration_ms", "exception"}
    for name, value in line.items():
        assert isinstance(value, types[fields[name]["type"]]), name


def test_log_lines_are_sent_to_the_data_stream_of_the_template(config):
    pipeline = yaml.safe_load(config["fluent-bit.yaml"])["pipeline"]
    pattern = json.loads(config["index-template.json"])["index_patterns"][0]
    assert pipeline["outputs"][0]["index"].startswith(pattern.rstrip("*"))
    assert pipeline["filters"][0] | {"merge_log": True, "keep_log": False} == pipeline["filters"][0]


def test_collector_reads_only_log_lines_of_the_site_namespace(config):
    pipeline = yaml.safe_load(config["fluent-bit.yaml"])["pipeline"]
    namespaces = {item["metadata"]["name"] for item in objects("overlays/article") if item["kind"] == "Namespace"}
    assert "actorsite" in namespaces
    assert pipeline["inputs"][0]["path"] == "/var/log/containers/*_actorsite_*.log"


def test_collector_paths_and_variables_exist(config):
    """The DaemonSet mounts the paths and sets the variables of the configuration."""
    pod = named(objects("components/logging"), "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    text = config["fluent-bit.yaml"]
    settings = [value for part in yaml.safe_load(text)["pipeline"].values() for item in part for value in item.values()]
    paths = [value for value in settings if isinstance(value, str) and value.startswith("/")]
    assert paths
    assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in paths)
    variables = {value[2:-1] for value in settings if isinstance(value, str) and value.startswith("${")}
    assert variables == {variable["name"] for variable in container["env"]}
