# shellcheck shell=bash disable=SC2154
# Whether every package of the snapshot can be installed; Tests/judges/check-dose compares the answers.
need_mirror
need_questions
need_plain_indexes
read -r distribution architecture < <(awk '$1 == "distribution" { print $2, $3; exit }' "$root/deploy.lock")
inputs=()
for index in "$work"/plain-indexes/*.Packages; do inputs+=("--fg=$index"); done
count=$(sed -n 's/^Package: //p' "$work"/plain-indexes/*.Packages | wc -l)
title "Whether each of $count packages can be installed (under 3 s)"
commands=('deploy check' '' "env DEPLOY_CACHE=$work/store $binary check -C $work/parsed-checkout $distribution")
if command -v dose-debcheck >/dev/null; then
    # It ends with status 1 where something is broken.
    commands+=('dose-debcheck, of the plain text' ''
        "dose-debcheck --failures --deb-native-arch=$architecture --latest=1 ${inputs[*]} || [ \$? = 1 ]")
else
    say 'dose-debcheck is left out: it needs the Debian package dose-distcheck'
fi
measure --rounds "$(rounds 3)" "${commands[@]}"
