# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared between the libraries
# Postinstallers: scripts of this medium that make of the new system what its owner wants it to be.
#
# In   TARGET             where the new system is mounted
#      BOOTSTRAP_KEY      whose signature its package manager is to trust as long as they run
#      bootstrap_mirror   where the darksite is, in the target

POSTINSTALL_FOLDER=${POSTINSTALL_FOLDER:-/root/postinstall.d}
# Those that `deploy seed --into` has put on the medium.
POSTINSTALL_ADDED=${POSTINSTALL_ADDED:-${KLDLOAD_MEDIUM:-/run/live/medium}/kldload/answers/postinstall.d}
# The other place at which a script may look for the new system.
POSTINSTALL_MNT=${POSTINSTALL_MNT:-/mnt}
# In the target, gone with its /run.
postinstall_settings=/run/kldload-postinstall

# postinstall: runs them in the order of their names. The first that fails ends the installation.
postinstall() {
    local scripts=() script command=() status environment=()
    mapfile -t scripts < <(postinstall_scripts)
    if ((${#scripts[@]} == 0)); then
        say "there are no postinstallers on this medium"
        return
    fi
    postinstall_mnt
    postinstall_apt
    mapfile -d '' -t environment < <(postinstall_environment)
    for script in "${scripts[@]}"; do
        say "postinstaller ${script##*/}"
        command=("$script")
        if [[ ! -x $script ]]; then command=(bash "$script"); fi
        status=0
        (cd / && exec env --ignore-environment "${environment[@]}" "${command[@]}") < /dev/null || status=$?
        ((status == 0)) || fail "postinstaller ${script##*/} ended with status $status"
    done
    rm -rf "${TARGET:?}$postinstall_settings"
    postinstall_mnt_back
}

# postinstall_scripts: what can be run, a path a line, in the order of the names; of the rest it is said that it is left alone.
postinstall_scripts() {
    postinstall_found | LC_ALL=C sort --stable --field-separator=/ --key=1,1 | cut --delimiter=/ --fields=2-
}

# postinstall_found: the same, NAME/PATH a line, folder by folder.
postinstall_found() {
    local LC_ALL=C file
    for file in "$POSTINSTALL_FOLDER"/* "$POSTINSTALL_ADDED"/*; do
        if [[ ! -f $file ]]; then continue; fi # or there is none at all
        case ${file##*/} in
            *~ | *.bak | *.orig | *.dpkg-*) printf 'left alone: %s\n' "$file" >&2 ;;
            *)
                if [[ -x $file || $file == *.sh ]]; then
                    printf '%s/%s\n' "${file##*/}" "$file"
                else
                    printf 'left alone, because it can not be executed: %s\n' "$file" >&2
                fi
                ;;
        esac
    done
}

# postinstall_environment: NAME=value, each ended by a zero byte: every answer but the secrets, and what tools need.
postinstall_environment() {
    local name
    for name in "${answers_order[@]}"; do
        if [[ ${answers_kind[$name]} != secret* ]]; then printf '%s=%s\0' "$name" "${!name}"; fi
    done
    printf '%s\0' KLDLOAD_TARGET="$TARGET" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true \
        APT_CONFIG="$postinstall_settings/apt.conf"
}

# A link, and no second mount: file systems that a script makes are then in both places, in whichever it looks.
postinstall_mnt() {
    if [[ $(readlink "$POSTINSTALL_MNT") == "$TARGET" ]]; then return; fi
    rmdir "$POSTINSTALL_MNT" || fail "$POSTINSTALL_MNT is in use; postinstallers need it"
    ln -s "$TARGET" "$POSTINSTALL_MNT"
}

postinstall_mnt_back() {
    rm "$POSTINSTALL_MNT"
    mkdir "$POSTINSTALL_MNT"
}

# postinstall_apt: the target's apt sees the darksite and nothing else, wherever APT_CONFIG is set. The target's own sources
# are not touched, and nothing has to be put back.
postinstall_apt() {
    local folder=$TARGET$postinstall_settings suite
    mkdir -p "$folder/lists/partial"
    if [[ ! -d $TARGET/etc/apt ]]; then return; fi
    cp "${BOOTSTRAP_KEY:?}" "$folder/darksite.gpg"
    for suite in "$TARGET${bootstrap_mirror:?}"/dists/*; do
        printf 'deb [signed-by=%s/darksite.gpg check-date=no check-valid-until=no] file:%s %s main\n' \
            "$postinstall_settings" "$bootstrap_mirror" "${suite##*/}" >> "$folder/darksite.list"
    done
    cat > "$folder/apt.conf" << END
Dir::Etc::SourceList "$postinstall_settings/darksite.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$postinstall_settings/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
    chroot "$TARGET" env APT_CONFIG="$postinstall_settings/apt.conf" apt-get --quiet --error-on=any update
}
