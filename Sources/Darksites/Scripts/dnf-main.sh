# shellcheck shell=bash
# Stands before the scripts that run dnf, as one script with each.

# dnf_main WORK PLATFORM: the main section of a dnf.conf(5) with which dnf reads nothing of this system's and writes below WORK.
# Since 4.19, dnf reads the lists of files only where it is told to; packages may require files that primary.xml has not.
dnf_main() {
    cat << END_OF_MAIN
[main]
reposdir=/nonexistent
varsdir=/nonexistent
plugins=0
cachedir=$1/cache
logdir=$1
persistdir=$1/state
module_platform_id=platform:$2
install_weak_deps=0
optional_metadata_types=filelists
best=1
gpgcheck=0
END_OF_MAIN
}
