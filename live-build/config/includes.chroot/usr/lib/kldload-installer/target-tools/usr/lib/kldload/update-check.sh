# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are those of update-source.sh
# The second half of update-source.sh, which says what is here: whether an open medium is whole and for this machine as it is; and the key
# that comes after its own.

# --- whole ------------------------------------------------------------------------------------------------------------

# update_source_whole: every file that will be read. Of an image that is the darksite of this distribution: the rest is for others.
update_source_whole() {
    local list=$update_source_work/lists/wanted log=$update_source_work/log prefix=darksite/$update_source_distribution/ names status=0
    if [[ $update_source_family == rpm ]]; then prefix=darksite/rpm/$update_source_distribution/; fi
    awk -v prefix="$prefix" 'index(substr($0, 67), prefix) == 1 && substr($0, 67) !~ "^darksite/[^/]*/systems/"' \
        "$update_source_work/lists/all" > "$list"
    [[ -s $list ]] || update_source_refuse "the medium has no packages for $update_source_distribution"
    (cd "$update_source_root" && LC_ALL=C sha256sum --check --quiet --strict "$list") > "$log" 2>&1 || status=1
    if ((status)); then
        names=$(sed -nE 's/^(.*): FAILED.*/\1/p' "$log" | sed -n 1,3p | paste -sd' ')
        update_source_refuse "the medium is damaged: $(grep -c ': FAILED' "$log") of $(wc -l < "$list") files are not what was signed: ${names:-none can be read}" \
            "copy it again, and compare it with what it was copied from"
    fi
}

# --- for this machine ---------------------------------------------------------------------------------------------------

# update_source_installed ROOT: name, version, architecture a line.
update_source_installed() {
    local root=${1%/}
    if [[ $update_source_family == apt ]]; then
        dpkg-query --admindir="$root${UPDATE_SOURCE_DPKG:-/var/lib/dpkg}" --show \
            --showformat='${db:Status-Status} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^installed //p'
    else
        rpm ${root:+--root "$root"} --query --all --queryformat '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n' | grep -v '^gpg-pubkey '
    fi
}

# update_source_older A B: whether version A is older than B, as the package manager has it.
update_source_older() {
    if [[ $update_source_family == apt ]]; then
        dpkg --compare-versions "$1" lt "$2"
    else
        [[ $(rpm --eval "%{lua: print(rpm.vercmp('$1', '$2'))}") == -1 ]]
    fi
}

update_source_check() {
    local root=${1:-/} work=$update_source_work before=/dev/null after place=darksite/$update_source_distribution
    [[ -n $update_source_root ]] || fail "no medium is open"
    update_source_whole
    update_source_installed "$root" > "$work/installed" || update_source_refuse "it can't be seen which packages this machine has"
    update_source_list "$place/profiles/$update_source_profile"
    after=$REPLY
    if [[ $update_source_kind == delta ]]; then
        update_source_list "$place/from/$update_source_profile"
        before=$REPLY
    fi
    update_source_compare "$before" "$after"
    if [[ $update_source_state == current ]]; then return; fi
    update_source_rehearse "$root"
}

