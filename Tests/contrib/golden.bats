#!/usr/bin/env bats
# The templates around golden images in contrib: what their own tools say of them, where those are to be had; nothing is applied.
#
#   bats Tests/contrib/golden.bats
# bats file_tags=network
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # what stands in single quotes is looked for; bats sets output and stderr
bats_require_minimum_version 1.5.0

setup_file() {
    contrib=$(realpath "$BATS_TEST_DIRNAME/../../contrib")
    python=$BATS_FILE_TMPDIR/python/bin
    export contrib python
    python3 -m venv "$BATS_FILE_TMPDIR/python"
    "$python/pip" --quiet --disable-pip-version-check install python-hcl2 ansible-core check-jsonschema 1>&2
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_FILE_TMPDIR/key"
    echo KLDLOAD_SEAL=1 > "$BATS_FILE_TMPDIR/answers.env"
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "every template of Packer and Terraform can be parsed, and says of each variable what it is" {
    "$python/python3" - "$contrib"/packer/*.hcl "$contrib"/terraform/*/*.tf << 'END'
import sys

import hcl2

assert len(sys.argv) == 9, sys.argv
for path in sys.argv[1:]:
    with open(path) as file:
        document = hcl2.load(file)
    declared = {name.strip('"'): fields for block in document["variable"] for name, fields in block.items()}
    for name, fields in declared.items():
        assert fields.get("description") and fields.get("type"), f"{path}: {name}"
    text = open(path).read()
    for name in declared:
        assert f"var.{name}" in text, f"{path}: nothing reads {name}"
    for fields in (block for block in document.get("resource", [])):
        assert fields, path
END
}

@test "Packer takes its templates" {
    type -P packer > /dev/null || skip 'packer is not installed'
    key=$BATS_FILE_TMPDIR/key
    cat > images.pkrvars.hcl << END
images      = { debian = { image = "/tmp/golden.qcow2", install = "apt-get install -y nginx" } }
private_key = "$key"
END
    packer validate -var image=/tmp/golden.qcow2 -var "private_key=$key" "$contrib/packer/golden.pkr.hcl"
    packer validate -var-file=images.pkrvars.hcl "$contrib/packer/matrix.pkr.hcl"
    packer validate -var iso=/tmp/kldload.iso -var "answers=$BATS_FILE_TMPDIR/answers.env" "$contrib/packer/from-iso.pkr.hcl"
    packer fmt -check "$contrib/packer"
}

@test "each template of Terraform says that it was never applied, and how it is" {
    for file in "$contrib"/terraform/*/main.tf; do
        grep -q '^# Parsed by the tests, never applied by them' "$file"
        grep -q '^#   terraform apply -var' "$file"
    done
    # What cloud-init gets, as Terraform would write it for two keys.
    "$python/python3" - "$contrib/terraform/user-data.tftpl" > user-data << 'END'
import re, sys

text = open(sys.argv[1]).read()
loop = re.search(r"%\{ for key in ssh_keys ~\}\n(.*?)%\{ endfor ~\}\n", text, re.S)
keys = "".join(loop[1].replace("${jsonencode(key)}", f'"ssh-ed25519 {name}"') for name in ["one", "two"])
print(text.replace(loop[0], keys).replace("${hostname}", "app-0"), end="")
END
    run ! grep -F '${' user-data
    schema user-data
}

# cloud_init: where what Debian's package of it has is; it is not installed, for it would start with this machine.
cloud_init() {
    if [[ ! -e $BATS_FILE_TMPDIR/cloud-init/usr ]]; then
        mkdir -p "$BATS_FILE_TMPDIR/cloud-init"
        (cd "$BATS_FILE_TMPDIR/cloud-init" && apt-get download --quiet cloud-init && dpkg -x cloud-init_*.deb .) >&2
    fi
    echo "$BATS_FILE_TMPDIR/cloud-init/usr/lib/python3/dist-packages"
}

# schema FILE…: by cloud-init's own
schema() {
    local file
    for file; do
        [[ $file == *.yaml ]] || { cp "$file" "$file.yaml" && file+=.yaml; }
        "$python/check-jsonschema" --schemafile \
            "$(cloud_init)/cloudinit/config/schemas/schema-cloud-config-v1.json" "$file"
    done
}

@test "the examples are right by cloud-init's own schema, which finds what is wrong" {
    schema "$contrib"/cloud-init/{server,application}.yaml
    printf '#cloud-config\nusers: 7\n' > wrong.yaml
    run ! schema wrong.yaml
}

@test "the network of the examples is one that cloud-init gives systemd-networkd, for a card that there is" {
    network() {
        PYTHONPATH=$(cloud_init) "$python/python3" -c 'import sys, yaml
from cloudinit.net import network_state, networkd
for path in sys.argv[1:]:
    state = network_state.parse_net_config_data(yaml.safe_load(open(path)), renderer=networkd.Renderer())
    print(*networkd.Renderer()._render_content(state).values())' "$@"
    }
    run -0 network "$contrib"/cloud-init/network-*.yaml
    [[ $output == *$'[Match]\nMACAddress='* && $output == *Address=10.0.1.11/24* && $output == *Gateway=10.0.1.1* ]] || { echo "$output" && false; }
    sed 's,to: 0.0.0.0/0,to: default,' "$contrib/cloud-init/network-static.yaml" > wrong.yaml
    run -1 network wrong.yaml
    [[ $output == *'Address default is not a valid ip'* ]]
}

@test "a seed is a volume that cloud-init looks for, with its files, for its owner alone" {
    run -0 "$contrib/cloud-init/make-seed" web-01 "$contrib/cloud-init/server.yaml" "$contrib/cloud-init/network-static.yaml"
    [[ $output == web-01-seed.iso && $(stat -c %a web-01-seed.iso) == 600 && $(blkid -p -o value -s LABEL web-01-seed.iso) == CIDATA ]]
    xorriso -osirrox on -indev web-01-seed.iso -extract / out 2> /dev/null
    cmp out/user-data "$contrib/cloud-init/server.yaml"
    cmp out/network-config "$contrib/cloud-init/network-static.yaml"
    grep -qx 'local-hostname: web-01' out/meta-data
    grep -q '^instance-id: web-01-[0-9]' out/meta-data
    echo 'users: []' > silent.yaml
    run -2 "$contrib/cloud-init/make-seed" web-01 silent.yaml
    [[ $output == *'its first line is neither #cloud-config nor'* ]]
    run -2 "$contrib/cloud-init/make-seed" 'web 01' "$contrib/cloud-init/server.yaml"
    [[ $output == *"'web 01' is no hostname"* ]]
}

@test "Ansible takes the playbooks, and finds the machines by their addresses in WireGuard" {
    export ANSIBLE_HOME=$PWD/ansible ANSIBLE_LOCALHOST_WARNING=false
    "$python/ansible-playbook" --syntax-check -i "$contrib/ansible/inventory.yaml" "$contrib"/ansible/{deploy,rollback}.yaml
    "$python/ansible-inventory" -i "$contrib/ansible/inventory.yaml" --list \
        | jq -e '[._meta.hostvars[].ansible_host] | length == 3 and all(startswith("10.78."))'
}

@test "an application is deployed between two snapshots, and rolled back to the one before; both are refused what they can't do" {
    export ANSIBLE_HOME=$PWD/ansible
    mkdir bin app
    for tool in kst zfs ksnap; do
        printf '%s\n' '#!/bin/bash' "echo \"\${0##*/} \$*\" >> $PWD/calls" "$PWD/$tool \"\$@\"" > "bin/$tool"
        printf '#!/bin/bash\n' > "$tool"
        chmod +x "bin/$tool" "$tool"
    done
    printf '#!/bin/bash\necho rpool/srv/app@ksnap-before-2-20261128T120000Z\n' > ksnap
    echo well > health
    python3 -c '
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_address[1], file=open("port", "w"), flush=True)
server.serve_forever()' > /dev/null 2>&1 3>&- &
    server=$!
    until [[ -s port ]]; do sleep 0.05; done
    port=$(< port)
    printf '#!/bin/bash\nif [[ $* == *snapshot* ]]; then printf "rpool/srv/app@%%s\\n" ksnap-after-2-1 ksnap-before-2-1; else echo rpool/srv/app; fi\n' > zfs
    # What it does on the machine itself is played: no file system and no unit of this one is touched.
    sed -e "s|/srv/app/|$PWD/there/|" -e 's|ansible.builtin.systemd_service:|ansible.builtin.debug:|' -e '/^ *name: "{{ service }}"$/d' \
        -e 's#^\( *\)state: [a-z]*ed$#\1msg: now#' -e "s|http://127.0.0.1:8000/health|http://127.0.0.1:$port/health|" \
        "$contrib/ansible/deploy.yaml" > deploy.yaml
    sed -e 's|ansible.builtin.systemd_service:|ansible.builtin.debug:|' -e '/^ *name: "{{ service }}"$/d' \
        -e 's#^\( *\)state: [a-z]*ed$#\1msg: now#' -e "s|http://127.0.0.1:8000/health|http://127.0.0.1:$port/health|" \
        "$contrib/ansible/rollback.yaml" > rollback.yaml
    mkdir there && echo one > app/file
    play() {
        PATH=$PWD/bin:$PATH "$python/ansible-playbook" -i web-01, -c local -e ansible_python_interpreter="$python/python3" \
            "$@"
    }
    sed -i 's/hosts: web/hosts: all/' deploy.yaml rollback.yaml
    run -0 play deploy.yaml -e version=2 -e source="$PWD/app"
    cmp app/file there/file
    [[ $(cat calls) == 'kst --json
zfs list -H -o name
ksnap take rpool/srv/app -m before-2
ksnap take rpool/srv/app -m after-2' ]]
    run ! play deploy.yaml -e source="$PWD/app"
    : > calls
    run -0 play rollback.yaml
    [[ $(tail -n 1 calls) == 'ksnap rollback rpool/srv/app@ksnap-before-2-1 --yes' ]]
    run ! play rollback.yaml -e snapshot=rpool/srv/app@nothing
    [[ $output == *'has no snapshot rpool/srv/app@nothing'* ]]
}

teardown() { if [[ -n ${server:-} ]]; then kill "$server"; fi; }

@test "test-golden-image is asked rightly, or says what is wrong" {
    run -2 "$contrib/test-golden-image"
    [[ $output == *'name an image'* ]]
    run -2 "$contrib/test-golden-image" nothing.qcow2
    [[ $output == *'there is no image nothing.qcow2'* ]]
    touch golden.ova golden.qcow2
    run -2 "$contrib/test-golden-image" golden.ova
    [[ $output == *'of an OVA, tar has the .vmdk'* ]]
    KLDLOAD_ACCEL=fast run -2 "$contrib/test-golden-image" golden.qcow2
    [[ $output == *'KLDLOAD_ACCEL is kvm or tcg'* ]]
    run -2 "$contrib/test-golden-image" golden.qcow2 --memory much
    [[ $output == *'take numbers'* ]]
    run -0 "$contrib/test-golden-image" --help
    [[ $output == *'"FAILED WHAT: WHY"'* && $output != *shellcheck* ]]
}

@test "an image that does not start fails within its time, with the console's last words, and the image is what it was" {
    qemu-img create -q -f qcow2 empty.qcow2 1G
    sum=$(sha256sum < empty.qcow2)
    KLDLOAD_ACCEL=tcg run -1 "$contrib/test-golden-image" empty.qcow2 --timeout 45 --console console
    [[ ${lines[0]} == 'empty.qcow2, by tcg, on a disk of 9 GiB'* ]]
    [[ ${lines[1]} == 'FAILED SSH answers, with the key that the seed brought: SSH did not answer within 45 s; the console: '* ]]
    [[ ${lines[-1]} == '0 passed, 1 failed' && $(sha256sum < empty.qcow2) == "$sum" ]]
    run ! pgrep -f "$BATS_TEST_TMPDIR"
    # The matrix tells of each.
    KLDLOAD_ACCEL=tcg run -1 "$contrib/test-golden-images" empty.qcow2 nothing.qcow2 -- --timeout 5
    [[ ${lines[-2]} == FAILED*empty.qcow2 && ${lines[-1]} == FAILED*nothing.qcow2 ]]
}

@test "the list that a loop around it reads is left alone" {
    # As ssh does, unless it is told not to.
    printf '#!/bin/bash\nif [[ " $* " != *" -n "* ]]; then cat > /dev/null; fi\n' > ssh
    chmod +x ssh
    qemu-img create -q -f qcow2 empty.qcow2 1G
    {
        PATH=$PWD:$PATH KLDLOAD_ACCEL=tcg "$contrib/test-golden-image" empty.qcow2 --timeout 3 > said || :  # nothing is as it must be
        read -r left
    } <<< 'the next one'
    grep -q '^ok SSH answers' said
    [[ $left == 'the next one' ]]
}

@test "a signal ends it at once, with its machine, and nothing of it stays" {
    qemu-img create -q -f qcow2 empty.qcow2 1G
    KLDLOAD_ACCEL=tcg TMPDIR=$PWD "$contrib/test-golden-image" empty.qcow2 --console console > said 2>&1 3>&- &
    pid=$!
    until pgrep -f "$PWD/test-golden-image.*/disk.qcow2" > /dev/null; do sleep 0.2; done
    sleep 3
    kill -TERM "$pid"
    begun=$SECONDS
    wait "$pid" || status=$?
    ((status == 130 && SECONDS - begun < 4))
    run ! pgrep -f "$PWD/test-golden-image"
    run ! compgen -G "$PWD/test-golden-image.*"
}
