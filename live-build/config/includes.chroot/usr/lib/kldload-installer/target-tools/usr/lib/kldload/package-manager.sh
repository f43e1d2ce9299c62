# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with the tools
# The distribution's own package manager, spoken to alike. After common.sh.
#
#   manager                     apt or dnf
#   manager_…                   what its name says; those that change something ask, unless assume_yes is yes
#   manager_undo_names A B      what manager_undo will take away (names of the array A) and bring (of B: NAME<tab>VERSION)
#   manager_sources             options that say where packages come from, in `sources`; the one place that decides it
#   manager_open SOURCE         from here on, from a medium of kldload's alone (update-source.sh); manager_close lets go of it, and may
#                               stand in a trap

manager=apt
if ! type -P apt-get > /dev/null; then manager=dnf; fi

# In front of each command: nothing, or what runs it in another boot environment.
manager_in=()

sources=()
manager_medium=''
# As the system is set up, or from the medium that is open.
manager_sources() {
    sources=()
    if [[ -z $manager_medium ]]; then return; fi
    if [[ $manager == apt ]]; then sources=("${update_source_apt_options[@]}"); else sources=("${update_source_dnf_options[@]}"); fi
}

manager_open() {
    # shellcheck source=/dev/null
    . "$KLDLOAD_LIB/update-source.sh"
    manager_medium=$1
    update_source_open "$1"
    manager_refresh > "$KLDLOAD_RUN/medium.log" 2>&1 || fail "what $1 has can't be read: $(tail --lines=1 "$KLDLOAD_RUN/medium.log")" "nothing was changed"
}

manager_close() {
    if [[ -n $manager_medium ]]; then update_source_close; fi
    manager_medium=''
}

# manager_take_medium: what the open medium brings, and takes away.
manager_take_medium() {
    if [[ $manager == apt ]]; then
        manager_run install --allow-change-held-packages "${update_source_arriving[@]}" "${update_source_leaving[@]/%/-}"
        return
    fi
    if ((${#update_source_arriving[@]})); then manager_run install "${update_source_arriving[@]}"; fi
    if ((${#update_source_leaving[@]})); then manager_run remove --setopt=clean_requirements_on_remove=False "${update_source_leaving[@]}"; fi
}

manager_options() {
    options=("${sources[@]}")
    if [[ $assume_yes == yes ]]; then
        options+=(-y)
        # Settings that a person has changed stay, where nobody can be asked.
        if [[ $manager == apt ]]; then options+=(-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold); fi
    fi
}

# manager_run VERB WORD…
manager_run() {
    local options=() verb=$1
    shift
    manager_sources
    manager_options
    if [[ $manager == apt ]]; then
        if [[ $assume_yes == yes ]]; then export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a; fi
        "${manager_in[@]}" apt-get -q "${options[@]}" "$verb" "$@"
    else
        "${manager_in[@]}" dnf "${options[@]}" "$verb" "$@"
    fi
}

manager_install() {
    local name words=()
    # A file of this folder is one where it is written as one.
    for name; do if [[ $name == *.deb || $name == *.rpm ]] && [[ -e $name && $name != */* ]]; then name=./$name; fi && words+=("$name"); done
    manager_run install "${words[@]}"
}

manager_remove() { if [[ $manager == apt ]]; then manager_run purge "$@"; else manager_run remove "$@"; fi; }

manager_upgrade() { if [[ $manager == apt ]]; then manager_run dist-upgrade "$@"; else manager_run upgrade "$@"; fi; }

# manager_upgrade_these NAME…: these, what they need, and nothing else.
manager_upgrade_these() { if [[ $manager == apt ]]; then manager_run install --only-upgrade "$@"; else manager_run upgrade "$@"; fi; }

# manager_waiting: what manager_upgrade would do, a line each: NAME<tab>OLD<tab>NEW<tab>security or -. OLD is empty for what is new. As
# the lists are now.
manager_waiting() {
    local listing status=0 options=()
    manager_sources
    if [[ $manager == apt ]]; then
        listing=$(LC_ALL=C apt-get -q "${sources[@]}" --simulate dist-upgrade)
        # Inst NAME [OLD] (NEW SUITE, SUITE [ARCHITECTURE])
        sed -nE 's/^Inst ([^ ]+) (\[([^]]*)\] )?\(([^ ]+) ([^)]*)\).*/\1\t\3\t\4\t\5/p' <<< "$listing" \
            | awk -F '\t' -v OFS='\t' '{ print $1, $2, $3, tolower($4) ~ /security/ ? "security" : "-" }'
        return
    fi
    listing=$(LC_ALL=C dnf --quiet "${sources[@]}" check-update) || status=$?
    ((status == 0 || status == 100)) || return "$status"
    local security=''
    security=$(LC_ALL=C dnf --quiet "${sources[@]}" check-update --security) || status=$?
    ((status == 0 || status == 100)) || return "$status"
    while read -r name version _; do
        if [[ $name == Obsoleting ]]; then break; fi
        if [[ $name != *.* || -z $version ]]; then continue; fi
        listing=-
        if [[ $'\n'$security == *$'\n'"$name "* ]]; then listing=security; fi
        printf '%s\t%s\t%s\t%s\n' "$name" "$(rpm --query --queryformat '%{VERSION}-%{RELEASE}\n' "$name" 2> /dev/null | tail --lines=1 || :)" "$version" "$listing"
    done <<< "$listing"
}

# manager_held: what stays as it is because somebody said so.
manager_held() { if [[ $manager == apt ]]; then apt-mark showhold; fi; }

manager_refresh() {
    manager_sources
    if [[ $manager == apt ]]; then apt-get -q "${sources[@]}" update; else dnf "${sources[@]}" makecache --refresh; fi
}

# manager_only_download VERB WORD…: as manager_upgrade or manager_upgrade_these, of which nothing is installed.
manager_only_download() { if [[ $manager == apt ]]; then "$1" --download-only "${@:2}"; else "$1" --downloadonly "${@:2}"; fi; }

manager_search() { if [[ $manager == apt ]]; then apt-cache search -- "$@"; else dnf search "$@"; fi; }

manager_info() { if [[ $manager == apt ]]; then apt-cache show --no-all-versions -- "$@"; else dnf info "$@"; fi; }

manager_undo_names() {
    local -n gone_names=$1 back_names=$2
    local line name
    undo_gone=("${gone_names[@]}") undo_back=()
    for line in "${back_names[@]}"; do
        name=${line%%$'\t'*}
        # dnf has the architecture at the end.
        if [[ $manager == apt ]]; then undo_back+=("$name=${line#*$'\t'}"); else undo_back+=("${name%.*}-${line#*$'\t'}.${name##*.}"); fi
    done
}

# apt takes away and brings in one transaction: nothing is missing in between. dnf takes two.
manager_undo() {
    if [[ $manager == apt ]]; then
        manager_run install --purge --allow-downgrades --allow-change-held-packages --no-install-recommends "${undo_gone[@]/%/-}" "${undo_back[@]}"
        return
    fi
    if ((${#undo_back[@]})); then manager_run install --allowerasing "${undo_back[@]}"; fi
    # Nothing else is tidied up with it.
    if ((${#undo_gone[@]})); then manager_run remove --setopt=clean_requirements_on_remove=False "${undo_gone[@]}"; fi
}
