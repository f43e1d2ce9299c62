# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with kst and common.sh
# How many updates wait, for kst. Counting takes the package manager a second or more, so it is done by a timer and noted; and it knows
# what it knew when it last looked at its repositories, nothing is fetched for this.

updates_file=$KLDLOAD_STATE/updates
# What changes whenever packages or lists of them do.
updates_marks=(/var/lib/dpkg/status /var/lib/apt/lists /var/lib/rpm/rpmdb.sqlite /var/cache/dnf /var/cache/libdnf5)

updates_waiting='' updates_security='' updates_counted='' updates_old=no
read_updates() {
    local mark
    if [[ ! -s $updates_file ]]; then return; fi
    read -r updates_waiting updates_security updates_counted < "$updates_file"
    if [[ ! "$updates_waiting $updates_security $updates_counted" =~ ^[0-9]+\ [0-9]+\ [0-9]+$ ]]; then updates_waiting='' && return; fi
    for mark in "${updates_marks[@]}"; do if [[ $system_root$mark -nt $updates_file ]]; then updates_old=yes; fi; done
}

# count_updates: where nothing has changed since, the number is the same.
count_updates() {
    local said waiting=0 security=0 status=0
    read_updates
    if [[ -n $updates_waiting && $updates_old == no ]]; then return; fi
    if type -P apt-get > /dev/null; then
        # Without its lock, as nothing is changed: it would fail while somebody updates.
        said=$(apt-get --simulate -o Debug::NoLocking=1 -o APT::Get::Show-User-Simulation-Note=0 dist-upgrade 2> /dev/null) || return 0
        waiting=$(grep -c '^Inst ' <<< "$said") || : # none
        security=$(grep -ciE '^Inst .*(-security|Debian-Security)' <<< "$said") || : # none
    elif type -P dnf > /dev/null; then
        said=$(dnf --cacheonly --quiet check-update 2> /dev/null) || status=$?
        if ((status != 0 && status != 100)); then return 0; fi # it never looked at its repositories
        waiting=$(sed '/^Obsoleting Packages/,$d' <<< "$said" | awk 'NF == 3 { count++ } END { print count + 0 }')
        said=$(dnf --cacheonly --quiet check-update --security 2> /dev/null) || : # 100 where there are any
        security=$(sed '/^Obsoleting Packages/,$d' <<< "$said" | awk 'NF == 3 { count++ } END { print count + 0 }')
    else
        return 0
    fi
    mkdir -p "$KLDLOAD_STATE"
    printf '%s %s %s\n' "$waiting" "$security" "$now" > "$updates_file.new"
    mv "$updates_file.new" "$updates_file"
    updates_old=no
    read_updates
}
