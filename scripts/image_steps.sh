#!/usr/bin/env bash
# Run the steps of the Dockerfile in a clean Debian root, then what the image would run: for machines
# without a Docker engine. Needs root, debootstrap and the network.
#
#   scripts/image_steps.sh FOLDER [MIRROR]      FOLDER is made, and reused when it is there
#
# The base is Debian's own Python 3.11 and not the image python:3.11-slim, which is made of the same
# release; the host's certificates and settings of pip are used inside.
set -euo pipefail

folder=$(realpath -m "${1:?name a folder}") mirror=${2:-http://deb.debian.org/debian}
cd "$(dirname "$0")/.."
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=${PORT:-$(free_port)}

if [ ! -e "$folder/base.done" ]; then
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$folder/base" "$mirror"
    ln -sf python3 "$folder/base/usr/bin/python"
    touch "$folder/base.done"
fi

root="" variables=() workdir=/ user=root command="" health=""

begin_stage() { # IMAGE [AS NAME]
    root="$folder/${3:-image}" variables=("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") workdir=/ user=root
    rm -rf "$root" && cp -a "$folder/base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
}

inside() { # COMMAND...: as the image's user, in its folder, with its environment and nothing else
    local of_host
    mapfile -t of_host < <(env | grep -E '^(PIP_|UV_|SSL_|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)' || true)
    ${launcher:-} chroot --userspec="$user" "$root" /usr/bin/env -i "${of_host[@]}" HOME="/tmp" "${variables[@]}" \
        /bin/sh -c "cd $workdir && exec \"\$@\"" sh "$@"
}

copy_in() { # [--from=STAGE] SOURCE... TARGET
    local from="$PWD" target source
    case $1 in --from=*) from="$folder/${1#--from=}" && shift ;; esac
    target="${*: -1}"
    case $target in /*) target="$root$target" ;; *) target="$root$workdir/$target" ;; esac
    for source in "${@:1:$#-1}"; do
        if [ -d "$from/$source" ]; then
            mkdir -p "$target"
            tar -C "$from/$source" --exclude=__pycache__ -cf - . | tar -C "$target" --no-same-owner -xf -
        else
            cp "$from/$source" "$target"
        fi
    done
}

add_variables() { # NAME=VALUE...: a value may name what was set before
    local each path
    path=$(printf '%s\n' "${variables[@]}" | sed -n 's/^PATH=//p' | tail -1)
    for each in "$@"; do variables+=("${each//\$PATH/$path}"); done
}

while read -r instruction rest; do
    printf '%s %s\n' "$instruction" "$rest" | cut -c1-160
    case $instruction in
        FROM) begin_stage $rest ;;
        ENV) add_variables $rest ;;
        WORKDIR) workdir=$rest && mkdir -p "$root$workdir" ;;
        COPY) copy_in $rest ;;
        RUN) inside /bin/sh -c "$rest" ;;
        USER) user=$rest ;;
        CMD) command=$rest ;;
        HEALTHCHECK) health=${rest#*CMD } ;;
        VOLUME | EXPOSE) ;;
        *) echo "this script does not know $instruction" >&2 && exit 1 ;;
    esac
done < <(sed -e '/^#/d' -e '/^$/d' Dockerfile | sed -e ':a' -e '/\\$/{N; s/ *\\\n */ /; ba' -e '}')

words() { python3 -c 'import json, sys; print("\n".join(json.loads(sys.argv[1])))' "$1"; }
mapfile -t command < <(words "$command")
mapfile -t health < <(words "${health//8501/$port}")
variables+=("DATABASE_URL=sqlite:////data/smoke.db" "DATA_DIR=/data" "STREAMLIT_SERVER_PORT=$port")

inside python -m core init
inside python -m core tenant add smoke --name Smoke
launcher=exec # so that what is ended below is the server itself
inside "${command[@]}" &
served=$! launcher=""
trap 'kill $served 2>/dev/null; wait $served 2>/dev/null || true' EXIT
for _ in $(seq 60); do
    inside "${health[@]}" >/dev/null 2>&1 && healthy=1 && break
    sleep 1
done
test "${healthy:-0}" = 1 && kill -0 "$served" # and not somebody else's who has the port
for path in /health /health/live /docs /; do
    curl -fsS -o /dev/null -w "%{http_code} $path\n" "http://127.0.0.1:$port$path"
done
test "$(inside python -c 'import os; print(os.getuid())')" != 0
! inside touch /app/written 2>/dev/null
echo "The image's steps work."
