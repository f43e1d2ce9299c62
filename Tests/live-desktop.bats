#!/usr/bin/env bats
# The page on the live system's own screen: what its unit starts, without a screen. Tests/boot/live-desktop has one.
# shellcheck disable=SC2016  # the stubs expand it
bats_require_minimum_version 1.5.0

setup() {
    live=$BATS_TEST_DIRNAME/../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin folder
    export PATH="$PWD/bin:$PATH" RUNTIME_DIRECTORY=$PWD/folder KLDLOAD_CMDLINE=$PWD/words KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer
    echo 'boot=live quiet' > words
    stub kldload-webui 'echo "$*" > webui-said; echo AB2C-D3EF'
    stub cage 'printf "%s\n" "$@" > arguments; env > environment'
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

desktop() { run "$live/usr/lib/kldload/desktop" "$@"; }

@test "the browser's profile has a code of its own, and belongs to the service's user alone" {
    if [ "$(id -u)" -eq 0 ]; then chown 12345:12345 folder; fi
    desktop prepare
    [ "$status" -eq 0 ] && [ -z "$output" ]
    [ "$(cat webui-said)" = 'code --screen' ]
    grep -qxF 'user_pref("browser.startup.homepage", "http://127.0.0.1:8080/#AB2C-D3EF");' folder/profile/user.js
    # Tab leads through the page alone: the browser takes that file, and all that is around a page is away.
    grep -qxF 'user_pref("toolkit.legacyUserProfileCustomizations.stylesheets", true);' folder/profile/user.js
    grep -qxF '#navigator-toolbox { display: none !important; }' folder/profile/chrome/userChrome.css
    [ "$(stat --format='%a %u %g' folder/profile folder/profile/user.js)" = "700 $(stat --format='%u %g' folder)
600 $(stat --format='%u %g' folder)" ]
}

@test "without a code nothing is started, and it fails" {
    stub kldload-webui 'exit 1'
    desktop prepare
    [ "$status" -ne 0 ]
    [ ! -e folder/profile ]
}

@test "the browser is started in its profile, and no argument has the code" {
    desktop prepare
    desktop show
    [ "$status" -eq 0 ]
    grep -qx -- firefox-esr arguments
    grep -qxF -- "$PWD/folder/profile" arguments
    run ! grep -q AB2C arguments environment
    grep -qx WLR_RENDERER=pixman environment
    run ! grep -q XKB_ environment
}

@test "kldload.keyboard is the layout that is typed in, where there is such a one" {
    local word layout variant
    for word in 'de de -' 'ch(fr) ch fr'; do
        read -r word layout variant <<< "$word"
        echo "boot=live kldload.keyboard=$word quiet" > words
        desktop show
        grep -qx "XKB_DEFAULT_LAYOUT=$layout" environment
        grep -qx "XKB_DEFAULT_VARIANT=${variant#-}" environment
    done
    echo 'boot=live kldload.keyboard=;reboot' > words
    desktop show
    [ "$status" -eq 0 ]
    [[ $output == *'there is no keyboard layout ;reboot'* ]]
    run ! grep -q XKB_ environment
}

@test "the unit is for images that have the browser, and systemd has nothing against it" {
    type -P systemd-analyze > /dev/null || skip "no systemd-analyze"
    local unit=$live/usr/lib/systemd/system/kldload-desktop.service
    [ "$(readlink "$live/etc/systemd/system/multi-user.target.wants/kldload-desktop.service")" = "${unit#"$live"}" ]
    grep -qx ConditionPathExists=/usr/bin/cage "$unit"
    # Its programs are another machine's; the rest is judged.
    sed -E 's#^(Exec[A-Za-z]*=\+?)/[^ ]*#\1/bin/true#; /^(Requires|Wants|After)=/d' "$unit" > kldload-desktop.service
    run systemd-analyze verify --man=no "$PWD/kldload-desktop.service"
    echo "$output"
    [[ $output != *kldload-desktop* ]]
    jq --exit-status '.policies.WebsiteFilter.Exceptions == ["http://127.0.0.1/*"]' "$live/etc/firefox/policies/policies.json"
}
