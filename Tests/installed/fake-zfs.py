#!/usr/bin/env python3
"""The programs of a pool that is not there: zfs, zpool, findmnt, mount, umount, mountpoint; and `fake`, by which a test changes the rest.

What a file system holds is a folder: where it is mounted while it is mounted, below $FAKE_ZFS/data otherwise. A snapshot is a copy of
that. /, as the property mountpoint has it, is $FAKE_ROOT: zfs says /home, and findmnt says where that is.
Only what the tools use is here, with the words and the statuses of the real programs.
"""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time

HOME = os.environ["FAKE_ZFS"]
ROOT = os.environ["FAKE_ROOT"]
STATE = os.path.join(HOME, "state.json")
INHERITED = {"mountpoint": "none", "compression": "lz4", "readonly": "off", "snapdir": "hidden", "atime": "on", "sync": "standard"}
DEFAULTS = {
    "used": "98304", "available": "1073741824", "referenced": "98304", "usedbysnapshots": "0", "usedbychildren": "0",
    "usedbydataset": "98304", "usedbyrefreservation": "0", "quota": "0", "refquota": "0", "reservation": "0", "refreservation": "0",
    "compressratio": "1.00", "refcompressratio": "1.00", "written": "0", "logicalused": "98304", "logicalreferenced": "98304",
    "canmount": "on", "encryption": "off", "encryptionroot": "-", "keystatus": "-", "keylocation": "none", "defer_destroy": "off",
    "recordsize": "131072", "receive_resume_token": "-", "origin": "-", "volsize": "-",
    "relatime": "on", "devices": "on", "exec": "on", "setuid": "on", "nbmand": "off", "encroot": "-",
    "normalization": "none", "utf8only": "off", "casesensitivity": "sensitive",
}
SHORT = {"avail": "available", "refer": "referenced", "usedsnap": "usedbysnapshots", "usedchild": "usedbychildren",
         "usedds": "usedbydataset", "ratio": "compressratio", "compress": "compression", "rdonly": "readonly"}
POOL_DEFAULTS = {"size": "10737418240", "allocated": "1073741824", "free": "9663676416", "fragmentation": "3", "capacity": "10",
                 "health": "ONLINE", "bootfs": "-", "guid": "1234567890123456789", "readonly": "off", "dedupratio": "1.00",
                 "altroot": "-", "cachefile": "-", "compatibility": "off", "autotrim": "on", "checkpoint": "-", "leaked": "0",
                 "freeing": "0", "expandsize": "-", "version": "-", "failmode": "wait"}
POOL_SHORT = {"alloc": "allocated", "frag": "fragmentation", "cap": "capacity", "dedup": "dedupratio", "ckpoint": "checkpoint"}
STATUS = """  pool: rpool
 state: ONLINE
  scan: scrub repaired 0B in 00:00:12 with 0 errors on Sun Nov  8 00:24:13 2026
config:

\tNAME        STATE     READ WRITE CKSUM
\trpool       ONLINE       0     0     0
\t  vda2      ONLINE       0     0     0

errors: No known data errors
"""


class Wrong(Exception):
    """What the program says on its way to status 1."""


class Usage(Exception):
    """Status 2: the program does not know what it was told."""


