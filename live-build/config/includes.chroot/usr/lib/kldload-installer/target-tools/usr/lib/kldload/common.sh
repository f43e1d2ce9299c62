# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the tools that source this
# What the tools of the installed system share. A tool says `set -euo pipefail; shopt -s inherit_errexit nullglob`, sources this by
# its path in KLDLOAD_LIB, and sets `tool` to its name. Then there are
#
#   json, assume_yes    `yes` where --json, --yes was given; the tool sets them from its options
#   tool_arguments      what the tool was called with
#
# Functions with a name in _reply leave what they found in REPLY: they are for loops, where a shell for each line would take its time.

KLDLOAD_LIB=${KLDLOAD_LIB:-/usr/lib/kldload}
# Tests set these; so does nobody else.
KLDLOAD_RUN=${KLDLOAD_RUN:-/run/kldload}
KLDLOAD_ETC=${KLDLOAD_ETC:-/etc/kldload}
KLDLOAD_STATE=${KLDLOAD_STATE:-/var/lib/kldload}

tool=${tool:-${0##*/}}
pool=rpool
json=no
assume_yes=no
tool_arguments=("$@")

# --- what is said -----------------------------------------------------------------------------------------------------

warn() { printf '%s: %s\n' "$tool" "$1" >&2; }

hint() { printf '   → %s\n' "$1" >&2; }

# fail MESSAGE [HINT]: what was seen, and what to do. Where it stands in $(…), the tool ends because of inherit_errexit.
fail() {
    warn "$1"
    if (($# > 1)); then hint "$2"; fi
    exit 1
}

usage_error() {
    warn "$1"
    hint "$tool --help"
    exit 2
}

# say MESSAGE: for people; whoever asked for JSON gets that alone.
say() { if [[ $json != yes ]]; then printf '%s\n' "$1"; fi; }

# help: the comment at the head of the tool.
help() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; }

# colour NAME TEXT: red, green, yellow, bold, dim; plain where nobody looks at it.
colour() {
    local code
    case $1 in red) code=31 ;; green) code=32 ;; yellow) code=33 ;; bold) code=1 ;; dim) code=2 ;; *) code=0 ;; esac
    if [[ -t 1 && -z ${NO_COLOR:-} ]]; then printf '\e[%sm%s\e[0m' "$code" "$2"; else printf '%s' "$2"; fi
}

# confirm QUESTION: whether the answer is yes. Nobody is asked where nobody sits.
confirm() {
    local answer=''
    if [[ $assume_yes == yes ]]; then return 0; fi
    if [[ ! -t 0 || ! -t 2 ]]; then fail "nothing was changed: $1" "--yes says yes where there is no terminal"; fi
    printf '%s [y/N] ' "$1" >&2
    IFS= read -r answer || printf '\n' >&2 # the end of the input is a no
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]]
}

