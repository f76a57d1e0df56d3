"""Validation by the schemas of Kubernetes' kinds and of custom resources. Unknown fields are errors."""

import functools
import json
from pathlib import Path

import jsonschema
import kubernetes_validate

# From the oldest version that enables all used fields by default (the newest field is preStop's sleep) to the latest.
VERSIONS = ["1.30", "1.33", "1.35", kubernetes_validate.latest_version()]
CRDS = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "crd"


class InvalidObjectError(Exception):
    """An object that does not match its schema."""


def is_custom(item):
    """Return whether an object is a custom resource: its group has a dot and is not one of Kubernetes."""
    group = item["apiVersion"].rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group == "gateway.networking.k8s.io")


def check(item, version):
    """Raise InvalidObjectError unless an object of a Kubernetes kind matches its schema of that version."""
    _check(json.dumps(item), version)


@functools.cache  # the base is in every overlay, and reading a schema is slow
def _check(text, version):
    item = json.loads(text)
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        raise InvalidObjectError(f"{item['kind']} {item['metadata']['name']}: {error.message}") from error


def check_custom(item):
    """Raise InvalidObjectError unless a custom resource matches its schema."""
    group, _, version = item["apiVersion"].partition("/")
    path = CRDS / group / f"{item['kind'].lower()}_{version}.json"
    if not path.exists():
        raise InvalidObjectError(f"no schema for {item['apiVersion']} {item['kind']}")
    error = jsonschema.exceptions.best_match(_validator(path).iter_errors(item))
    if error:
        where = "/".join(map(str, error.path))
        raise InvalidObjectError(f"{item['kind']} {item['metadata']['name']}: {where}: {error.message}")


@functools.cache
def _validator(path):
    return jsonschema.Draft202012Validator(_strict(json.loads(path.read_text())))


def _strict(schema):
    """Return a schema that refuses unknown fields, unless it sets x-kubernetes-preserve-unknown-fields."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _strict(value) for key, value in schema.items()}
    lists_fields = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    if lists_fields and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema
