# shellcheck shell=bash disable=SC2154
# RPM repositories: BENCH_RPM names folders with repodata, separated by blanks, in the order in which dnf is to have them;
# BENCH_RPM_NAMES what to resolve. dnf has copies of them as file://, and an empty root.

read -ra rpm_folders <<<"${BENCH_RPM:?rpm needs BENCH_RPM, folders with repodata}"
read -ra rpm_names <<<"${BENCH_RPM_NAMES:-httpd nginx podman tuned}"
for program in dnf rpmmd2solv installcheck gzip rpmbuild createrepo_c; do
    command -v "$program" >/dev/null || die "rpm needs $program: apt-get install dnf libsolv-tools gzip rpm createrepo-c"
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
    "nothing: the program alone" '' "$benchmarks nothing"
measure --rounds "$(rounds 7)" \
    "${#rpm_names[@]} names resolved, from what was parsed before" '' \
    "$benchmarks rpm-solve depends $rpm/names $rpm/cache.table ${rpm_folders[*]}" \
    "dnf --assumeno install, warm" '' "$ask_dnf"
measure --rounds "$(rounds 3)" --warmups 0 \
    "every package checked" '' "$benchmarks rpm-check $rpm/cache.table ${rpm_folders[*]}" \
    "libsolv's installcheck" '' "installcheck x86_64 ${primaries[*]/%/.solv} >/dev/null || test \$? = 1"

# A mirror's metadata, for as many packages as a server has: made up ones, with the relations and files of small real ones.
# createrepo_c opens every package, unless it is told to take what it wrote before for those of the same size and date; we
# write from upstream's records, and a gate has createrepo_c look at the packages.
rpm_count=${BENCH_RPM_COUNT:-2000}
mkdir -- "$rpm/spec"
python3 - "$rpm/spec" "$rpm_count" <<'PY'
import os, sys
folder, count = sys.argv[1], int(sys.argv[2])
spec = open(f"{folder}/made.spec", "w")
spec.write("Name: made\nVersion: 1\nRelease: 1\nSummary: made\nLicense: MIT\nAutoReqProv: no\n%description\nmade\n")
for n in range(count):
    spec.write(f"""%package -n package-{n}
Version: {n}.{n % 7}
Summary: package {n}
Requires: package-{n % 97} >= 1, /usr/bin/tool-{n % 50}, (one if two), libx.so.{n}()(64bit), config(package-{n}) = 1
Provides: lib{n}.so.1()(64bit), virtual({n}) = 2
Obsoletes: old-{n} < 2
%description -n package-{n}
A text of some length about package {n}, as packages have one, with <tags> & more.
And a second line of it, which says no more than the first one did before.
%files -n package-{n}
/usr/share/made/{n}
""")
    os.makedirs(f"{folder}/tree/usr/share/made/{n}")
    for file in range(12):
        open(f"{folder}/tree/usr/share/made/{n}/file-number-{file}.txt", "w").write(f"{n} {file}\n" * 20)
spec.write(f"%install\ncp -a {folder}/tree/. %{{buildroot}}/\n")
PY
rpmbuild -bb --quiet --define "_topdir $rpm/spec/top" --define "_rpmdir $rpm/made" --define 'debug_package %{nil}' \
    --define '__os_install_post %{nil}' --define '_build_id_links none' --define '_binary_payload w3.zstdio' \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' "$rpm/spec/made.spec" >"$rpm/spec/log" 2>&1 \
    || { tail -n 5 "$rpm/spec/log" >&2 && die "rpmbuild failed"; }
create=(createrepo_c --quiet --no-database --general-compress-type gz)
"${create[@]}" "$rpm/made"
title "RPM: metadata of $rpm_count packages"
measure --rounds "$(rounds 5)" \
    "from upstream's records" "rm -rf $rpm/ours" "$benchmarks repodata $rpm/made $rpm/ours" \
    "createrepo_c --update" '' "${create[*]} --update $rpm/made" \
    "createrepo_c" "rm -rf $rpm/theirs; mkdir $rpm/theirs" "${create[*]} --outputdir $rpm/theirs $rpm/made"
# What is measured is right: dnf, too, finds the same packages and relations in both.
for each in made ours; do
    dnf -q --config "$rpm/dnf.conf" --installroot "$rpm/root" --releasever 9 --forcearch x86_64 --repofrompath="$each,file://$rpm/$each" \
        --repo="$each" repoquery --queryformat '%{name}-%{evr}.%{arch} %{requires} %{provides} %{obsoletes}\n' | sort >"$rpm/$each.query"
done
cmp -- "$rpm/made.query" "$rpm/ours.query" || die "the metadata that we write are others than createrepo_c's"