# update_source_compare BEFORE AFTER: what this machine has, between what the medium starts from and what it makes of it. BEFORE is empty
# of an image, which starts from anything.
update_source_compare() {
    local before=$1 after=$2 kind name version architecture here start older=() missing=0 total=0 kernel
    kernel=${UPDATE_SOURCE_KERNEL:-$(uname -r)}
    update_source_arriving=() update_source_leaving=() update_source_kernel_packages=() update_source_differences=()
    update_source_state=ready
    # The name of a package for another architecture has that, as people and package managers write it.
    awk -v native="$update_source_architecture" -v before="$before" -v after="$after" '
        # All versions of it that are there: RPM distributions keep kernels beside each other.
        function here(key) { return (key in have) ? have[key] : "-" }
        function key(name, architecture) { return name " " ((architecture == "all" || architecture == "noarch") ? native : architecture) }
        { have[key($1, $3)] = (key($1, $3) in have) ? have[key($1, $3)] "," $2 : $2; exact[$1 " " $2 " " key("", $3)] = 1 }
        END {
            while ((getline line < before) > 0) { split(line, w, " "); start[key(w[1], w[3])] = w[2]; total++ }
            while ((getline line < after) > 0) {
                split(line, w, " ")
                k = key(w[1], w[3])
                goal[k] = w[2]
                if ((w[1] " " w[2] " " key("", w[3])) in exact) continue
                # What is the same before and after is not on the medium.
                kind = (k in start) ? (start[k] == w[2] ? "stays" : "moves") : "comes"
                print kind, w[1], w[2], w[3], here(k), (k in start) ? start[k] : "-"
            }
            close(before)
            while ((getline line < before) > 0) {
                split(line, w, " ")
                k = key(w[1], w[3])
                if (!(k in goal) && (k in have)) print "goes", w[1], w[2], w[3], have[k], w[2]
            }
            print "total", total + 0, "-", "-", "-", "-"
        }' "$update_source_work/installed" > "$update_source_work/moves"
    while read -r kind name version architecture here start; do
        case $kind/$here in
            total/*) total=$name ;;
            goes/*)
                # A kernel's packages refuse to be removed while it runs, and rightly.
                if [[ $name == *-"${kernel%-*}" || $name == *-"${kernel%-*}"-* ]]; then
                    update_source_kernel_packages+=("$name")
                    continue
                fi
                update_source_leaving+=("$(update_source_name "$name" "$architecture")")
                if [[ $here != "$version" && ,$here, != *",$version,"* ]]; then
                    update_source_differences+=("$name $here goes; the medium knows $version")
                fi
                ;;
            comes/-) update_source_arrive "$name" "$version" "$architecture" ;;
            */-)
                # Somebody removed it. Whether anything needs it, apt or dnf say.
                missing=$((missing + 1))
                update_source_differences+=("$name is not here any more; the medium knows $start")
                ;;
            *)
                here=${here##*,}
                if [[ $start != - ]] && update_source_older "$here" "$start"; then
                    older+=("$name $here (the medium starts from $start)")
                elif update_source_older "$here" "$version"; then
                    if [[ $here != "$start" && $start != - ]]; then update_source_differences+=("$name $here is here; the medium knows $start"); fi
                    update_source_arrive "$name" "$version" "$architecture"
                else
                    update_source_differences+=("$name $here is here, which is newer than $version: it stays")
                fi
                ;;
        esac
    done < "$update_source_work/moves"
    if ((missing * 4 > total && total > 0)); then
        update_source_refuse "this is not the machine that the medium is for: $missing of the $total packages that $update_source_profile had are not here"
    fi
    if ((${#older[@]})); then
        printf '   %s\n' "${older[@]:0:8}" >&2
        update_source_refuse "this machine is older than what the medium starts from, in ${#older[@]} $(plural "${#older[@]}" package)" \
            "first the media before ${update_source_from:-this one}, in their order; or a whole ISO of kldload, which starts from anything"
    fi
    if ((${#update_source_arriving[@]} + ${#update_source_leaving[@]} == 0)); then update_source_state=current; fi
}

update_source_name() { # NAME ARCHITECTURE
    case $2 in all | noarch | "$update_source_architecture") printf '%s' "$1" ;; *) printf '%s:%s' "$1" "$2" ;; esac
}

update_source_arrive() { # NAME VERSION ARCHITECTURE: as the package manager is asked for it
    if [[ $update_source_family == apt ]]; then
        update_source_arriving+=("$(update_source_name "$1" "$3")=$2")
    else
        update_source_arriving+=("$1-$2.$3")
    fi
}

# update_source_rehearse ROOT: the package manager itself says whether it would, before anything is changed. It looks at the medium alone.
update_source_rehearse() {
    local root=${1%/} log=$update_source_work/log lost options=()
    if [[ $update_source_family == apt ]]; then
        options=("${update_source_apt_options[@]}" -o "Dir::State::status=$root${UPDATE_SOURCE_DPKG:-/var/lib/dpkg}/status")
        apt-get "${options[@]}" update --error-on=any > "$log" 2>&1 \
            || update_source_refuse "apt does not take the medium: $(grep '^[EW]:' "$log" | sed -n 1,3p | paste -sd' ')"
        apt-get "${options[@]}" --simulate --yes --allow-change-held-packages install "${update_source_arriving[@]}" \
            "${update_source_leaving[@]/%/-}" > "$log" 2>&1 \
            || update_source_refuse "apt can't update this machine from the medium: $(grep -vE '^(NOTE|Reading|Building)' "$log" | tail -n 5 | paste -sd' ')" \
                "what was installed here beside the profile may stand against it: remove it, or update it first"
        # Rather than fail, apt takes away what does not fit.
        lost=$(comm -23 <(sed -nE 's/^(Remv|Purg) ([^ ]+) .*/\2/p' "$log" | sort -u) <(printf '%s\n' "${update_source_leaving[@]}" | sort -u))
        [[ -z $lost ]] || update_source_refuse "apt would take away what was installed here beside the profile: ${lost//$'\n'/, }" \
            "it does not go with what the medium brings: remove it, or update it first"
    else
        # Below another root, dnf keeps what it reads there.
        dnf ${root:+--installroot "$root"} "${update_source_dnf_options[@]}" "--setopt=cachedir=$update_source_work/rehearsal" \
            --quiet --assumeyes makecache > "$log" 2>&1 \
            || update_source_refuse "dnf does not take the medium: $(tail -n 3 "$log" | paste -sd' ')"
        rm -rf -- "$root$update_source_work/rehearsal"
    fi
}

# --- the next key -------------------------------------------------------------------------------------------------------

update_source_take_key() {
    local root=${1%/} keys next signature part
    update_source_next_key=''
    update_source_list kldload/next-key.gpg || return 0 # there is none
    next=$REPLY
    update_source_list kldload/next-key.gpg.asc || update_source_refuse "the next key on the medium is not signed"
    signature=$REPLY
    update_source_verify_one "the medium" "$next" "$signature" kldload/next-key.gpg
    keys=$root$UPDATE_SOURCE_KEYS
    # The same again changes nothing, and forgets nothing.
    if ! cmp -s "$next" "$keys/medium.gpg"; then
        mkdir -p "$keys"
        part=$keys/.medium.gpg.part
        if [[ -s $keys/medium.gpg ]]; then cp "$keys/medium.gpg" "$keys/previous.gpg"; fi
        install -m 644 "$next" "$part"
        sync -- "$part"
        mv -f "$part" "$keys/medium.gpg"
        sync -- "$keys"
    fi
    update_source_list kldload/delta.json
    update_source_next_key=$(sed -nE 's/.*"next_key":"([0-9A-F]+)".*/\1/p' "$REPLY")
}