class Pool:
    def __init__(self):
        try:
            with open(STATE) as file:
                self.__dict__.update(json.load(file))
        except FileNotFoundError:
            self.objects, self.mounts, self.pools, self.failures, self.log = {}, [], {}, {}, []
            self.clock, self.txg = None, 1

    def save(self):
        with open(STATE + ".new", "w") as file:
            json.dump(self.__dict__, file)
        os.replace(STATE + ".new", STATE)

    # what there is ----------------------------------------------------------------------------------------------

    def find(self, name):
        if name not in self.objects:
            raise Wrong(f"cannot open '{name}': " + ("snapshot" if "@" in name else "dataset") + " does not exist")
        return self.objects[name]

    def add(self, name, kind, local=None, origin=None):
        if name in self.objects:
            raise Wrong(f"cannot create '{name}': dataset already exists")
        parent = name.split("@")[0] if "@" in name else name.rpartition("/")[0]
        if parent and parent not in self.objects:
            raise Wrong(f"cannot create '{name}': parent does not exist")
        if any(not (c.isascii() and (c.isalnum() or c in "-_.: /@")) for c in name):
            raise Wrong(f"cannot create '{name}': invalid character in name")
        if len(name) > 255:
            raise Wrong(f"cannot create '{name}': name is too long")
        self.txg += 1
        self.objects[name] = {"type": kind, "local": dict(local or {}), "creation": self.now(), "txg": self.txg, "origin": origin,
                              "guid": str(10**12 + self.txg), "holds": {}}
        os.makedirs(self.data(name), exist_ok=True)
        return self.objects[name]

    def now(self):
        return int(time.time()) if self.clock is None else self.clock

    def data(self, name):
        return os.path.join(HOME, "data", self.objects[name]["guid"])

    def snapshots(self, name):
        found = [n for n in self.objects if n.startswith(name + "@")]
        return sorted(found, key=lambda n: self.objects[n]["txg"])

    def below(self, name):
        """It and its children, without snapshots."""
        return sorted(n for n in self.objects if "@" not in n and (n == name or n.startswith(name + "/")))

    def clones(self, snapshot):
        return sorted(n for n, o in self.objects.items() if o["origin"] == snapshot)

    # properties -------------------------------------------------------------------------------------------------

    def property(self, name, key):
        """(value, source)"""
        key = SHORT.get(key, key)
        thing = self.objects[name]
        if key in thing["local"]:
            return thing["local"][key], "local" if ":" in key or key in INHERITED or key == "canmount" else "-"
        special = {
            "name": lambda: name, "type": lambda: thing["type"], "creation": lambda: str(thing["creation"]),
            "createtxg": lambda: str(thing["txg"]), "guid": lambda: thing["guid"], "userrefs": lambda: str(len(thing["holds"])),
            "mounted": lambda: "yes" if self.target(name) else "no", "origin": lambda: thing["origin"] or "-",
            "clones": lambda: ",".join(self.clones(name)), "objsetid": lambda: str(thing["txg"]),
        }
        if "@" in name and key in ("mountpoint", "canmount", "mounted", "origin", "quota", "available", "usedbysnapshots",
                                   "usedbychildren", "usedbydataset", "snapdir", "readonly"):
            return "-", "-"
        if "@" in name and key == "used":
            return "0", "-"
        if "@" not in name and key in ("userrefs", "clones", "defer_destroy"):
            return "-", "-"
        if key in special:
            return special[key](), "-"
        if key == "usedbysnapshots":
            return str(sum(int(self.property(n, "used")[0]) for n in self.snapshots(name))), "-"
        if ":" in key or key in INHERITED:
            parent = name.split("@")[0] if "@" in name else name.rpartition("/")[0]
            if parent:
                value, source = self.property(parent, key)
                if value != "-" and key == "mountpoint" and source not in ("default",) and value not in ("none", "legacy"):
                    value = value.rstrip("/") + "/" + name.rpartition("/")[2]
                if source == "local":
                    source = "inherited from " + parent
                return value, source
            return INHERITED.get(key, "-"), "default" if key in INHERITED else "-"
        if key.startswith("written@"):
            if name + "@" + key[8:] not in self.objects:
                return "-", "-"
            return "0", "-"
        if key in DEFAULTS:
            return DEFAULTS[key], "default" if key in ("canmount", "quota") else "-"
        raise Usage(f"bad property list: invalid property '{key}'")

    # mounts and contents ----------------------------------------------------------------------------------------

    def target(self, name):
        for mount in reversed(self.mounts):
            if mount["source"] == name and mount["type"] == "zfs":
                return mount["target"]
        return None

    def place(self, name):
        """Where what it holds is now."""
        return self.target(name) if "@" not in name and self.target(name) else self.data(name)

    def mount(self, name, target=None):
        if self.target(name):
            raise Wrong(f"cannot mount '{name}': filesystem already mounted")
        if target is None:
            value = self.property(name, "mountpoint")[0]
            if value in ("none", "legacy"):
                raise Wrong(f"cannot mount '{name}': {'no' if value == 'none' else 'legacy'} mountpoint set")
            altroot = self.pools[name.split("/")[0]].get("altroot")
            target = (altroot + value).rstrip("/") if altroot else physical(value)
        os.makedirs(target, exist_ok=True)
        move_in(self.data(name), target)
        self.mounts.append({"source": name, "target": target, "type": "zfs"})
        for snapshot in self.snapshots(name):
            self.show(snapshot)

    def show(self, snapshot):
        target = self.target(snapshot.split("@")[0])
        if target:
            folder = os.path.join(target, ".zfs", "snapshot", snapshot.split("@")[1])
            copy_tree(self.data(snapshot), folder)

    def unmount(self, name):
        target = self.target(name)
        if not target:
            raise Wrong(f"cannot unmount '{name}': not currently mounted")
        if any(m["target"].startswith(target + "/") for m in self.mounts):
            raise Wrong(f"cannot unmount '{name}': pool or dataset is busy")
        shutil.rmtree(os.path.join(target, ".zfs"), ignore_errors=True)
        move_in(target, self.data(name))
        self.mounts = [m for m in self.mounts if not (m["source"] == name and m["target"] == target)]

    def nested(self, target):
        """Mounts right below, which are not of what is mounted there."""
        return {m["target"] for m in self.mounts if m["target"].startswith(target.rstrip("/") + "/")}

    def fill(self, snapshot):
        source = self.place(snapshot.split("@")[0])
        copy_tree(source, self.data(snapshot), self.nested(source))
        self.show(snapshot)

    def back(self, name, snapshot):
        place = self.place(name)
        keep = self.nested(place)
        for entry in os.scandir(place):
            if entry.path not in keep and entry.name != ".zfs" and not any(k.startswith(entry.path + "/") for k in keep):
                shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
        copy_tree(self.data(snapshot), place)

    def remove(self, name):
        thing = self.objects[name]
        if "@" in name:
            target = self.target(name.split("@")[0])
            if target:
                shutil.rmtree(os.path.join(target, ".zfs", "snapshot", name.split("@")[1]), ignore_errors=True)
        elif self.target(name):
            self.unmount(name)
        shutil.rmtree(os.path.join(HOME, "data", thing["guid"]), ignore_errors=True)
        del self.objects[name]


def physical(path):
    if path == ROOT or path.startswith(ROOT + "/"):
        return path
    return (ROOT + path).rstrip("/")


def copy_tree(source, target, without=()):
    os.makedirs(target, exist_ok=True)
    subprocess.run(["cp", "-a", "-T", "--", source, target], check=True)
    shutil.rmtree(os.path.join(target, ".zfs"), ignore_errors=True)
    for path in without:
        shutil.rmtree(os.path.join(target, os.path.relpath(path, source)), ignore_errors=True)


def move_in(source, target):
    os.makedirs(target, exist_ok=True)
    shutil.copystat(source, target)
    for name in os.listdir(source):
        if name != ".zfs":
            if os.path.isdir(os.path.join(target, name)) and os.path.isdir(os.path.join(source, name)):
                move_in(os.path.join(source, name), os.path.join(target, name))
                shutil.rmtree(os.path.join(source, name))
            else:
                shutil.move(os.path.join(source, name), os.path.join(target, name))


def options(words, flags, values=""):
    """As getopt(3): ({letter: True or [values]}, the rest)"""
    found, rest, words = {}, [], list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            rest += words
            break
        if word.startswith("-") and len(word) > 1:
            letters = word[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                if letter in values:
                    found.setdefault(letter, []).append(letters or words.pop(0))
                    letters = ""
                elif letter in flags:
                    found[letter] = True
                else:
                    raise Usage(f"invalid option '{letter}'")
        else:
            rest.append(word)
    return found, rest


def assignments(words):
    for word in words:
        if "=" not in word:
            raise Usage(f"missing '=' for property=value argument: {word}")
    return dict(word.split("=", 1) for word in words)


def select(pool, names, opts, default_types):
    """What `zfs list` and `zfs get` speak about, by their options and names."""
    types = set()
    for word in opts.get("t", []):
        types |= set(word.split(","))
    types = {{"fs": "filesystem", "snap": "snapshot", "vol": "volume"}.get(t, t) for t in types}
    if "all" in types:
        types = {"filesystem", "snapshot", "volume"}
    depth = int(opts["d"][0]) if "d" in opts else (99 if "r" in opts or not names else 0)
    failed, found = [], []
    for name in names or sorted(n for n in pool.objects if "/" not in n and "@" not in n):
        if name not in pool.objects:
            failed.append(f"cannot open '{name}': " + ("snapshot" if "@" in name else "dataset") + " does not exist")
            continue
        if "@" in name:
            found.append(name)
            continue
        wanted = types or default_types
        reach = 1 if depth == 0 and wanted == {"snapshot"} and types else depth
        for each in pool.below(name):
            distance = each.count("/") - name.count("/")
            if distance <= reach and pool.objects[each]["type"] in wanted:
                found.append(each)
            if "snapshot" in wanted and distance + 1 <= reach:
                found += pool.snapshots(each)
    return list(dict.fromkeys(found)), failed


def sort_rows(pool, found, opts_order):
    for letter, key in reversed(opts_order):
        def value(name):
            said = pool.property(name, key)[0] if SHORT.get(key, key) != "name" else name
            return (0, int(said), "") if said.lstrip("-").isdigit() else (1, 0, said)
        found.sort(key=value, reverse=letter == "S")
    return found


def zfs_list(pool, words):
    opts, names = options(words, "Hpr", "otdsS")
    order = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-s", "-S"):
            order.append((word[1], rest.pop(0)))
    found, failed = select(pool, names, opts, {"filesystem", "volume"})
    columns = ",".join(opts.get("o", ["name,used,available,referenced,mountpoint"])).split(",")
    rows = [[pool.property(n, c)[0] for c in columns] for n in sort_rows(pool, found, order)]
    if "H" not in opts and rows:
        print("  ".join(c.upper() for c in columns))
    for row in rows:
        print(("\t" if "H" in opts else "  ").join(row))
    if failed:
        raise Wrong("\n".join(failed))
    if not rows and "H" not in opts:
        print("no datasets available", file=sys.stderr)


def zfs_get(pool, words):
    opts, rest = options(words, "Hpr", "otsd")
    keys, names = rest[0].split(","), rest[1:]
    opts.setdefault("t", []) if "t" in opts else None
    found, failed = select(pool, names, opts, {"filesystem", "volume", "snapshot"} if not names else {"filesystem", "volume"})
    columns = ",".join(opts.get("o", ["name,property,value,source"])).split(",")
    sources = set(",".join(opts.get("s", [])).split(",")) - {""}
    for name in found:
        wanted = keys if keys != ["all"] else sorted(set(DEFAULTS) | set(INHERITED) | set(pool.objects[name]["local"]))
        for key in wanted:
            value, source = pool.property(name, key)
            if sources and source.split(" ")[0] not in sources:
                continue
            print("\t".join({"name": name, "property": SHORT.get(key, key), "value": value, "source": source}[c] for c in columns))
    if failed:
        raise Wrong("\n".join(failed))


def zfs_set(pool, words):
    opts, rest = options([w for w in words], "u")
    if "--" in words:
        raise Usage("invalid option '-'")
    given = assignments([w for w in rest if "=" in w])
    for name in [w for w in rest if "=" not in w]:
        pool.find(name)["local"].update(given)


def zfs_inherit(pool, words):
    opts, (key, *names) = options(words, "rS")
    for name in names:
        pool.find(name)
        for each in pool.below(name) + pool.snapshots(name) if "r" in opts else [name]:
            pool.objects[each]["local"].pop(SHORT.get(key, key), None)


def zfs_create(pool, words):
    opts, (name,) = options(words, "pus", "oVb")
    if "p" in opts:
        if name in pool.objects:
            return
        parts = name.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) not in pool.objects:
                pool.add("/".join(parts[:end]), "filesystem")
    given = assignments(opts.get("o", []))
    pool.add(name, "volume" if "V" in opts else "filesystem", given)
    if "V" not in opts and "u" not in opts:
        mount_if_meant(pool, name)


def mount_if_meant(pool, name):
    if pool.property(name, "canmount")[0] == "on" and pool.property(name, "mountpoint")[0] not in ("none", "legacy"):
        pool.mount(name)


def zfs_snapshot(pool, words):
    opts, names = options(words, "r", "o")
    given, wanted = assignments(opts.get("o", [])), []
    for name in names:
        if name.count("@") != 1:
            raise Wrong(f"cannot create snapshot '{name}': missing '@' delimiter in snapshot name")
        owner, short = name.split("@")
        if owner not in pool.objects:
            raise Wrong(f"cannot open '{owner}': dataset does not exist")
        wanted += [f"{each}@{short}" for each in (pool.below(owner) if "r" in opts else [owner])]
    # All or none of them.
    for name in wanted:
        if name in pool.objects:
            raise Wrong(f"cannot create snapshot '{name}': dataset already exists\nno snapshots were created")
    for name in wanted:
        pool.add(name, "snapshot", given)
        pool.fill(name)
    for name in wanted:
        pool.objects[name]["txg"] = pool.txg


def snapshots_meant(pool, name, recursive):
    owner, words = name.split("@", 1)
    found = []
    for word in words.split(","):
        for each in pool.below(owner) if recursive else [owner]:
            there = [n.split("@")[1] for n in pool.snapshots(each)]
            if "%" in word:
                first, last = word.split("%")
                start = there.index(first) if first else 0
                end = there.index(last) if last else len(there) - 1
                found += [f"{each}@{n}" for n in there[start:end + 1]]
            elif word in there:
                found.append(f"{each}@{word}")
    if owner not in pool.objects or not found:
        raise Wrong(f"could not find any snapshots to destroy; check snapshot names.")
    return found


