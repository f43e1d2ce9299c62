# shellcheck shell=bash disable=SC2154
# RPM repositories: BENCH_RPM names folders with repodata, separated by blanks, in the order in which dnf is to have them;
# BENCH_RPM_NAMES what to resolve. dnf has copies of them as file://, and an empty root.

read -ra rpm_folders <<<"${BENCH_RPM:?rpm needs BENCH_RPM, folders with repodata}"
read -ra rpm_names <<<"${BENCH_RPM_NAMES:-httpd nginx podman tuned}"
for program in dnf rpmmd2solv installcheck gzip; do
    command -v "$program" >/dev/null || die "rpm needs $program: apt-get install dnf libsolv-tools gzip"
done
need_benchmarks

rpm=$work/rpm
mkdir -- "$rpm" "$rpm/root"
printf '%s\n' "${rpm_names[@]}" >"$rpm/names"
{
    printf '[main]\nreposdir=/dev/null\npluginpath=/nonexistent\ncachedir=%s\nlogdir=%s\npersistdir=%s\n' \
        "$rpm/cache" "$rpm" "$rpm/state"
    printf 'gpgcheck=0\nzchunk=0\nmodule_platform_id=platform:el9\ninstall_weak_deps=0\n'
} >"$rpm/dnf.conf"
primaries=()
for folder in "${rpm_folders[@]}"; do
    name=$(basename -- "$folder")
    mkdir -p -- "$rpm/mirror/$name"
    cp -r -- "$folder/repodata" "$rpm/mirror/$name/"
    chmod -R u+w -- "$rpm/mirror/$name"
    # Data that are named and are not there are left out: dnf would look for them.
    python3 - "$rpm/mirror/$name" <<'PY'
import os, re, sys
path = sys.argv[1] + "/repodata/repomd.xml"
text = open(path).read()
for block in re.findall(r"  <data type=.*?</data>\n", text, re.DOTALL):
    if not os.path.exists(sys.argv[1] + "/" + re.search(r'<location href="([^"]+)"', block)[1]):
        text = text.replace(block, "")
open(path, "w").write(text)
PY
    printf '[%s]\nname=%s\nbaseurl=file://%s\n' "$name" "$name" "$rpm/mirror/$name" >>"$rpm/dnf.conf"
    primaries+=("$(find "$rpm/mirror/$name" -name '*primary.xml.gz')")
done
dnf=(dnf -q --assumeno --config "$rpm/dnf.conf" --installroot "$rpm/root" --releasever 9 --forcearch x86_64)
# dnf ends with status 1 where it was told to assume no.
ask_dnf="${dnf[*]} install ${rpm_names[*]} || test \$? = 1"

title "RPM: ${rpm_folders[*]##*/}"
measure --rounds "$(rounds 7)" \
    "from the .gz to a table" '' "$benchmarks rpm-table ${rpm_folders[*]}" \
    "gzip -dc" '' "gzip -dc ${primaries[*]} >/dev/null" \
    "gzip -dc, rpmmd2solv" '' "for file in ${primaries[*]}; do gzip -dc \$file | rpmmd2solv; done >/dev/null"
"$benchmarks" rpm-parsed "$rpm/cache.table" "${rpm_folders[@]}" >/dev/null
for primary in "${primaries[@]}"; do gzip -dc "$primary" | rpmmd2solv >"$primary.solv"; done
measure --rounds "$(rounds 11)" \
    "a universe from what was parsed before" '' "$benchmarks rpm-parsed $rpm/cache.table ${rpm_folders[*]}" \
    "nothing: the program alone" '' "$benchmarks || test \$? != 0"
measure --rounds "$(rounds 7)" \
    "${#rpm_names[@]} names resolved, from what was parsed before" '' \
    "$benchmarks rpm-solve depends $rpm/names $rpm/cache.table ${rpm_folders[*]}" \
    "dnf --assumeno install, warm" '' "$ask_dnf"
measure --rounds "$(rounds 3)" --warmups 0 \
    "every package checked" '' "$benchmarks rpm-check $rpm/cache.table ${rpm_folders[*]}" \
    "libsolv's installcheck" '' "installcheck x86_64 ${primaries[*]/%/.solv} >/dev/null || test \$? = 1"
