# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared between the libraries
# Copying an image to another machine by ssh: to one whose key is known, going on after a break where it was, and compared at the other end.
#
#   scp_begin           makes ready: whom to trust, and by what to log in; nothing of it stands on a command line or in the environment
#   scp_judge           whether the other end takes something into the folder
#   scp_send FILE       copies it; it appears under its name when it is whole and the same
#   scp_end

scp_work=/run/kldload-export-scp
scp_lib=${BASH_SOURCE[0]%/*}
scp_waits=(5 10 20 40 60 60) # seconds, after a break; as often as that without getting any further
scp_options=()

scp_begin() {
    local host=${KLDLOAD_EXPORT_SCP_HOST%:*} port=22 known
    if [[ $KLDLOAD_EXPORT_SCP_HOST == *:* ]]; then port=${KLDLOAD_EXPORT_SCP_HOST##*:}; fi
    rm -rf "$scp_work"
    install -d -m 700 "$scp_work"
    known=$host
    if ((port != 22)); then known="[$host]:$port"; fi
    : > "$scp_work/known_hosts"
    if [[ -n $KLDLOAD_EXPORT_SCP_HOSTKEY ]]; then printf '%s %s\n' "$known" "$KLDLOAD_EXPORT_SCP_HOSTKEY" > "$scp_work/known_hosts"; fi
    scp_options=(-F /dev/null -p "$port" -l "$KLDLOAD_EXPORT_SCP_USER" -T -o LogLevel=ERROR -o ConnectTimeout=20 -o ServerAliveInterval=15
        -o ServerAliveCountMax=3 -o "UserKnownHostsFile=$scp_work/known_hosts" -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no
        -o ControlPath=none)
    # The first one to answer is trusted from then on, where that was asked for and nothing else is known.
    if [[ $KLDLOAD_EXPORT_SCP_TRUST == first && -z $KLDLOAD_EXPORT_SCP_HOSTKEY ]]; then
        scp_options+=(-o StrictHostKeyChecking=accept-new)
    else
        scp_options+=(-o StrictHostKeyChecking=yes)
    fi
    if [[ -n $KLDLOAD_EXPORT_SCP_KEY ]]; then
        scp_options+=(-i "$KLDLOAD_EXPORT_SCP_KEY" -o IdentitiesOnly=yes -o BatchMode=yes)
    else
        scp_options+=(-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 -o "PreferredAuthentications=password,keyboard-interactive")
        # ssh asks this program, which has it from a file in memory that root alone can read.
        (umask 077 && printf '%s\n' "$KLDLOAD_EXPORT_SCP_PASSWORD" > "$scp_work/password")
    fi
    scp_options+=("$host")
}

scp_end() { rm -rf "$scp_work"; }

# scp_there COMMAND: by a shell at the other end. What it or ssh complains of is in scp_work/said.
scp_there() {
    # shellcheck disable=SC2029  # made here, and quoted for there
    KLDLOAD_SCP_PASSWORD_FILE=$scp_work/password SSH_ASKPASS=$scp_lib/askpass SSH_ASKPASS_REQUIRE=force ssh "${scp_options[@]}" "$1" 2> "$scp_work/said"
}

# Beside what went wrong, dd says how much it has copied.
# shellcheck disable=SC2016  # of sed
scp_said() { sed -n '/ records \(in\|out\)$\| copied, /!h; ${g; p}' "$scp_work/said"; }

# scp_quoted TEXT: as a shell takes it, whichever.
scp_quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

scp_judge() {
    local folder file=$scp_work/known_hosts
    folder=$(scp_quoted "$KLDLOAD_EXPORT_SCP_PATH")
    # Where / is not writable, it can be made in it all the same.
    scp_there "test -d $folder && test -w $folder && type sha256sum stat > /dev/null" \
        || fail "KLDLOAD_EXPORT_SCP_HOST=$KLDLOAD_EXPORT_SCP_HOST takes nothing into $KLDLOAD_EXPORT_SCP_PATH: $(scp_reason)"
    if [[ -z $KLDLOAD_EXPORT_SCP_HOSTKEY ]]; then
        say "$KLDLOAD_EXPORT_SCP_HOST was trusted because it answered first: $(ssh-keygen -l -f "$file" | cut -d' ' -f2,4)"
    fi
}

scp_reason() {
    local said
    said=$(scp_said)
    printf '%s' "${said:-there is no such folder, it can not be written to, or there is no sha256sum}"
}

# scp_size PATH: of what is there already; nothing where the other end can't be asked.
scp_size() { scp_there "if test -e $1; then stat -c %s $1; else echo 0; fi" || :; } # asked again

# scp_fill FILE PART TOTAL: until all of it is there. It is written at the place where it belongs, and not behind what is there: what an earlier
# connection has still on its way may arrive after that was asked.
scp_block=65536
scp_fill() {
    local size tries=0 last=-1 from sent
    while :; do
        size=$(scp_size "$2")
        sent=no
        if [[ $size =~ ^[0-9]+$ ]]; then
            if ((size == $3)); then return; fi
            if ((size > last)); then tries=0 last=$size; fi
            say "${1##*/}: $((size >> 20)) of $(($3 >> 20)) MiB are at $KLDLOAD_EXPORT_SCP_HOST"
            from=$((size / scp_block))
            # What is longer is no beginning of it.
            if ((size > $3)); then from=0; fi
            if tail --bytes=+$((from * scp_block + 1)) "$1" | scp_there "umask 077; $( ((from)) || echo "rm -f $2;") exec dd bs=$scp_block seek=$from conv=notrunc of=$2"; then
                sent=yes
            fi
        fi
        if ((tries >= ${#scp_waits[@]})); then
            fail "${1##*/} is not at $KLDLOAD_EXPORT_SCP_HOST, $((last >> 20)) of $(($3 >> 20)) MiB are: $(scp_said)"
        fi
        if [[ $sent == no ]]; then
            say "the copy to $KLDLOAD_EXPORT_SCP_HOST broke off: $(scp_said); it goes on in ${scp_waits[tries]} s"
            sleep "${scp_waits[tries]}"
        fi
        tries=$((tries + 1))
    done
}

scp_send() {
    local file=$1 name=${1##*/} part there total digest other attempt
    total=$(stat --format=%s "$file")
    digest=$(sha256sum "$file")
    digest=${digest%% *}
    there=$(scp_quoted "${KLDLOAD_EXPORT_SCP_PATH%/}/$name")
    part=$(scp_quoted "${KLDLOAD_EXPORT_SCP_PATH%/}/.$name.part")
    # What is there may be the beginning of another image; then all is sent anew, once.
    for attempt in 1 2; do
        scp_fill "$file" "$part" "$total"
        other=$(scp_there "sha256sum < $part") || fail "$name can't be compared at $KLDLOAD_EXPORT_SCP_HOST: $(scp_said)"
        if [[ ${other%% *} == "$digest" ]]; then break; fi
        scp_there "rm -f $part" || : # it is said anyway
        if ((attempt == 2)); then fail "what arrives at $KLDLOAD_EXPORT_SCP_HOST is not what is sent: ${other%% *}, not $digest"; fi
        say "what is at $KLDLOAD_EXPORT_SCP_HOST is another image: all is sent anew"
    done
    scp_there "mv -f $part $there && echo $digest\\ \\ $(scp_quoted "$name") > $there.sha256" || fail "$name can't be named at $KLDLOAD_EXPORT_SCP_HOST: $(scp_said)"
    say "$KLDLOAD_EXPORT_SCP_HOST has ${KLDLOAD_EXPORT_SCP_PATH%/}/$name, $((total >> 20)) MiB, sha256 $digest"
}
