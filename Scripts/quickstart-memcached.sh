# shellcheck shell=bash
# The demonstration of Scripts/quickstart with Memcached; sourced by it.
# shellcheck disable=SC2154  # work is Scripts/quickstart's, server_pid and server_port are set by start_memcached

# fill makes items, most of them with an expiry between some minutes and some weeks; client flags as clients set them.
fill() {
    local number value flags life
    for number in {1..400}; do
        value="{\"user\":$number,\"cart\":[\"sku-$number\",\"sku-$((number * 7))\"],\"token\":\"$RANDOM$RANDOM\"}"
        flags=$((number % 4)) life=$((300 + RANDOM * 60))
        # Every fifth item never expires.
        [ $((number % 5)) -ne 0 ] || life=0
        printf 'ms session-%s %s F%s T%s q\n%s\n' "$number" "${#value}" "$flags" "$life" "$value"
    done
}

# deadlines prints name, client flags and the second at which it expires of every item, by name.
deadlines() {
    memcached_say "$1" 'lru_crawler metadump all' END | sed -n 's/^key=\([^ ]*\) exp=\([-0-9]*\) .*/\1 \2/p' | sort >"$work/names"
    memcached_say "$1" "$(sed 's/^\([^ ]*\) .*/mg \1 k f u/' "$work/names")" |
        sed -n 's/^HD k\([^ ]*\) f\([0-9]*\).*/\1 \2/p' | sort | join - "$work/names"
}

step "1. A node with data"
start_memcached -m 64
source_pid=$server_pid source_port=$server_port
memcached_say "$source_port" "$(fill)" >/dev/null
memcached_say "$source_port" stats | sed -n 's/^STAT \(version\|curr_items\|bytes\) /  \1 /p'
deadlines "$source_port" >"$work/captured"

step "2. Take a snapshot of it"
show snapshot --source "memcached://127.0.0.1:$source_port" --create

step "3. Look at it"
show list
echo
show show latest
echo
show verify latest

step "4. The node dies (kill -9), and with it everything in its memory"
kill_server "$source_pid"
memcached_say "$source_port" version 2>&1 | sed 's/^.*: /  /;q' || true

step "5. A cold node takes its place"
start_memcached -m 64
target_port=$server_port
show restore latest --target "memcached://127.0.0.1:$target_port"

step "6. Each item expires when it would have expired, and has its client flags: the node that died beside the new one"
deadlines "$target_port" >"$work/restored"
join "$work/captured" "$work/restored" >"$work/both"
clock() { if [ "$1" -lt 0 ]; then echo never; else date -u -d "@$1" '+%F %T'; fi; }
printf '  %-14s %-22s %-22s %s\n' item 'before (UTC)' 'on the target (UTC)' 'flags before, now'
awk 'NR % 32 == 1' "$work/both" | while read -r key flags was now_flags is; do
    printf '  %-14s %-22s %-22s %s, %s\n' "$key" "$(clock "$was")" "$(clock "$is")" "$flags" "$now_flags"
done
# Memcached knows whole seconds, and each server counts them from its own start: one of difference is none.
different=$(awk '$2 != $4 || ($3 < 0) != ($5 < 0) || ($5 - $3) ^ 2 > 1' "$work/both" | wc -l)
captured=$(wc -l <"$work/captured") restored=$(wc -l <"$work/restored")
printf '  %d items were captured, %d are on the target, and %d of them differ.\n' "$captured" "$restored" "$different"
if [ "$different" -ne 0 ] || [ "$captured" -ne "$restored" ]; then fail "the target differs from the snapshot"; fi
