#!/usr/bin/env bash
# Installs what running and testing mta-lanes from a checkout needs: a few Debian packages that are
# missing, and a virtual environment in .venv. Starts no service and touches no configuration.
# Says what it does on a terminal, and nothing in a pipe unless it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(postfix redis-server postgresql prometheus prometheus-alertmanager chromium wrk dnsmasq-base iproute2
          opendkim libmilter-dev gcc python3-dev python3-venv systemd groff-base)
LOG=$(mktemp)

say() { if [ -t 1 ]; then printf '%s\n' "setup: $*"; fi; }

fail() {
    printf 'setup: %s\n' "$1" >&2
    tail -n 20 "$LOG" >&2
    exit 1
}

missing() {
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s\n' "$package"
    done
}

# Debian starts a service when it is installed, unless this file forbids it (policy-rc.d(8)).
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    "$@"
    if [ -n "$ours" ]; then
        rm -f "$policy"
        trap - EXIT
    fi
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    # A Postfix that is installed by us must not become this machine's mail server.
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    apt-get install -y --no-install-recommends "$@"
}

if [ "$(id -u)" -ne 0 ]; then
    echo 'setup: this needs root: Postfix changes users, also a private one (nothing was changed)' >&2
    exit 1
fi

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -gt 0 ]; then
    say "installing Debian packages: ${wanted[*]}"
    without_starting_services install_packages "${wanted[@]}" >"$LOG" 2>&1 || fail "could not install ${wanted[*]}"
fi

say 'building .venv'
{
    test -x .venv/bin/python || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --upgrade --constraint constraints.txt pip
    .venv/bin/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
} >"$LOG" 2>&1 || fail 'could not build .venv'

say 'unpacking Sendmail'
contrib/sandbox/unpack_sendmail.sh .venv/sendmail >"$LOG" 2>&1 || fail 'could not unpack Sendmail'
rm -f "$LOG"
say 'done'
