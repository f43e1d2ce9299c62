#!/bin/bash
# judge-live.sh KERNEL: looks at the layers of the live system as they will be stacked, before an image is made of them.
#
#   KERNEL             as in /usr/lib/modules
#   /in/live           the layers, *.squashfs, in the order of their names, the last on top
#   /out/verdict       what was found, a word and its value a line
#   GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# Stacked as overlayfs does it: two folders become one; of everything else, only what the highest layer has is there. So a
# folder over a link hides all that the link led to, and one layer by itself never shows it.
#
# In this order: every folder that can be reached through a link in the lowest layer can still be; the kernel's modules are
# there, with ZFS; a shell, init and the loader of programs; every unit that is enabled is there, and the programs that it and
# each unit of a higher layer start.
set -euo pipefail
shopt -s inherit_errexit nullglob

in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
kernel=${1:?the kernel is missing}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'the live system would not work: %s\n' "$1" >&2
    exit 1
}

# --- the stack --------------------------------------------------------------------------------------------------------

# By path without slashes at its ends: what is there (d, l, - …), whether it can be run, where a link leads, whose layer it is.
declare -A kind=() runs=() target=() layer_of=()

# add_layer NUMBER FILE: lays the layer over those that are there.
add_layer() {
    local number=$1 listing=$work/$1.list line mode path other
    unsquashfs -lln "$2" > "$listing"
    # drwxr-xr-x 0/0                 123 2025-06-01 00:00 squashfs-root/usr/bin
    local form='^([^ ]{10}) .* [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} squashfs-root/(.*)$'
    while IFS= read -r line; do
        [[ $line =~ $form ]] || continue # the root itself, and what unsquashfs says beside the list
        mode=${BASH_REMATCH[1]} path=${BASH_REMATCH[2]}
        unset -v 'other'
        if [[ $mode == l* ]]; then
            other=${path#* -> }
            path=${path%% -> *}
        fi
        if [[ ${kind[$path]:-} == d && $mode != d* ]]; then
            fail "$path of ${2##*/} hides a folder of the layers below"
        fi
        kind[$path]=${mode:0:1}
        runs[$path]=${mode:3:1}${mode:6:1}${mode:9:1}
        target[$path]=${other-}
        layer_of[$path]=$number
    done < "$listing"
}

# Sets found to where PATH leads when every link is followed; fails where that is nothing.
resolve() {
    local -a pending=() parts=()
    local part next place='' links=0
    IFS=/ read -r -a pending <<< "$1"
    while ((${#pending[@]})); do
        part=${pending[0]}
        pending=("${pending[@]:1}")
        case $part in
            '' | .) continue ;;
            ..)
                if [[ $place == */* ]]; then place=${place%/*}; else place=''; fi
                continue
                ;;
        esac
        next=${place:+$place/}$part
        case ${kind[$next]:-} in
            '') return 1 ;;
            l)
                ((++links <= 40)) || return 1
                IFS=/ read -r -a parts <<< "${target[$next]}"
                if [[ ${target[$next]} == /* ]]; then place=''; fi
                pending=("${parts[@]}" "${pending[@]}")
                ;;
            *) place=$next ;;
        esac
    done
    found=$place
}

can_run() { resolve "$1" && [[ ${kind[$found]:-} == - && ${runs[$found]} == *[xs]* ]]; }

layers=("$in"/live/*.squashfs)
((${#layers[@]})) || fail "there is no layer"
add_layer 0 "${layers[0]}"
# What could be reached through links before anything was laid over it.
declare -A led=()
for path in "${!kind[@]}"; do
    [[ ${kind[$path]} == l ]] || continue
    if resolve "$path" && [[ ${kind[$found]:-d} == d ]]; then led[$path]=$found; fi
done
declare -A stock=()
for path in "${!kind[@]}"; do
    if [[ ${kind[$path]} == - && ${runs[$path]} == *[xs]* ]]; then stock[$path]=yes; fi
done
for ((number = 1; number < ${#layers[@]}; number++)); do add_layer "$number" "${layers[number]}"; done

for path in "${!led[@]}"; do
    if resolve "$path" && [[ $found == "${led[$path]}" ]]; then continue; fi
    fail "/$path is a link to the folder /${led[$path]}, and ${layers[${layer_of[$path]}]##*/} hides it with all behind it"
done

# --- kernel and programs ----------------------------------------------------------------------------------------------

resolve "lib/modules/$kernel/modules.dep" || fail "there is no /lib/modules/$kernel with modules.dep"
modules=${found%/*}
zfs=''
for path in "${!kind[@]}"; do
    case $path in
        "$modules"/*/zfs.ko | "$modules"/*/zfs.ko.*) zfs=$path ;;
        "${modules%/*}"/*/*) [[ $path == "$modules"/* ]] || fail "there are modules of another kernel: /$path" ;;
    esac
done
[[ -n $zfs ]] || fail "there is no ZFS module in /$modules"

for program in bin/sh bin/bash sbin/init bin/mount sbin/modprobe; do
    can_run "$program" || fail "/$program is not there, or can't be run"
done
# Where every program looks for what starts it: gABI's PT_INTERP, of the architectures there are.
loaders=0
for path in lib64/ld-linux-x86-64.so.2 lib/ld-linux-aarch64.so.1; do
    if resolve "$path"; then loaders=$((loaders + 1)); fi
done
((loaders)) || fail "there is no loader of programs (/lib64/ld-linux-x86-64.so.2)"

# --- units ------------------------------------------------------------------------------------------------------------

unit_folders=(etc/systemd/system usr/local/lib/systemd/system usr/lib/systemd/system)
for ((number = 0; number < ${#layers[@]}; number++)); do
    wanted=()
    for folder in "${unit_folders[@]}"; do
        if grep -q -F -- " squashfs-root/$folder" "$work/$number.list"; then wanted+=("$folder"); fi
    done
    mkdir "$work/$number"
    ((${#wanted[@]})) || continue
    unsquashfs -quiet -no-progress -no-xattrs -force -dest "$work/$number" "${layers[number]}" "${wanted[@]}" > "$work/said" 2>&1 \
        || fail "${layers[number]##*/} can't be read: $(<"$work/said")"
done

# Sets unit to the path of the file of the unit NAME ("" where it is masked); fails where there is none.
find_unit() {
    local name folder
    for name in "$1" "${1%%@*}@.${1##*.}"; do
        [[ $name == "$1" || $1 == *@* ]] || continue
        for folder in "${unit_folders[@]}"; do
            case ${kind[$folder/$name]:-} in
                '') continue ;;
                l)
                    if [[ ${target[$folder/$name]} == /dev/null ]]; then unit='' && return 0; fi
                    resolve "$folder/$name" || continue
                    unit=$found
                    ;;
                *) unit=$folder/$name ;;
            esac
            return 0
        done
    done
    return 1
}

declare -A units=()
for path in "${!kind[@]}"; do
    name=${path##*/}
    case $path in
        etc/systemd/system/*.wants/* | etc/systemd/system/*.requires/* | usr/lib/systemd/system/*.wants/* | usr/lib/systemd/system/*.requires/*)
            find_unit "$name" || fail "/$path enables $name, and there is no such unit"
            [[ -z $unit ]] || units[$unit]=$path
            ;;
        etc/systemd/system/*.service | usr/lib/systemd/system/*.service)
            if ((layer_of[$path] > 0)) && find_unit "$name" && [[ -n $unit ]]; then units[$unit]=$path; fi
            ;;
    esac
done

# Whether the program of a unit is there. Its path may be a name alone, looked for as systemd does.
has_program() {
    local folder
    if [[ $1 == */* ]]; then can_run "$1" && return; fi
    for folder in usr/local/sbin usr/local/bin usr/sbin usr/bin; do
        if can_run "$folder/$1"; then return; fi
    done
    return 1
}

