"""Fixtures that start containers, for the tests of both platforms."""

import os

import pytest

from tests.platform import dyno as dynos
from tests.platform import engine, site


@pytest.fixture(scope="session", autouse=True)
def _remove_containers():
    yield
    engine.remove_all()


@pytest.fixture(scope="session")
def platform():
    """Yield the driver that runs the pods: the cluster of the kubectl context CONTEXT, or by default the pod runner."""
    if context := os.environ.get("CONTEXT"):
        from tests.platform.cluster import Cluster as Platform

        options = {"context": context, "namespace": site.NAMESPACE}
    else:
        from tests.platform.podrunner import PodRunner as Platform

        options = {"removal_delay": 5.0}
    with Platform(**options) as platform:
        yield platform


@pytest.fixture(scope="session")
def deployed(platform):
    """Deploy the overlay `dev` with three replicas and the bundled actors; return its rendered objects."""
    rendered = site.deploy(platform)
    platform.pods("web")[0].exec("python", "manage.py", "seed")
    return rendered


@pytest.fixture
def web(platform, deployed):
    """Return the platform, after undoing what earlier tests changed in the site that ``deployed`` has deployed."""
    site.apply(platform, deployed)
    platform.wait_rolled_out("postgres", kind="StatefulSet")
    platform.wait_rolled_out("web")
    return platform


@pytest.fixture(scope="module")
def network():
    network = engine.Network()
    yield network
    network.remove()


@pytest.fixture(scope="module")
def database(network):
    """Yield a PostgreSQL server that requires TLS, with the actors that a release dyno loaded."""
    database = engine.Database(network, tls=True)
    code, out, err = dynos.run(
        network=network, database=database.url(), name="release.1", config={"RELEASE_SEED": "true"}
    )
    assert code == 0, out + err
    yield database
    database.remove()


@pytest.fixture
def start(network, database):
    """Yield a function that starts a dyno. The dynos are removed after the test."""
    started = []

    def start(*command, **options):
        options = {"network": network, "database": database.url(), **options}
        started.append(dynos.Dyno(*command, **options))
        return started[-1]

    yield start
    for dyno in started:
        dyno.remove()
