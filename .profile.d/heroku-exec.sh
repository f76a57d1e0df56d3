# Sourced when a dyno starts: prepares `heroku ps:exec`, which sets HEROKU_EXEC_URL.
# It runs in the background, so that it can neither prevent nor delay the start.
if [ -n "${HEROKU_EXEC_URL:-}" ] && [ -z "${SSH_CLIENT:-}${HEROKU_EXEC_SOURCED:-}" ]; then
    export HEROKU_EXEC_SOURCED=true
    (
        set +eu
        script=$(curl --fail --silent --show-error --location --retry 3 --max-time 20 "$HEROKU_EXEC_URL") &&
            eval "$script"
    ) </dev/null &
fi
