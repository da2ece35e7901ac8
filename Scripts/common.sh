# shellcheck shell=bash
# What the scripts of this directory share. To be sourced; it changes to the top of the project.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# require NAME... installs with apt-get what of these is not there yet; each NAME is a Debian package.
require() {
    local package missing=()
    for package in "$@"; do
        is_present "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "please install: ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    say "Installing ${missing[*]}"
    # With this run level the packages start no service of their own: the scripts start the servers they use.
    "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq update && apt-get -qq -y install --no-install-recommends "$@"' sh "${missing[@]}" >/dev/null
}

is_present() {
    case "$1" in
        zlib1g-dev) has_header zlib.h ;;
        libsqlite3-dev) has_header sqlite3.h ;;
        libdeflate-dev) has_header libdeflate.h ;;
        libzstd-dev) has_header zstd.h ;;
        libhiredis-dev) has_header hiredis/hiredis.h ;;
        redis-tools) command -v redis-cli >/dev/null ;;
        systemd) command -v systemd-analyze >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

has_header() {
    [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
}

require_swift() {
    command -v swift >/dev/null || fail "Swift 6.3 is needed: https://www.swift.org/install/linux"
}

# test_options CONFIGURATION sets test_options: what `swift build` and `swift test` both need to agree on. A release
# build leaves out what `@testable import` needs unless it is told otherwise.
test_options=()
test_options() {
    test_options=(-c "$1")
    [ "$1" = debug ] || test_options+=(-Xswiftc -enable-testing)
}

# build_command builds the release command and sets REWARM to its path, unless REWARM names one already.
build_command() {
    [ -n "${REWARM:-}" ] && return
    require zlib1g-dev libdeflate-dev libsqlite3-dev libzstd-dev
    require_swift
    say "Building rewarm (the first time takes some minutes)"
    swift build -c release --product rewarm --static-swift-stdlib --quiet </dev/null
    REWARM=$(swift build -c release --static-swift-stdlib --show-bin-path)/rewarm
}

# Servers that a script starts: their process ids, ended by stop_servers and by nothing else.
server_pids=()
server_pid=0
server_port=0

# free_port prints a loopback port that nothing listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    say "$port"
}

# start_server DIRECTORY [OPTION...] starts a redis-server there on a free loopback port; sets server_pid, server_port.
start_server() {
    local directory=$1 attempt wait
    shift
    mkdir -p "$directory"
    for attempt in 1 2 3 4 5; do
        server_port=$(free_port)
        redis-server --port "$server_port" --bind 127.0.0.1 --dir "$directory" --save '' --appendonly no \
            --daemonize no --logfile "$directory/log" --repl-diskless-sync-delay 0 "$@" </dev/null >/dev/null 2>&1 &
        server_pid=$!
        for wait in {1..200}; do
            kill -0 "$server_pid" 2>/dev/null || break
            if [ "$(redis-cli -p "$server_port" PING 2>/dev/null)" = PONG ] &&
                redis-cli -p "$server_port" INFO server | grep -q "process_id:$server_pid"; then
                server_pids+=("$server_pid")
                return
            fi
            sleep 0.05
        done
        kill_server "$server_pid"
    done
    fail "redis-server does not start: $(tail -n 3 "$directory/log" 2>/dev/null) (attempt $attempt, wait $wait)"
}

# start_memcached [OPTION...] starts a memcached on a free loopback port; sets server_pid, server_port.
start_memcached() {
    local attempt wait options=()
    [ "$(id -u)" -ne 0 ] || options+=(-u nobody)
    for attempt in 1 2 3 4 5; do
        server_port=$(free_port)
        memcached -p "$server_port" -U 0 -l 127.0.0.1 "${options[@]}" "$@" </dev/null >/dev/null 2>&1 &
        server_pid=$!
        for wait in {1..200}; do
            kill -0 "$server_pid" 2>/dev/null || break
            if memcached_say "$server_port" stats 2>/dev/null | grep -q "^STAT pid $server_pid"; then
                server_pids+=("$server_pid")
                return
            fi
            sleep 0.05
        done
        kill_server "$server_pid"
    done
    fail "memcached does not start (attempt $attempt, wait $wait)"
}

# memcached_say PORT COMMANDS [LAST] sends commands of the ASCII protocol, each line one, and prints the answers up to the
# line LAST, or to all of them: a dump keeps its connection to itself, so that nothing can be sent behind it.
memcached_say() {
    local connection line commands=$2 last=${3:-MN}
    [ "$last" != MN ] || commands+=$'\nmn'
    exec {connection}<>"/dev/tcp/127.0.0.1/$1" || return
    printf '%s\r\n' "${commands//$'\n'/$'\r\n'}" >&"$connection"
    while IFS= read -r -u "$connection" line && [ "${line%$'\r'}" != "$last" ]; do
        printf '%s\n' "${line%$'\r'}"
    done
    exec {connection}>&-
}

# kill_server PID ends one server at once, as a power cut would.
kill_server() {
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_servers() {
    local pid
    for pid in "${server_pids[@]}"; do kill_server "$pid"; done
    server_pids=()
}
