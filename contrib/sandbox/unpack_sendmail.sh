#!/usr/bin/env bash
# Unpacks Debian's Sendmail into a folder, since it cannot be installed beside Postfix, installs the libraries
# that it names, and builds what a private one is told by the C library. Needs root; asks the network only if it is not there.
set -euo pipefail
into=$(realpath -m "$1")
source=$(realpath "$(dirname "$0")")

unpack() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get -o APT::Sandbox::User=root download sendmail-base sendmail-bin sendmail-cf
    mapfile -t libraries < <(dpkg-deb -f sendmail-bin_*.deb Depends | grep -oE '(^|[ ,])lib[a-z0-9.+-]+' | tr -d ' ,')
    apt-get install -y --no-install-recommends m4 "${libraries[@]}"
    for deb in ./*.deb; do
        dpkg-deb -x "$deb" "$into"
    done
    # A setgid program would not be preloaded (ld.so(8), secure-execution mode).
    chmod g-s usr/libexec/sendmail/sendmail
}

if [ ! -e "$into/.unpacked" ]; then
    rm -rf "$into"
    mkdir -p "$into"
    cd "$into"
    unpack
    rm ./*.deb
    touch .unpacked
fi
gcc -shared -fPIC -O2 -Wall -Werror -o "$into/preload.so" "$source/sendmail_preload.c"
