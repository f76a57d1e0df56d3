"""Scenarios of the site on Kubernetes, with real pods, a real PostgreSQL and real requests.

The tests run in the pod runner, or on the cluster of the kubectl context CONTEXT.
"""

import copy
import re
import time

import pytest

from tests.platform import site
from tests.platform.engine import wait_for

pytestmark = pytest.mark.xdist_group("scenarios")

PAGES = ("/", "/spotlight/", "/?q=a&sort=first", "/actors.json")


def load(platform, **options):
    return platform.traffic(**{"paths": PAGES, "headers": site.HEADERS, "rate": 60, **options})


def assert_none_failed(platform, traffic):
    """Fail the test if a request failed, with the report of the traffic and the errors in the logs of the pods."""
    if traffic.failures:
        pods = getattr(platform, "all_pods", None) or platform.pods("web")
        errors = [
            line for pod in pods for line in pod.logs().splitlines() if re.search(r'"status": 5|ERROR|WARNING', line)
        ]
        pytest.fail("\n".join([traffic.report(), *errors[-30:]]))


def status(platform, path, pod=None):
    return platform.get(path, headers=site.HEADERS, pod=pod)[0]


def names(platform):
    return {pod.name for pod in platform.pods("web")}


def test_first_deployment_serves_pages(web):
    status_code, headers, body = web.get("/", headers=site.HEADERS)
    assert status_code == 200
    assert headers["Content-Type"].startswith("text/html")
    assert b"</html>" in body


def test_three_replicas_share_the_traffic(web):
    bodies = []
    with load(web, paths=["/spotlight/"], keep=bodies.append) as traffic:
        traffic.until(30)
    assert_none_failed(web, traffic)
    assert len(names(web)) == 3
    assert {name for name in names(web) if any(name.encode() in body for body in bodies)} == names(web)


def test_rolling_update_under_load_fails_no_request(web):
    before = names(web)
    with load(web) as traffic:
        traffic.until(100)
        site.deploy(web, version="rolled")
        traffic.until(traffic.requests + 800)
    assert_none_failed(web, traffic)
    assert traffic.requests > 1000
    assert not before & names(web)


def test_rollback_of_version_that_cannot_start_fails_no_request(web):
    before = names(web)
    with load(web) as traffic:
        site.apply(web, site.render(version="broken", literals=["WEB_THREADS=none"]))
        wait_for(lambda: len(web.pods("web")) == 4, 30, "no pod of the new version")
        (broken,) = [pod for pod in web.pods("web") if pod.name not in before]
        wait_for(lambda: "WEB_THREADS must be" in broken.logs(), 60, broken.logs)
        traffic.until(traffic.requests + 200)
        web.undo("web")
        web.wait_rolled_out("web")
    assert_none_failed(web, traffic)
    assert names(web) == before


def test_no_request_fails_after_a_killed_pod_is_replaced(web):
    victim = web.pods("web")[0]
    with load(web) as traffic:
        traffic.until(100)
        web.kill(victim)
        wait_for(lambda: len(names(web) - {victim.name}) == 3, 30, "the pod was not replaced")
        web.wait_rolled_out("web")
        time.sleep(8)  # requests still go to its address until the endpoint is removed
        failed = len(traffic.failures)
        traffic.until(traffic.requests + 300)
    assert len(traffic.failures) == failed, traffic.report()
    assert failed < traffic.requests / 4, traffic.report()


def test_hung_pod_gets_no_traffic_and_is_restarted(web):
    pod = web.pods("web")[0]
    restarts = pod.restarts
    with load(web, timeout=3, rate=30) as traffic:
        pod.hang()
        wait_for(lambda: not pod.ready, 60, "the hung pod is still ready")
        time.sleep(10)
        failed = len(traffic.failures)
        # Three probes fail within 30 s. preStop and SIGTERM have no effect; SIGKILL follows after the grace period.
        wait_for(lambda: pod.restarts == restarts + 1 and pod.ready, 150, pod.logs)
        traffic.until(traffic.requests + 100)
    assert len(traffic.failures) == failed, traffic.report()
    assert pod.name in names(web)


