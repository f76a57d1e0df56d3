"""Soak test: no request of 50,000 fails during 10 rolling updates of three replicas.

The variables `SOAK_REQUESTS` and `SOAK_ROLLOUTS` change its length. The manifests
are unchanged: preStop takes 10 s, and endpoints are removed late.
"""

import os

import pytest

from tests.platform import site
from tests.platform.test_scenarios import PAGES, assert_none_failed

pytestmark = pytest.mark.xdist_group("scenarios")

REQUESTS = int(os.environ.get("SOAK_REQUESTS", "50000"))
ROLLOUTS = int(os.environ.get("SOAK_ROLLOUTS", "10"))


def test_many_rolling_updates_fail_no_request(web):
    seen = {pod.name for pod in web.pods("web")}
    with web.traffic(paths=PAGES, headers=site.HEADERS, rate=250) as traffic:
        for number in range(1, ROLLOUTS + 1):
            site.deploy(web, version=f"soak-{number}")
            new = {pod.name for pod in web.pods("web")}
            assert not new & seen
            seen |= new
            traffic.until(REQUESTS * number // ROLLOUTS, timeout=300)
        # The last old pods also shut down under load.
        traffic.until(traffic.requests + 200)
    print(f"\n{traffic.report()} in {traffic.lasted:.0f} s, {ROLLOUTS} rolling updates")
    assert traffic.requests >= REQUESTS
    assert_none_failed(web, traffic)
