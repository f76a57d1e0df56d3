"""The schemas of Kubernetes' own kinds and of custom resources, both strict about unknown fields."""

import functools
import json
from pathlib import Path

import jsonschema
import kubernetes_validate

# From the oldest version that has all used fields on by default (preStop's sleep is the newest) to the newest known.
VERSIONS = ["1.30", "1.33", "1.35", kubernetes_validate.latest_version()]
CRDS = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "crd"


class Invalid(Exception):
    """An object does not fit its schema."""


def is_custom(item):
    """Return whether an object is a custom resource: its group has a dot, and is not Kubernetes' own."""
    group = item["apiVersion"].rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group == "gateway.networking.k8s.io")


def check(item, version):
    """Raise Invalid unless an object of Kubernetes' own kinds fits its schema of a version."""
    _check(json.dumps(item), version)


@functools.cache  # the base is in every overlay, and reading a schema takes long
def _check(text, version):
    item = json.loads(text)
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        raise Invalid(f"{item['kind']} {item['metadata']['name']}: {error.message}") from error


def check_custom(item):
    """Raise Invalid unless a custom resource fits its schema."""
    group, _, version = item["apiVersion"].partition("/")
    path = CRDS / group / f"{item['kind'].lower()}_{version}.json"
    if not path.exists():
        raise Invalid(f"no schema for {item['apiVersion']} {item['kind']}")
    error = jsonschema.exceptions.best_match(_validator(path).iter_errors(item))
    if error:
        where = "/".join(map(str, error.path))
        raise Invalid(f"{item['kind']} {item['metadata']['name']}: {where}: {error.message}")


@functools.cache
def _validator(path):
    return jsonschema.Draft202012Validator(_strict(json.loads(path.read_text())))


def _strict(schema):
    """Refuse unknown fields wherever the schema lists fields and does not say to keep others."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _strict(value) for key, value in schema.items()}
    lists_fields = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    if lists_fields and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema
