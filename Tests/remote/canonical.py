"""What the specification of the Remote Execution API wants of messages that lie in a CAS, where one content must have one form."""
import hashlib

from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi


class Wrong(Exception):
    """Data that is not what it says, or not as the specification wants it."""


def digest_of(data):
    return reapi.Digest(hash=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def shown(digest):
    return f"{digest.hash}/{digest.size_bytes}"


def canonical(digest, data, kind):
    """The message `data`: fields in order, none that its definition does not have."""
    message = kind.FromString(data)
    known = kind()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    if known.SerializeToString(deterministic=True) != data:
        raise Wrong(f"{shown(digest)} is no canonical {kind.DESCRIPTOR.name}")
    return message


def check_order(what, names):
    """That `names` are sorted by their bytes, and each is there once."""
    encoded = [name.encode() for name in names]
    if encoded != sorted(set(encoded)):
        raise Wrong(f"{what} are not in order, or not unique: {', '.join(names)}")


def check_directory(where, directory):
    """That a Directory is as the specification wants it."""
    kinds = [[node.name for node in nodes] for nodes in (directory.files, directory.directories, directory.symlinks)]
    for kind, names in zip(("files", "directories", "symlinks"), kinds):
        check_order(f"{kind} of {where or '/'}", names)
    names = sum(kinds, [])
    if len(set(names)) != len(names):
        raise Wrong(f"a name is there twice in {where or '/'}: {', '.join(sorted(names))}")
    for name in names:
        if name in ("", ".", "..") or "/" in name:
            raise Wrong(f"{name!r} in {where or '/'} is no name")
    for link in directory.symlinks:
        if not link.target or "//" in link.target or "/./" in link.target:
            raise Wrong(f"{where}/{link.name} points to {link.target!r}")


def walk(root, find):
    """(path, node) of all that is below the Directory `root`; `find` has the Directory of a digest."""
    def below(where, directory):
        check_directory(where, directory)
        for node in [*directory.files, *directory.symlinks]:
            yield f"{where}/{node.name}", node
        for node in directory.directories:
            yield f"{where}/{node.name}", node
            yield from below(f"{where}/{node.name}", find(node.digest))

    yield from below("", root)


def line_of(path, node):
    if isinstance(node, reapi.SymlinkNode):
        return f"{path} -> {node.target}"
    if isinstance(node, reapi.DirectoryNode):
        return f"{path}/"
    return f"{path} {'x' if node.is_executable else '-'} {shown(node.digest)}"


def walk_tree(digest, tree, in_order):
    """(path, node) of a Tree message, which has every child once and wants each. With `in_order`, no child before its parent."""
    children = {}
    for place, child in enumerate(tree.children):
        key = digest_of(child.SerializeToString(deterministic=True)).hash
        if key in children:
            raise Wrong(f"the tree {shown(digest)} has the directory {key} twice")
        children[key] = (place, child)
    wanted = set()

    def find(named):
        if named.hash not in children or digest_of(children[named.hash][1].SerializeToString(deterministic=True)) != named:
            raise Wrong(f"the tree {shown(digest)} has no directory {shown(named)}")
        wanted.add(named.hash)
        return children[named.hash][1]

    found = list(walk(tree.root, find))
    if wanted != set(children):
        raise Wrong(f"the tree {shown(digest)} has directories that nothing in it names: {' '.join(set(children) - wanted)}")
    for place, child in children.values() if in_order else ():
        if any(children[node.digest.hash][0] <= place for node in child.directories):
            raise Wrong(f"the tree {shown(digest)} says it is sorted, and has a child before its parent")
    return found


def check_action(action, command):
    """That an Action and its Command are as the specification wants them."""
    check_order("environment variables", [variable.name for variable in command.environment_variables])
    check_order("output paths", command.output_paths)
    for message in (action, command):
        pairs = [(p.name.encode(), p.value.encode()) for p in message.platform.properties]
        if pairs != sorted(pairs):
            raise Wrong("platform properties are not in order")
    for path in [*command.output_paths, command.working_directory]:
        if path.startswith("/") or path.endswith("/"):
            raise Wrong(f"{path} begins or ends with a slash")