def zfs_destroy(pool, words):
    opts, (name,) = options(words, "rRfnpvd")
    if "@" in name:
        doomed = snapshots_meant(pool, name, "r" in opts or "R" in opts)
    else:
        pool.find(name)
        doomed = [s for each in reversed(pool.below(name)) for s in pool.snapshots(each) + [each]]
        if len(doomed) > 1 and not ("r" in opts or "R" in opts):
            raise Wrong(f"cannot destroy '{name}': filesystem has children\nuse '-r' to destroy the following datasets:\n" + "\n".join(doomed[:-1]))
    for each in doomed:
        if pool.objects[each]["holds"] and "d" not in opts:
            raise Wrong(f"cannot destroy snapshot {each}: it's being held. Run 'zfs holds -r {each}' to see holders.")
        others = [c for c in pool.clones(each) if c not in doomed]
        if others and "R" not in opts:
            raise Wrong(f"cannot destroy '{each}': snapshot has dependent clones\nuse '-R' to destroy the following datasets:\n" + "\n".join(others))
        if pool.target(each) == ROOT or any(m["target"].startswith((pool.target(each) or "\0") + "/") for m in pool.mounts
                                            if m["source"] not in doomed):
            raise Wrong(f"cannot unmount '{pool.target(each)}': pool or dataset is busy")
    if "n" in opts:
        if "v" in opts:
            for each in doomed:
                print(f"destroy\t{each}" if "p" in opts else f"would destroy {each}")
            room = sum(int(pool.property(n, "used")[0]) for n in doomed)
            print(f"reclaim\t{room}" if "p" in opts else f"would reclaim {room}B")
        return
    for each in doomed:
        for clone in pool.clones(each) if "R" in opts else []:
            zfs_destroy(pool, ["-R", clone])
        if each in pool.objects:
            pool.remove(each)


def zfs_rename(pool, words):
    opts, (old, new) = options(words, "rpuf")
    pool.find(old)
    if "@" in old:
        new = old.split("@")[0] + "@" + new.split("@")[-1]
        owners = pool.below(old.split("@")[0]) if "r" in opts else [old.split("@")[0]]
        pairs = [(f"{o}@{old.split('@')[1]}", f"{o}@{new.split('@')[1]}") for o in owners]
    else:
        if new.rpartition("/")[0] not in pool.objects:
            raise Wrong(f"cannot rename '{old}': parent does not exist")
        pairs = [(n, new + n[len(old):]) for n in pool.objects if n == old or n.startswith((old + "/", old + "@"))]
    for before, after in pairs:
        if after in pool.objects:
            raise Wrong(f"cannot rename '{before}': dataset already exists")
    for before, after in pairs:
        if before in pool.objects:
            targets = pool.target(before.split("@")[0])
            if "@" in before and "@" in old and targets:
                folder = os.path.join(targets, ".zfs", "snapshot")
                os.rename(os.path.join(folder, before.split("@")[1]), os.path.join(folder, after.split("@")[1]))
            pool.objects[after] = pool.objects.pop(before)
            for thing in pool.objects.values():
                if thing["origin"] == before:
                    thing["origin"] = after
            for mount in pool.mounts:
                if mount["source"] == before:
                    mount["source"] = after


def zfs_clone(pool, words):
    opts, (snapshot, name) = options(words, "pu", "o")
    pool.find(snapshot)
    if "@" not in snapshot:
        raise Wrong(f"cannot open '{snapshot}': operation not applicable to datasets of this type")
    kind = pool.objects[snapshot.split("@")[0]]["type"]
    pool.add(name, kind, assignments(opts.get("o", [])), snapshot)
    copy_tree(pool.data(snapshot), pool.data(name))
    if kind == "filesystem" and "u" not in opts:
        mount_if_meant(pool, name)


def zfs_promote(pool, words):
    opts, (name,) = options(words, "")
    origin = pool.find(name)["origin"]
    if not origin:
        raise Wrong(f"cannot promote '{name}': not a cloned filesystem")
    owner = origin.split("@")[0]
    pool.objects[name]["origin"], pool.objects[owner]["origin"] = pool.objects[owner]["origin"], None
    last = pool.objects[origin]["txg"]
    for snapshot in pool.snapshots(owner):
        if pool.objects[snapshot]["txg"] <= last:
            moved = name + "@" + snapshot.split("@")[1]
            pool.objects[moved] = pool.objects.pop(snapshot)
            for thing in pool.objects.values():
                if thing["origin"] == snapshot:
                    thing["origin"] = moved
    pool.objects[owner]["origin"] = name + "@" + origin.split("@")[1]


def zfs_rollback(pool, words):
    opts, (snapshot,) = options(words, "rRf")
    thing, owner = pool.find(snapshot), snapshot.split("@")[0]
    newer = [n for n in pool.snapshots(owner) if pool.objects[n]["txg"] > thing["txg"]]
    if newer and not ("r" in opts or "R" in opts):
        raise Wrong(f"cannot rollback to '{snapshot}': more recent snapshots or bookmarks exist\n"
                    "use '-r' to force deletion of the following snapshots and bookmarks:\n" + "\n".join(newer))
    for each in newer:
        if pool.objects[each]["holds"]:
            raise Wrong(f"cannot destroy snapshot {each}: it's being held. Run 'zfs holds -r {each}' to see holders.")
        if pool.clones(each) and "R" not in opts:
            raise Wrong(f"cannot rollback to '{snapshot}': clones of previous snapshots exist")
    for each in newer:
        pool.remove(each)
    pool.back(owner, snapshot)


