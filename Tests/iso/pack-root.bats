#!/usr/bin/env bats
# What of a root must not come into its archive, because it would not be the same everywhere.
#
#   bats Tests/iso/pack-root.bats

setup() {
    bats_require_minimum_version 1.5.0
    root=$BATS_TEST_TMPDIR/root journal=$root/var/log/journal
    mkdir -p "$journal" "$root/etc"
}

# The attributes of FILE, by name.
attributes() { python3 -c 'import os, sys; print(*sorted(os.listxattr(sys.argv[1])))' "$1"; }

@test "the journal's folder keeps its mode, and not its ACL, whose two parts file systems tell in their own order" {
    chmod 2755 "$journal"
    # Version 2; user::rwx group::r-x group:4:r-x mask::r-x other::r-x (linux/posix_acl_xattr.h).
    python3 - "$journal" <<'PYTHON'
import os, struct, sys
entries = [(1, 7, -1), (4, 5, -1), (8, 5, 4), (16, 5, -1), (32, 5, -1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
for part in "access", "default": os.setxattr(sys.argv[1], "system.posix_acl_" + part, acl)
PYTHON
    [[ $(attributes "$journal") == 'system.posix_acl_access system.posix_acl_default' ]]
    SOURCE_DATE_EPOCH=0 bash -euo pipefail -c 'source "$1" && root_forget "$2"' - \
        "$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/pack-root.sh" "$root"
    [[ -z $(attributes "$journal") && $(stat -c %a "$journal") == 2755 && -z $(ls -A "$journal") ]]
}
