#!/usr/bin/env python3
"""Add the installed Debian packages to a CycloneDX file of Python packages ($1), and print it."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

FORMAT = "${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"

sbom = json.loads(Path(sys.argv[1]).read_text())
installed = subprocess.run(["dpkg-query", "-W", "-f", FORMAT], check=True, capture_output=True, text=True).stdout
for line in installed.splitlines():
    name, version, architecture, status = line.split("\t")
    if status == "installed":
        purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?arch={architecture}"
        sbom["components"].append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
sbom["components"].sort(key=lambda component: component["bom-ref"])
print(json.dumps(sbom, indent=1))
