"""A snapshot of the boot environment before each transaction of dnf 4 that changes something; see kpkg(8).

The installer links this into the folder of dnf's plugins. It keeps no transaction from going on.
"""
import os
import subprocess

import dnf

HOOK = os.environ.get("KLDLOAD_TRANSACTION_HOOK", "/usr/lib/kldload/transaction-hook")


class Kldload(dnf.Plugin):
    name = "kldload"

    def _hook(self, when):
        # Another root is another machine's business.
        if self.base.conf.installroot != "/" and "KLDLOAD_TRANSACTION_HOOK" not in os.environ:
            return
        try:
            subprocess.run([HOOK, when, "dnf", str(os.getpid())], stdin=subprocess.DEVNULL, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            print("kldload: no snapshot was taken:", error)

    def pre_transaction(self):
        if self.base.transaction and len(self.base.transaction) > 0:
            self._hook("before")

    def transaction(self):
        self._hook("after")
