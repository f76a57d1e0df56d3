#!/bin/bash
# The one way to start: no argument or `serve` serves, `release` prepares the
# database, anything else is run as given. A release dyno that is given nothing
# else to run releases: Heroku runs an image pushed as `release` with its own CMD.
set -euo pipefail
cd /app
. .profile.d/heroku-exec.sh

command=${1:-serve}
case "$command:${DYNO:-}" in
    serve:release.*) command=release ;;
esac
case "$command" in
    serve) exec python -m actorsite.server.start ;;
    release) exec python manage.py release ;;
    *) exec "$@" ;;
esac