need_root() {
    local words=''
    if ((EUID == 0)); then return 0; fi
    if ((${#tool_arguments[@]})); then printf -v words ' %q' "${tool_arguments[@]}"; fi
    fail "this takes root" "sudo $tool$words"
}

# lock: one of each tool at a time, until it ends. What a tool starts and leaves running is to be started with 9>&-.
lock() { lock_as "$tool"; }

# lock_as NAME: the same, of what has a name of its own.
lock_as() {
    local file=$KLDLOAD_RUN/$1.lock holder=''
    mkdir -p "$KLDLOAD_RUN"
    exec 9>> "$file"
    if ! flock --nonblock 9; then
        IFS= read -r holder < "$file" || : # it has the lock, and has not yet said who it is
        fail "another $tool is at work${holder:+: $holder}" "wait until it has ended, and look at what it did"
    fi
    # A new content, not a new file: the lock is on this one.
    : > "$file"
    printf 'process %d, since %(%T)T: %s\n' $$ -1 "$tool ${tool_arguments[*]}" > "$file"
}

# plural NUMBER WORD
plural() { if (($1 == 1)); then printf %s "$2"; else printf %ss "$2"; fi; }

# try MESSAGE COMMAND…: fails with MESSAGE and what COMMAND said.
try() {
    local message=$1 said
    shift
    said=$("$@" 2>&1) || fail "$message: ${said//$'\n'/; }"
}

# table ALIGNMENT: lines with tabs as columns, the first line their names; ALIGNMENT has l or r for each column.
table() {
    awk -F '\t' -v align="$1" '
        { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } columns = NF > columns ? NF : columns }
        END {
            for (row = 1; row <= NR; row++) {
                line = ""
                for (i = 1; i <= columns; i++) {
                    text = cell[row, i]
                    # awk may count bytes where letters are meant: what goes last is not filled up.
                    pad = (i == columns && substr(align, i, 1) != "r") ? "" : sprintf("%" (width[i] - length(text)) "s", "")
                    line = line (i > 1 ? "  " : "") (substr(align, i, 1) == "r" ? pad text : text pad)
                }
                print line
            }
        }'
}

# --- JSON, numbers, times ---------------------------------------------------------------------------------------------

json_reply() { # json_reply TEXT: as a JSON string
    local text=$1 code character
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    if [[ $text == *[[:cntrl:]]* ]]; then
        for code in {1..31} 127; do
            printf -v code '%04x' "$code"
            printf -v character '%b' "\\x${code:2}"
            code=\\u$code
            text=${text//"$character"/"$code"}
        done
    fi
    REPLY="\"$text\""
}

json_string() {
    json_reply "$1"
    printf '%s' "$REPLY"
}

# json_array_reply ITEM…: of what is JSON already.
json_array_reply() {
    local IFS=,
    REPLY="[$*]"
}

json_number_or_null() { if [[ $1 =~ ^-?(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then printf '%s' "$1"; else printf 'null'; fi; }

# human_reply BYTES: as zfs shows it: 0B, 96K, 1.50G; three digits, and none after the point where there is nothing to say.
human_reply() {
    local number=$1 unit=0 scale=1 units=BKMGTPEZ hundredths
    if [[ ! $number =~ ^[0-9]+$ ]]; then REPLY=- && return; fi
    while ((number / scale >= 1024)); do
        scale=$((scale * 1024))
        unit=$((unit + 1))
    done
    if ((number % scale == 0)); then
        REPLY=$((number / scale))${units:unit:1}
        return
    fi
    # Below a petabyte, a hundred times the number still is a number; above, digits are left off first.
    if ((scale > 1 << 40)); then number=$((number / 1024)) scale=$((scale / 1024)); fi
    hundredths=$(((number * 100 + scale / 2) / scale))
    if ((hundredths < 1000)); then
        printf -v REPLY '%d.%02d%s' $((hundredths / 100)) $((hundredths % 100)) "${units:unit:1}"
    elif ((hundredths < 10000)); then
        hundredths=$(((number * 10 + scale / 2) / scale))
        printf -v REPLY '%d.%d%s' $((hundredths / 10)) $((hundredths % 10)) "${units:unit:1}"
    else
        REPLY=$(((number + scale / 2) / scale))${units:unit:1}
    fi
}

human() {
    human_reply "$1"
    printf '%s' "$REPLY"
}

age_reply() { # age_reply SECONDS
    local seconds=$1
    if ((seconds < 0)); then
        REPLY='in the future'
    elif ((seconds < 60)); then
        REPLY="$seconds s"
    elif ((seconds < 3600)); then
        REPLY="$((seconds / 60)) min"
    elif ((seconds < 86400)); then
        REPLY="$((seconds / 3600)) h"
    else
        REPLY="$((seconds / 86400)) d"
    fi
}

age() {
    age_reply "$1"
    printf '%s' "$REPLY"
}

iso_time_reply() { TZ=UTC0 printf -v REPLY '%(%Y-%m-%dT%H:%M:%SZ)T' "$1"; }

iso_time() {
    iso_time_reply "$1"
    printf '%s' "$REPLY"
}

utc_stamp() { TZ=UTC0 printf '%(%Y%m%dT%H%M%SZ)T' -1; }

# --- datasets ---------------------------------------------------------------------------------------------------------

# Between tabs there may be nothing, and read takes tabs that follow each other for one. With this instead of each tab it does not:
#   lines=$(zfs list … | units)
#   while IFS=$unit read -r name value rest; do …; done <<< "$lines"
# A replacement by bash itself takes seconds where there are thousands of lines.
unit=$'\x1f'
units() { tr '\t' '\037'; }

# mount_field COLUMN OPTION…: of what findmnt finds; status 1 where it finds nothing.
mount_field() { findmnt --noheadings --first-only --nofsroot --output "$1" "${@:2}"; }

# dataset_of PATH: the mounted ZFS file system that it is on.
dataset_of() {
    local path type source
    path=$(readlink --canonicalize-existing -- "$1") || fail "$1: there is no such file or folder" "zfs list shows the file systems"
    type=$(mount_field FSTYPE --target "$path") || fail "$1: it can't be seen what it is on"
    source=$(mount_field SOURCE --target "$path")
    [[ $type == zfs ]] || fail "$1 is on $source, which is $type and not ZFS" "zfs list shows what is ZFS here"
    # A snapshot that is mounted below .zfs is of the same file system.
    printf '%s\n' "${source%%@*}"
}

# root_dataset: the file system that is /.
root_dataset() {
    local type
    type=$(mount_field FSTYPE --mountpoint /) || fail "it can't be seen what / is on"
    [[ $type == zfs ]] || fail "/ is $type and not ZFS: this is no system that kldload installed"
    mount_field SOURCE --mountpoint /
}

# dataset_exists NAME [TYPE]
dataset_exists() { zfs list -H -o name -t "${2:-filesystem,volume}" -- "$1" > /dev/null 2>&1; }

# resolve PATH|DATASET: the dataset that is meant. What starts with / or . is a path, like it is for zfs.
resolve() {
    case $1 in
        '') usage_error "a path or a dataset can't be empty" ;;
        /* | . | .. | ./* | ../*) dataset_of "$1" ;;
        *)
            dataset_exists "$1" || {
                if [[ -e $1 ]]; then fail "there is no dataset $1" "the file or folder of that name: ./$1"; fi
                fail "there is no dataset $1" "zfs list shows them; a path starts with / or ."
            }
            printf '%s\n' "$1"
            ;;
    esac
}

# snapshot_word TEXT: TEXT as part of a snapshot's name; they take letters, digits, - _ . : only.
snapshot_word() {
    local word=${1//[^A-Za-z0-9_.:-]/-}
    while [[ $word == *--* ]]; do word=${word//--/-}; done
    word=${word#-}
    word=${word:0:60}
    printf '%s' "${word%-}"
}

# snapshot_name TOOL REASON: as every tool names what it takes: ksnap-before-move-20261129T231500Z
snapshot_name() {
    local reason
    reason=$(snapshot_word "$2")
    printf '%s-%s%s\n' "$1" "${reason:+$reason-}" "$(utc_stamp)"
}
