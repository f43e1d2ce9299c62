# shellcheck shell=sh
# Whoever logs in at the live system learns how it is installed.
if [ -t 1 ]; then
    echo "kldload-setup asks what is needed and installs; kldload-install-target --config FILE does it without asking."
fi