def zfs_hold(pool, words):
    opts, (tag, *names) = options(words, "r")
    for name in names:
        for each in snapshots_meant(pool, name, "r" in opts):
            if tag in pool.objects[each]["holds"]:
                raise Wrong(f"cannot hold snapshot '{each}': tag already exists on this dataset")
            pool.objects[each]["holds"][tag] = pool.now()


def zfs_release(pool, words):
    opts, (tag, *names) = options(words, "r")
    for name in names:
        for each in snapshots_meant(pool, name, "r" in opts):
            if tag not in pool.objects[each]["holds"]:
                raise Wrong(f"cannot release hold from snapshot '{each}': no such tag on this dataset")
            del pool.objects[each]["holds"][tag]


def zfs_holds(pool, words):
    opts, names = options(words, "rHp")
    for name in names:
        pool.find(name)
        for each in snapshots_meant(pool, name, "r" in opts):
            for tag, when in pool.objects[each]["holds"].items():
                print(f"{each}\t{tag}\t{when}")


def tree(folder, without=()):
    found = {}
    for path, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not (path == folder and f == ".zfs") and os.path.join(path, f) not in without]
        for name in files + folders:
            full = os.path.join(path, name)
            key = os.path.relpath(full, folder)
            if os.path.islink(full):
                found[key] = ("@", os.readlink(full))
            elif os.path.isdir(full):
                found[key] = ("/", "")
            else:
                with open(full, "rb") as file:
                    found[key] = ("F", file.read())
    return found


def zfs_diff(pool, words):
    opts, (first, *rest) = options(words, "FHth")
    owner = first.split("@")[0]
    last = rest[0] if rest else owner
    pool.find(first), pool.find(last)
    target = pool.target(owner)
    if not target:
        raise Wrong(f"Unable to obtain diffs: {owner} is not mounted")
    before = tree(pool.place(first))
    after = tree(pool.place(last), pool.nested(pool.place(last)) if "@" not in last else ())
    lines = []
    for key in sorted(set(before) | set(after)):
        if key not in after:
            sign, kind = "-", before[key][0]
        elif key not in before:
            sign, kind = "+", after[key][0]
        elif before[key] != after[key]:
            sign, kind = "M", after[key][0]
        else:
            continue
        lines.append([sign] + ([kind] if "F" in opts else []) + [f"{target}/{key}"])
    if lines:
        lines.insert(0, ["M"] + (["/"] if "F" in opts else []) + [target + "/"])
    for line in lines:
        print("\t".join(line))


def zfs_mount(pool, words):
    opts, names = options(words, "lavfR", "o")
    if "a" in opts:
        for name in pool.below("rpool"):
            if pool.objects[name]["type"] == "filesystem" and not pool.target(name):
                mount_if_meant(pool, name)
    elif not names:
        for mount in pool.mounts:
            if mount["type"] == "zfs":
                print(f"{mount['source']:<30}  {mount['target']}")
    for name in names:
        pool.find(name)
        pool.mount(name)


def zfs_unmount(pool, words):
    opts, names = options(words, "fua")
    for name in names:
        if name.startswith("/"):
            name = next((m["source"] for m in pool.mounts if m["target"] == physical(name)), name)
        pool.unmount(name)


def zfs_send(pool, words):
    opts, names = options(words, "LPRVbcehnpsvwD", "iItd")
    pool.find(names[0])
    from_what = (opts.get("i") or opts.get("I") or [None])[0]
    if "n" in opts:
        print((f"incremental\t{from_what}\t{names[0]}" if from_what else f"full\t{names[0]}") + "\t4096\nsize\t4096")
        return
    print(json.dumps({"send": names[0], "from": from_what}))


pool_input = ""


def zfs_receive(pool, words):
    opts, names = options(words, "vnsFhMuecdA", "oxd")
    stream = json.loads(pool_input)
    name = names[0].split("@")[0]
    if name not in pool.objects:
        pool.add(name, "filesystem", assignments(opts.get("o", [])))
        copy_tree(pool.data(stream["send"]), pool.data(name))
    snapshot = name + "@" + stream["send"].split("@")[1]
    pool.add(snapshot, "snapshot")


def zfs_version(pool, words):
    print("zfs-2.3.2-1\nzfs-kmod-2.3.2-1")