def test_stopped_database_makes_pods_unready_without_restarts(web):
    pods = web.pods("web")
    restarts = [pod.restarts for pod in pods]
    web.scale("StatefulSet", "postgres", 0)
    wait_for(lambda: not any(pod.ready for pod in pods), 60, "a pod is still ready without a database")
    for pod in pods:
        began = time.monotonic()
        assert status(web, "/", pod=pod) == 503
        assert time.monotonic() - began < 5
        assert status(web, "/readyz", pod=pod) == 503
        assert status(web, "/livez", pod=pod) == 200
    time.sleep(35)  # longer than three liveness probes
    web.scale("StatefulSet", "postgres", 1)
    web.wait_rolled_out("postgres", kind="StatefulSet")
    web.wait_rolled_out("web")
    assert [status(web, "/", pod=pod) for pod in pods] == [200, 200, 200]
    assert [pod.restarts for pod in pods] == restarts
    assert {pod.name for pod in pods} == names(web)


def test_changed_config_map_restarts_pods_without_failed_requests(web):
    def status_for(host):
        return web.get("/", headers={**site.HEADERS, "Host": host})[0]

    assert status_for("other.example") == 400
    with load(web) as traffic:
        site.deploy(web, literals=["ALLOWED_HOSTS=localhost,other.example"])
        traffic.until(traffic.requests + 800)
    assert status_for("other.example") == 200
    assert_none_failed(web, traffic)


def test_four_simultaneous_migration_jobs_complete(web):
    site.sql(web, "CREATE DATABASE empty")
    web.apply([site.secret("database-empty", uri=site.database_url("empty"))])
    jobs = []
    for number in range(4):
        job = copy.deepcopy(site.migration(site.render()))
        job["metadata"]["name"] = f"migrate-at-once-{number}"
        job["spec"]["backoffLimit"] = 0
        for variable in job["spec"]["template"]["spec"]["containers"][0]["env"]:
            if variable["name"] == "DATABASE_URL":
                variable["valueFrom"]["secretKeyRef"]["name"] = "database-empty"
        jobs.append(job)
    web.apply(jobs)
    logs = [web.wait_complete(job["metadata"]["name"]).logs() for job in jobs]
    # The releases ran at the same time: at least one waited.
    assert sum("Another release is running" in log for log in logs) >= 1, logs
    assert site.sql(web, "SELECT count(*) > 9 FROM django_migrations", "empty") == "t"
    for job in jobs:
        web.delete("Job", job["metadata"]["name"])
    site.sql(web, "DROP DATABASE empty WITH (FORCE)")


def contents(platform):
    """Return the number of rows and a digest of the actors, films, credits and groups."""
    tables = ("actor", "actors_film", "actors_credit", "auth_group")
    existing = site.sql(
        platform, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    ).split()
    return [
        site.sql(platform, f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} AS t")
        for name in sorted(existing)
        if name in tables or "history" in name
    ]


def test_backup_restores_damaged_data(web):
    web.apply(site.render(components=["backup"]))
    web.wait_rolled_out("web")
    before = contents(web)
    web.run_cron_job("backup", "backup-now")
    assert "Kept /backups/actorsite-" in web.wait_complete("backup-now").logs()
    site.sql(web, "UPDATE actor SET last_name = 'damaged' WHERE actor_id % 3 = 0")
    site.sql(web, "DELETE FROM actors_credit; DROP TABLE django_session")
    assert contents(web) != before
    web.run_cron_job("restore", "restore-now")
    assert "Restored /backups/actorsite-" in web.wait_complete("restore-now").logs()
    assert contents(web) == before
    assert web.get("/?q=damaged", headers=site.HEADERS)[2].count(b"damaged</b>") == 0
    assert web.get("/admin/login/", headers=site.HEADERS)[0] == 200
    for job in ("backup-now", "restore-now"):
        web.delete("Job", job)
