#!/bin/bash
# Without arguments or with `serve`, serves the site; with `release`, prepares the
# database; anything else is run as a command. On a release dyno, `serve` means
# `release`: Heroku runs an image pushed as `release` with the image's own CMD.
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