def zpool(pool, words):
    verb, words = words[0], words[1:]
    if verb == "list":
        opts, names = options(words, "HpvLPg", "oT")
        if "v" in opts and os.path.exists(os.path.join(HOME, "vdevs")):
            sys.stdout.write(open(os.path.join(HOME, "vdevs")).read())
            return
        columns = ",".join(opts.get("o", ["name,size,allocated,free,health"])).split(",")
        for name in names or sorted(pool.pools):
            if name not in pool.pools:
                raise Wrong(f"cannot open '{name}': no such pool")
            print("\t".join(name if c == "name" else pool.pools[name].get(POOL_SHORT.get(c, c), POOL_DEFAULTS.get(POOL_SHORT.get(c, c)))
                            for c in columns))
    elif verb == "get":
        opts, (keys, *names) = options(words, "Hp", "o")
        for name in names or sorted(pool.pools):
            if name not in pool.pools:
                raise Wrong(f"cannot open '{name}': no such pool")
            for key in keys.split(","):
                key = POOL_SHORT.get(key, key)
                value = name if key == "name" else pool.pools[name].get(key, POOL_DEFAULTS.get(key, "-"))
                columns = ",".join(opts.get("o", ["name,property,value,source"])).split(",")
                print("\t".join({"name": name, "property": key, "value": value, "source": "-"}[c] for c in columns))
    elif verb == "set":
        given, name = words
        if name not in pool.pools:
            raise Wrong(f"cannot open '{name}': no such pool")
        pool.pools[name].update(assignments([given]))
    elif verb == "status":
        path = os.path.join(HOME, "status")
        if "-x" in words and not os.path.exists(path):
            print("pool 'rpool' is healthy")
            return
        sys.stdout.write(open(path).read() if os.path.exists(path) else STATUS)
    elif verb == "version":
        zfs_version(pool, words)
    elif verb == "create":
        opts, (name, *devices) = options(words, "f", "toOR")
        name = opts.get("t", [name])[0]
        if name in pool.pools:
            raise Wrong(f"cannot create '{name}': pool already exists")
        if not all(os.path.exists(d) for d in devices):
            raise Wrong(f"cannot open '{devices[0]}': no such device")
        pool.pools[name] = {**assignments(opts.get("o", [])), "altroot": opts.get("R", ["-"])[0], "devices": devices}
        pool.add(name, "filesystem", assignments(opts.get("O", [])))
    elif verb == "export":
        opts, (name,) = options(words, "f")
        if name not in pool.pools:
            raise Wrong(f"cannot open '{name}': no such pool")
        for each in reversed(pool.below(name)):
            if pool.target(each):
                pool.unmount(each)
        # What was in it is where the next test can look at it.
        exported = os.path.join(HOME, "exported")
        shutil.rmtree(exported, ignore_errors=True)
        for each in [n for n in pool.objects if n.split("@")[0].split("/")[0] == name]:
            if "@" not in each:
                copy_tree(pool.data(each), os.path.join(exported, each.partition("/")[2]))
            del pool.objects[each]
        del pool.pools[name]
    elif verb in ("sync", "trim"):
        opts, (name,) = options(words, "w")
        if name not in pool.pools:
            raise Wrong(f"cannot open '{name}': no such pool")


def findmnt(pool, words):
    long = {"--output": "o", "--target": "T", "--mountpoint": "M", "--source": "S", "--types": "t"}
    opts, words = {}, list(words)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in long or word[:2] in ("-o", "-T", "-M", "-S", "-t"):
            letter = long.get(name) or word[1]
            opts[letter] = value if equals and name in long else word[2:] if name not in long and word[2:] else words.pop(0)
        elif word.startswith("-"):
            if "o" in word[1:] and not word.startswith("--"):
                opts["o"] = words.pop(0)
        else:
            opts.setdefault("any", word)
    found = list(reversed(pool.mounts))
    if "T" in opts:
        path = os.path.abspath(opts["T"])
        while not os.path.lexists(path):
            path = os.path.dirname(path)
        path = os.path.realpath(path)
        if "/.zfs/snapshot/" in path:
            top, _, rest = path.partition("/.zfs/snapshot/")
            owner = next((m["source"] for m in found if m["target"] == top), None)
            if owner:
                name = rest.split("/")[0]
                found = [{"source": f"{owner}@{name}", "target": f"{top}/.zfs/snapshot/{name}", "type": "zfs"}]
        found = [m for m in found if path == m["target"] or path.startswith(m["target"] + "/")]
        found.sort(key=lambda m: -len(m["target"]))
        found = found[:1] or [{"source": "/dev/sda1", "target": "/elsewhere", "type": "ext4"}]
    if "M" in opts:
        wanted = ROOT if opts["M"] == "/" else os.path.abspath(opts["M"])
        found = [m for m in found if m["target"] == wanted]
    if "S" in opts:
        found = [m for m in found if m["source"] == opts["S"]]
    if "t" in opts:
        found = [m for m in found if m["type"] in opts["t"].split(",")]
    if "any" in opts:
        wanted = ROOT if opts["any"] == "/" else opts["any"]
        found = [m for m in found if wanted in (m["target"], m["source"])]
    if not found:
        sys.exit(1)
    for each in found if not {"T", "M", "S", "any"} & set(opts) else found[:1]:
        values = {"SOURCE": each["source"], "TARGET": each["target"], "FSTYPE": each["type"], "OPTIONS": each.get("options", "rw"),
                  "FSROOT": "/"}
        print(" ".join(values[c] for c in opts.get("o", "TARGET,SOURCE,FSTYPE,OPTIONS").upper().split(",")))


