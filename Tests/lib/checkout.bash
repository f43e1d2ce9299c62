# shellcheck shell=bash
# A checkout with little in it, of packages from the real archive.

# small_checkout FOLDER [LINE]: makes it, with LINE in the description of the distribution
small_checkout() {
    mkdir -p "$1/package-sets/debian" "$1/includes"
    cat >"$1/deploy.yaml" <<YAML
version: 1
distributions:
  debian:
    release: "13"
    codename: trixie
    architecture: amd64
    repositories:
      - {name: debian, mirrors: [host], suites: [trixie], components: [main], keyring: /usr/share/keyrings/debian-archive-keyring.gpg}
    profiles: {core: [core]}${2:+
    $2}
live: {distribution: debian, sets: [live], includes: includes}
builder: {distribution: debian, sets: [builder]}
iso: {label: MADE, edition: free, distribution: debian, profile: core, darksites: {debian: [core]}, squashfs-level: 1}
output: {folder: out, keep: 1}
YAML
    echo linux-image-amd64 >"$1/package-sets/debian/live.txt"
    echo bash >"$1/package-sets/debian/core.txt"
    echo apt >"$1/package-sets/debian/builder.txt"
}
