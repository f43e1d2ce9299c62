# shellcheck shell=bash disable=SC2154
# Twenty installations by a fleet, simulated: the graph is that of Debian with all its profiles, as the lock knows them; the times are
# those of the store's records. Nothing is built.
title 'Five distributions with four profiles on 1 to 16 machines: a simulation, in seconds'
copy fleet
sed -i -E 's/^( +gates: \{install: ).*/\1[core, server, desktop, kvm]}/; s/^(    debian: ).*/\1[core, server, desktop, kvm]/; s/^(  systems: ).*/\1[core, server, desktop, kvm]/' \
    "$work/fleet/deploy.yaml"
[[ -d $work/store ]] || link_store "$store" "$work/store"
DEPLOY_CACHE=$work/store "$binary" graph -C "$work/fleet" --json >"$work/fleet/graph.json"
"$bench/fleet" "$work/fleet/graph.json" "$store" >"$work/fleet/table" 2>"$work/fleet/remarks" || die "$(<"$work/fleet/remarks")"
sed -e 's/\t/ | /g; s/^/| /; s/$/ |/' -e '1a |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|' "$work/fleet/table"
printf '\n%s\n' "$(<"$work/fleet/remarks")"
cp -- "$work/fleet/table" "$bench/fleet.tsv"
cut -f1-4 "$work/fleet/table" | "$bench/plot" --machines 'Twenty installations and their image: a simulation' >"$bench/fleet.svg"