def mount(pool, words):
    kind, opts, rest, bind, words = "", "rw", [], False, list(words)
    while words:
        word = words.pop(0)
        if word in ("-t", "--types"):
            kind = words.pop(0)
        elif word in ("-o", "--options"):
            opts = words.pop(0)
        elif word in ("--bind", "--rbind", "-B", "-R"):
            bind = True
        elif word.startswith("--make"):
            return
        elif word != "--" and not word.startswith("-"):
            rest.append(word)
    source, target = rest
    target = os.path.abspath(target)
    if not os.path.isdir(target):
        raise Wrong(f"mount: {target}: mount point does not exist.")
    if kind == "zfs" and "@" in source:
        pool.find(source)
        copy_tree(pool.data(source), target)
        pool.mounts.append({"source": source, "target": target, "type": "zfs", "options": "ro"})
    elif kind == "zfs":
        pool.find(source)
        if pool.target(source):
            raise Wrong(f"mount: {target}: {source} already mounted or mount point busy.")
        pool.mount(source, target)
        pool.mounts[-1]["options"] = opts
    else:
        pool.mounts.append({"source": source, "target": target, "type": "bind" if bind else kind, "options": opts})


def umount(pool, words):
    recursive = any(w in ("-R", "--recursive") for w in words)
    for word in [w for w in words if not w.startswith("-")]:
        target = os.path.abspath(word)
        doomed = [m for m in reversed(pool.mounts) if m["target"] == target or recursive and m["target"].startswith(target + "/")]
        if not doomed:
            raise Wrong(f"umount: {word}: not mounted.")
        for each in doomed if recursive else doomed[:1]:
            if each["type"] == "zfs" and "@" not in each["source"]:
                pool.unmount(each["source"])
            else:
                if each["type"] == "zfs":
                    shutil.rmtree(each["target"])
                    os.makedirs(each["target"])
                pool.mounts.remove(each)


def fake(pool, words):
    verb, words = words[0], words[1:]
    if verb == "make":
        name, given = words[0], assignments(words[1:])
        if "/" not in name:
            pool.pools[name] = {}
        pool.add(name, given.pop("type", "filesystem"), given)
        if pool.objects[name]["type"] == "filesystem":
            mount_if_meant(pool, name)
    elif verb == "mount":
        pool.mount(words[0])
    elif verb == "set":
        given = assignments(words[1:])
        if words[0] == "pool":
            pool.pools["rpool"].update(given)
        else:
            thing = pool.find(words[0])
            if "creation" in given:
                thing["creation"] = int(given.pop("creation"))
            thing["local"].update({SHORT.get(k, k): v for k, v in given.items()})
    elif verb == "now":
        pool.clock = int(words[0])
    elif verb == "fail":
        pool.failures[words[0]] = words[1]
    elif verb == "status":
        shutil.copy(words[0], os.path.join(HOME, "status"))
    elif verb == "log":
        print("\n".join(pool.log))
    else:
        raise Usage(f"fake: no verb {verb}")


ASKING = {"zfs list", "zfs get", "zfs holds", "zfs diff", "zfs version", "zpool list", "zpool get", "zpool status", "zpool version"}


def main():
    program, words = sys.argv[1], sys.argv[2:]
    os.umask(0o022)
    if program == "zfs" and words[:1] in (["receive"], ["recv"]):
        # Before the lock, which who sends may be waiting for.
        global pool_input
        pool_input = sys.stdin.read()
    with open(os.path.join(HOME, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pool = Pool()
        line = " ".join([program] + words)
        for start, text in pool.failures.items():
            if text and program != "fake" and (line + " ").startswith(start + " "):
                print(text, file=sys.stderr)
                sys.exit(1)
        try:
            if program == "zfs":
                verb = {"snap": "snapshot", "umount": "unmount", "recv": "receive"}.get(words[0], words[0])
                globals()["zfs_" + verb.replace("-", "_")](pool, words[1:])
            elif program == "mountpoint":
                path = os.path.abspath(words[-1])
                sys.exit(0 if any(m["target"] == path for m in pool.mounts) else 32)
            else:
                globals()[program](pool, words)
        except Wrong as wrong:
            print(wrong, file=sys.stderr)
            sys.exit(32 if program in ("mount", "umount") else 1)
        except Usage as usage:
            print(usage, file=sys.stderr)
            sys.exit(2)
        if program in ("zfs", "zpool") and " ".join([program] + words[:1]) not in ASKING:
            pool.log.append(line)
        pool.save()


if __name__ == "__main__":
    main()