programs=0 left_out=0
for unit in "${!units[@]}"; do
    number=${layer_of[$unit]}
    [[ -f $work/$number/$unit ]] || continue # it has been found somewhere else than units are
    while IFS= read -r line; do
        if ! [[ $line =~ ^ExecStart[[:space:]]*=[[:space:]]*([-@:+!|]*)\"?([^[:space:]\"]+) ]]; then continue; fi
        prefix=${BASH_REMATCH[1]} program=${BASH_REMATCH[2]}
        # That it may fail is said by the unit; and a specifier is known only when it starts.
        if [[ $prefix == *-* || $program == *%* ]]; then continue; fi
        programs=$((programs + 1))
        if has_program "$program"; then continue; fi
        # Of the distribution's own units, some are for programs that may be missing; that must not be our doing.
        if ((number == 0)) && [[ -z ${stock[${program#/}]:-}${stock[usr/${program#/}]:-} ]]; then
            left_out=$((left_out + 1))
            continue
        fi
        fail "/$unit starts $program, which is not there, or can't be run"
    done < "$work/$number/$unit"
done

{
    echo "layers ${#layers[@]}"
    echo "kernel $kernel"
    echo "zfs /$zfs"
    echo "units ${#units[@]}"
    echo "programs $programs"
    echo "without $left_out"
} > "$out/verdict"
