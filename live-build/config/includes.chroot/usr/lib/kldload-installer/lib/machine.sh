# shellcheck shell=bash
# What a machine needs to have.

# MiB, as Linux counts them; a machine of 1 GiB has some 960. Tried: every profile installs in that.
machine_memory_least=900

# machine_lacks_memory: says so, and by how much; nothing where there is enough.
machine_lacks_memory() {
    local memory
    memory=$(awk '$1 == "MemTotal:" { printf "%d", $2 / 1024 }' "${KLDLOAD_MEMINFO:-/proc/meminfo}")
    if ((memory < machine_memory_least)); then printf '%s MiB of memory are too few, %s are the least' "$memory" "$machine_memory_least"; fi
}
