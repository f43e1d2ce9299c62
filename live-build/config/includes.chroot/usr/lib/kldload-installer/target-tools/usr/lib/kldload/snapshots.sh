# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with the tools and with common.sh
# Snapshots that the tools take, and what can be said of any snapshot. After common.sh.

# take_snapshot TOOL REASON DATASET…: one snapshot of all of them at the same moment, or of none. `taken` is its name after the @.
take_snapshot() {
    local by=$1 reason=$2 base number=1 dataset names said
    shift 2
    reason=${reason//[[:cntrl:]]/ }
    base=$(snapshot_name "$by" "$reason")
    taken=$base
    while :; do
        names=()
        for dataset; do names+=("$dataset@$taken"); done
        if said=$(zfs snapshot -o "kldload:by=$by" -o "kldload:reason=${reason:0:200}" -- "${names[@]}" 2>&1); then return; fi
        # Two in one second, or one whose name was taken by hand.
        if [[ $said != *'already exists'* ]] || ((number > 20)); then fail "no snapshot was taken: ${said//$'\n'/; }" "zpool status; kdf shows what is full"; fi
        number=$((number + 1))
        taken=$base-$number
    done
}

# with_children DATASET: it and what is below it, a line each.
with_children() { zfs list -H -r -t filesystem,volume -o name -- "$1"; }

# worth_keeping DATASET: as with_children, without what is said not to be worth a snapshot, such as caches.
worth_keeping() {
    local lines name auto
    lines=$(zfs list -H -r -t filesystem,volume -o com.sun:auto-snapshot,name -- "$1")
    while IFS=$'\t' read -r auto name; do
        if [[ $auto != false ]]; then printf '%s\n' "$name"; fi
    done <<< "$lines"
}

# took_reply NAME BY: what took the snapshot with that name after its @, as far as it can be known. A file system hands its properties
# to its snapshots; so what is in BY holds where the name says the same.
took_reply() {
    case $1 in
        "$2"-*) REPLY=$2 ;;
        autosnap_*) REPLY=sanoid ;;
        syncoid_*) REPLY=syncoid ;;
        firstboot) REPLY='the first boot' ;;
        *) REPLY=- ;;
    esac
}

# meant_snapshot PATH|DATASET[@NAME]: sets `dataset`, and `snapshot` to the name after the @: what was given, or the newest. A path may
# have an @ of its own.
meant_snapshot() {
    local given=$1 newest
    snapshot=
    if [[ $given == *@* ]] && ! [[ $given == [/.]* && -e $given ]]; then
        snapshot=${given##*@}
        given=${given%@*}
        [[ -n $snapshot ]] || usage_error "$1: after the @ stands a snapshot's name"
    fi
    dataset=$(resolve "$given")
    if [[ -n $snapshot ]]; then
        dataset_exists "$dataset@$snapshot" snapshot || fail "there is no snapshot $dataset@$snapshot" "$tool list $(printf %q "$dataset")"
        return
    fi
    newest=$(zfs list -H -d 1 -o name -t snapshot -S createtxg -- "$dataset")
    newest=${newest%%$'\n'*}
    [[ -n $newest ]] || fail "$dataset has no snapshot" "ksnap take $(printf %q "$dataset")"
    snapshot=${newest##*@}
}

# named_snapshot PATH|DATASET@NAME: the same, where the name must be given.
named_snapshot() {
    if [[ $1 != *@* ]] || [[ $1 == [/.]* && -e $1 ]]; then usage_error "$1: which snapshot of it? DATASET@NAME"; fi
    meant_snapshot "$1"
}

# files_changed DATASET@NAME [DATASET@NAME]: a number, with a + where counting took too long; status 1 where they can't be counted, as
# in a file system that is not mounted.
files_changed() {
    local lines status=0
    lines=$(timeout 20 zfs diff -H -h -- "$@" 2> /dev/null) || status=$?
    if ((status != 0 && status != 124)); then return 1; fi
    if [[ -z $lines ]]; then
        printf 0
    elif ((status == 124)); then
        printf '%d+' "$(wc -l <<< "$lines")"
    else
        printf '%d' "$(wc -l <<< "$lines")"
    fi
}

# reclaim DATASET@NAME[,NAME…]: how many bytes would be free without them. What several share is in the size of none of them.
reclaim() {
    local said
    said=$(zfs destroy -n -v -p -- "$1")
    said=$(sed -n 's/^reclaim\t//p' <<< "$said")
    printf '%s' "${said:-0}"
}
