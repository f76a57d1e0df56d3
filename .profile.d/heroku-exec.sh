# Sourced when a dyno starts: opens the way in for `heroku ps:exec`, which sets HEROKU_EXEC_URL.
# All of it happens in the background, so that nothing here can stop or hold up the start.
if [ -n "${HEROKU_EXEC_URL:-}" ] && [ -z "${SSH_CLIENT:-}${HEROKU_EXEC_SOURCED:-}" ]; then
    export HEROKU_EXEC_SOURCED=true
    (
        set +eu
        script=$(curl --fail --silent --show-error --location --retry 3 --max-time 20 "$HEROKU_EXEC_URL") &&
            eval "$script"
    ) </dev/null &
fi
