# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with the tools
# Transactions of the package manager: a snapshot before, what was different after, and a record of both. After common.sh and
# packages.sh. Nothing here keeps a transaction from going on: what can't be done is said.
#
#   transaction_begin REASON COMMAND    takes the snapshot, and remembers what there is
#   transaction_end STATUS              writes the record; `transaction` is its number, empty where nothing had changed
#   transaction_file NUMBER             the path of a record
#
# A record is a file of lines: time, command, reason, snapshot, status, each with its value behind a tab, and for each package that
# is different now: change, + - or ~, name, version before it (of -, ~), version after it (of +, ~). It lies in the boot environment:
# going back to an older one goes back to what that one knew.

transactions=$KLDLOAD_STATE/transactions
transaction_now=$KLDLOAD_RUN/transaction
transactions_kept=300
transaction_root=${KLDLOAD_ROOT:-}

transaction_begin() {
    local root said number=1 name base
    rm -rf "$transaction_now"
    mkdir -p "$transaction_now"
    printf '%s\n' "$1" > "$transaction_now/reason"
    printf '%s\n' "$2" > "$transaction_now/command"
    iso_time "$(printf '%(%s)T' -1)" > "$transaction_now/time"
    packages_of "$transaction_root/" > "$transaction_now/packages"
    if ! root=$(root_dataset 2> "$transaction_now/why"); then
        warn "no snapshot was taken before this: $(head --lines=1 "$transaction_now/why")"
        return
    fi
    base=$(snapshot_name kpkg "$1")
    name=$base
    until said=$(zfs snapshot -r -o kldload:by=kpkg -o "kldload:reason=${1:0:200}" -- "$root@$name" 2>&1); do
        if [[ $said != *'already exists'* ]] || ((number > 20)); then
            warn "no snapshot was taken before this, and it goes on without: ${said//$'\n'/; }"
            return
        fi
        number=$((number + 1))
        name=$base-$number
    done
    printf '%s\n' "$root@$name" > "$transaction_now/snapshot"
}

transaction_end() {
    local snapshot='' last number record key
    transaction=''
    if [[ ! -d $transaction_now ]]; then return; fi
    packages_of "$transaction_root/" > "$transaction_now/packages.after"
    packages_difference "$transaction_now/packages" "$transaction_now/packages.after" > "$transaction_now/difference"
    if [[ -e $transaction_now/snapshot ]]; then snapshot=$(< "$transaction_now/snapshot"); fi
    if [[ ! -s $transaction_now/difference && $1 != 0 ]]; then
        # It was cancelled, or could not be: there is nothing to go back from.
        if [[ -n $snapshot ]]; then zfs destroy -r -- "$snapshot" || warn "$snapshot is left"; fi
        rm -rf "$transaction_now"
        return
    fi
    mkdir -p "$transactions"
    last=$(transaction_last)
    number=$((last + 1))
    record=$(transaction_file "$number")
    {
        for key in time command reason; do printf '%s\t%s\n' "$key" "$(tr '\t\n' '  ' < "$transaction_now/$key" | sed 's/ *$//')"; done
        printf 'snapshot\t%s\nstatus\t%s\n' "$snapshot" "$1"
        sed 's/^/change\t/' "$transaction_now/difference"
    } > "$record.new"
    mv "$record.new" "$record"
    rm -rf "$transaction_now"
    transaction=$number
    if ((number > transactions_kept)); then rm -f "$(transaction_file $((number - transactions_kept)))"; fi
    # What is too many by count, space or age goes by the policy of all snapshots, beside whatever follows. Not each time: systemd takes
    # a unit that is started often for one that fails.
    if ((number % 10 == 0)) && [[ -d /run/systemd/system ]]; then systemctl --no-block start ksnap-prune.service || :; fi # its timer comes, too
}

transaction_file() { printf '%s/%06d\n' "$transactions" "$1"; }

# transaction_last: the highest number; 0 where there is none.
transaction_last() {
    local found=("$transactions"/[0-9][0-9][0-9][0-9][0-9][0-9])
    if ((${#found[@]})); then printf '%d\n' $((10#${found[-1]##*/})); else printf '0\n'; fi
}

# transaction_of_command COMMAND: "apt-get -y install nginx" as a reason: install nginx.
transaction_of_command() {
    local word said=''
    for word in $1; do
        if [[ $word == -* ]]; then continue; fi
        word=${word##*/}
        if [[ -z $said ]]; then
            case $word in
                *=* | env | sudo | python3* | apt | apt-get | aptitude | dnf | dnf4 | dnf5 | dnf-3 | yum | microdnf) continue ;;
                full-upgrade | dist-upgrade) word=upgrade ;;
            esac
        fi
        said+=${said:+ }$word
    done
    printf '%s\n' "${said:-packages}"
}
