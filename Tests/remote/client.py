#!/usr/bin/env python3
"""A client of the Remote Execution API that has nothing of ours: it judges what ours puts into a server, and puts in what ours must read.

    client.py [OPTION…] grpc[s]://HOST:PORT[/INSTANCE] COMMAND [ARGUMENT…]

    capabilities                    what the server says of itself, as JSON
    has DIGEST…                     each with `present` or `missing`; exit status 1 where one is missing
    get DIGEST                      the blob, on stdout
    batch DIGEST…                   asks for all of them in one BatchReadBlobs; prints what came of each
    put FILE                        uploads it; prints its digest
    put-tree FOLDER                 uploads it as Directory messages and blobs; prints the digest of its root
    result ACTION                   the ActionResult, as JSON; all it names must be there and hold together
    outputs ACTION FOLDER           makes its outputs in FOLDER, every blob hashed
    action ACTION                   Action, Command and the Directory messages of the input root: canonical, and complete
    tree DIGEST                     the same of a Tree message
    put-action JSON                 uploads {"action": …, "command": …, "result": …} with names as in `action` and `result`; prints the
                                    action's digest. With a result, that is put into the ActionCache. Digests may be HASH/SIZE
    execute ACTION                  runs it there; prints what becomes of it, a line each, and its result as JSON

A DIGEST is HASH/SIZE, in SHA-256; an ACTION is the digest of one. The messages are those that are published with BuildGrid.
Exit status 1 where the server says no (`NOT_FOUND: …` on stderr) or where something is not as it should be (`wrong: …`).
"""
import argparse
import hashlib
import io
import json
import os
import re
import sys
import uuid
from urllib.parse import urlsplit

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as services
from buildgrid._protos.google.bytestream import bytestream_pb2, bytestream_pb2_grpc
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from canonical import Wrong, canonical, check_action, digest_of, line_of, shown, walk, walk_tree

CHUNK = 1 << 20  # of a blob, in one message: servers refuse messages above 4 MiB
QUESTION = 10_000  # digests in one FindMissingBlobs


def read_digest(text):
    hash_, _, size = text.partition("/")
    if len(hash_) != 64 or not size.isdigit():
        sys.exit(f"client.py: {text} is no digest: HASH/SIZE")
    return reapi.Digest(hash=hash_, size_bytes=int(size))


class Remote:
    """One instance of a server, with what it takes to talk to it."""

    def __init__(self, arguments):
        url = urlsplit(arguments.url)
        if url.scheme not in ("grpc", "grpcs") or not url.port:
            sys.exit(f"client.py: {arguments.url} is no grpc[s]://HOST:PORT[/INSTANCE]")
        self.instance = url.path.strip("/")
        self.timeout = arguments.timeout
        self.metadata = []
        if arguments.token_file:
            with open(arguments.token_file, encoding="ascii") as file:
                self.metadata.append(("authorization", "Bearer " + file.read().strip()))
        # grpc looks for a proxy in the environment, and keeps channels of the same address together.
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        if url.scheme == "grpcs":
            parts = [open(name, "rb").read() if name else None for name in (arguments.ca, arguments.key, arguments.cert)]
            channel = grpc.secure_channel(url.netloc, grpc.ssl_channel_credentials(*parts), options)
        else:
            channel = grpc.insecure_channel(url.netloc, options)
        self.cas = services.ContentAddressableStorageStub(channel)
        self.results = services.ActionCacheStub(channel)
        self.executions = services.ExecutionStub(channel)
        self.abilities = services.CapabilitiesStub(channel)
        self.bytes = bytestream_pb2_grpc.ByteStreamStub(channel)

    def call(self, method, request):
        return method(request, timeout=self.timeout, metadata=self.metadata)

    def resource(self, *parts):
        return "/".join([self.instance] * bool(self.instance) + [str(part) for part in parts])

    def missing(self, digests):
        """Those of `digests` that the server does not have, as (hash, size)."""
        pairs = sorted({(digest.hash, digest.size_bytes) for digest in digests})
        found = set()
        for start in range(0, len(pairs), QUESTION):
            request = reapi.FindMissingBlobsRequest(instance_name=self.instance)
            for hash_, size in pairs[start : start + QUESTION]:
                request.blob_digests.add(hash=hash_, size_bytes=size)
            answer = self.call(self.cas.FindMissingBlobs, request)
            found |= {(digest.hash, digest.size_bytes) for digest in answer.missing_blob_digests}
        return found

    def get(self, digest, output):
        """Writes a blob to a file; it is what its digest says."""
        request = bytestream_pb2.ReadRequest(resource_name=self.resource("blobs", digest.hash, digest.size_bytes))
        size, hash_ = 0, hashlib.sha256()
        for part in self.call(self.bytes.Read, request):
            output.write(part.data)
            hash_.update(part.data)
            size += len(part.data)
        if (hash_.hexdigest(), size) != (digest.hash, digest.size_bytes):
            raise Wrong(f"the blob {shown(digest)} came as {hash_.hexdigest()}/{size}")

    def message(self, digest, kind):
        """A message that lies in the CAS, in the one form that it may have there."""
        output = io.BytesIO()
        self.get(digest, output)
        return canonical(digest, output.getvalue(), kind)

    def put(self, file):
        """Uploads what is in an open file; its digest."""
        hash_ = hashlib.file_digest(file, "sha256").hexdigest()
        digest = reapi.Digest(hash=hash_, size_bytes=file.seek(0, os.SEEK_END))
        file.seek(0)
        if digest.size_bytes <= CHUNK:
            request = reapi.BatchUpdateBlobsRequest(instance_name=self.instance)
            request.requests.add(digest=digest, data=file.read())
            for answer in self.call(self.cas.BatchUpdateBlobs, request).responses:
                if answer.status.code:
                    raise Wrong(f"BatchUpdateBlobs of {shown(digest)}: status {answer.status.code}, {answer.status.message}")
            return digest
        name = self.resource("uploads", uuid.uuid4(), "blobs", digest.hash, digest.size_bytes)

        def parts():
            for start in range(0, digest.size_bytes, CHUNK):
                last = start + CHUNK >= digest.size_bytes
                yield bytestream_pb2.WriteRequest(resource_name=name, write_offset=start, data=file.read(CHUNK), finish_write=last)

        committed = self.call(self.bytes.Write, parts()).committed_size
        if committed != digest.size_bytes:
            raise Wrong(f"Write of {shown(digest)} took {committed} bytes")
        return digest

    def put_message(self, message):
        return self.put(io.BytesIO(message.SerializeToString(deterministic=True)))


def batch(remote, digests):
    """What comes of each of these in one BatchReadBlobs; whether all is well."""
    request = reapi.BatchReadBlobsRequest(instance_name=remote.instance, digests=digests)
    answers = remote.call(remote.cas.BatchReadBlobs, request).responses
    well = sorted(map(shown, digests)) == sorted(shown(answer.digest) for answer in answers)
    for answer in answers:
        outcome = f"status {answer.status.code}" if answer.status.code else "present"
        if outcome == "present" and digest_of(answer.data) != answer.digest:
            outcome = f"wrong, {shown(digest_of(answer.data))}"
        well = well and outcome == "present"
        print(outcome, shown(answer.digest))
    return well


def check_present(remote, what, digests):
    missing = remote.missing(digests)
    if missing:
        raise Wrong(f"{what} names {len(missing)} blobs that are not there: {' '.join(f'{h}/{s}' for h, s in sorted(missing))}")


def input_root(remote, digest):
    """(path, node) of an input root, whose blobs are all there."""
    seen = {}

    def find(digest):
        if digest.hash not in seen:
            seen[digest.hash] = remote.message(digest, reapi.Directory)
        return seen[digest.hash]

    found = list(walk(find(digest), find))
    check_present(remote, f"the directory {shown(digest)}", [node.digest for _, node in found if isinstance(node, reapi.FileNode)])
    return found


def read_tree(remote, digest, in_order=False):
    """(path, node) of a Tree message, whose blobs are all there."""
    found = walk_tree(digest, remote.message(digest, reapi.Tree), in_order)
    check_present(remote, f"the tree {shown(digest)}", [node.digest for _, node in found if isinstance(node, reapi.FileNode)])
    return found


def get_result(remote, action):
    """The result of an action, all of whose outputs are there."""
    request = reapi.GetActionResultRequest(instance_name=remote.instance, action_digest=action)
    result = remote.call(remote.results.GetActionResult, request)
    paths = [output.path for output in [*result.output_files, *result.output_directories, *result.output_symlinks]]
    if len(set(paths)) != len(paths):
        raise Wrong(f"an output is there twice: {', '.join(sorted(paths))}")
    named = [file.digest for file in result.output_files]
    named += [digest for digest in (result.stdout_digest, result.stderr_digest) if digest.hash]
    check_present(remote, "the result", named)
    for folder in result.output_directories:
        read_tree(remote, folder.tree_digest, folder.is_topologically_sorted)
        if folder.root_directory_digest.hash:
            input_root(remote, folder.root_directory_digest)
    return result


def make_outputs(remote, action, folder):
    def place(path):
        name = os.path.join(folder, path.lstrip("/"))
        if ".." in path.split("/"):
            raise Wrong(f"an output is called {path}")
        os.makedirs(os.path.dirname(name), exist_ok=True)
        return name

    def write(path, file):
        with open(place(path), "wb") as output:
            remote.get(file.digest, output)
        os.chmod(place(path), 0o755 if file.is_executable else 0o644)

    result = get_result(remote, action)
    for file in result.output_files:
        write(file.path, file)
    for link in [*result.output_symlinks, *result.output_file_symlinks, *result.output_directory_symlinks]:
        os.symlink(link.target, place(link.path))
    for directory in result.output_directories:
        os.makedirs(place(directory.path), exist_ok=True)
        for path, node in read_tree(remote, directory.tree_digest):
            if isinstance(node, reapi.FileNode):
                write(directory.path + path, node)
            elif isinstance(node, reapi.SymlinkNode):
                os.symlink(node.target, place(directory.path + path))
            else:
                os.makedirs(place(directory.path + path), exist_ok=True)


def show_action(remote, digest):
    action = remote.message(digest, reapi.Action)
    command = remote.message(action.command_digest, reapi.Command)
    check_action(action, command)
    found = input_root(remote, action.input_root_digest)
    print(json.dumps({"action": as_json(action), "command": as_json(command)}, indent=2))
    print(*(line_of(path, node) for path, node in found), sep="\n")


def put_tree(remote, folder):
    """Uploads a folder from its leaves up; the digest of its Directory."""
    directory = reapi.Directory()
    for name in sorted(os.listdir(folder), key=os.fsencode):
        path = os.path.join(folder, name)
        if os.path.islink(path):
            directory.symlinks.add(name=name, target=os.readlink(path))
        elif os.path.isdir(path):
            directory.directories.add(name=name, digest=put_tree(remote, path))
        else:
            with open(path, "rb") as file:
                digest = remote.put(file)
            directory.files.add(name=name, digest=digest, is_executable=os.access(path, os.X_OK))
    return remote.put_message(directory)


def with_digests(value):
    """The same JSON, with what is written as HASH/SIZE as the messages have it."""
    if isinstance(value, dict):
        return {key: with_digests(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_digests(part) for part in value]
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}/[0-9]+", value):
        return as_json(read_digest(value))
    return value


def put_action(remote, text):
    wanted = with_digests(json.loads(text))
    action = ParseDict(wanted["action"], reapi.Action())
    action.command_digest.CopyFrom(remote.put_message(ParseDict(wanted["command"], reapi.Command())))
    digest = remote.put_message(action)
    if "result" in wanted:
        request = reapi.UpdateActionResultRequest(instance_name=remote.instance, action_digest=digest)
        ParseDict(wanted["result"], request.action_result)
        remote.call(remote.results.UpdateActionResult, request)
    return digest


def execute(remote, action):
    request = reapi.ExecuteRequest(instance_name=remote.instance, action_digest=action)
    for operation in remote.call(remote.executions.Execute, request):
        about = reapi.ExecuteOperationMetadata()
        operation.metadata.Unpack(about)
        print(operation.name, reapi.ExecutionStage.Value.Name(about.stage), "done" if operation.done else "…", flush=True)
        if operation.done:
            answer = reapi.ExecuteResponse()
            operation.response.Unpack(answer)
            print(json.dumps(as_json(answer), indent=2))
            if operation.error.code or answer.status.code:
                raise Wrong(f"status {operation.error.code or answer.status.code}: {operation.error.message or answer.status.message}")


def as_json(message):
    return MessageToDict(message, preserving_proto_field_name=True)


def run(remote, command, arguments):
    if command == "capabilities":
        request = reapi.GetCapabilitiesRequest(instance_name=remote.instance)
        print(json.dumps(as_json(remote.call(remote.abilities.GetCapabilities, request)), indent=2))
    elif command == "has":
        digests = [read_digest(text) for text in arguments]
        missing = remote.missing(digests)
        for digest in digests:
            print("missing" if (digest.hash, digest.size_bytes) in missing else "present", shown(digest))
        return 1 if missing else 0
    elif command == "batch":
        return 0 if batch(remote, [read_digest(text) for text in arguments]) else 1
    elif command == "get":
        remote.get(read_digest(*arguments), sys.stdout.buffer)
    elif command == "put":
        with open(*arguments, "rb") as file:
            print(shown(remote.put(file)))
    elif command == "put-tree":
        print(shown(put_tree(remote, *arguments)))
    elif command == "result":
        print(json.dumps(as_json(get_result(remote, read_digest(*arguments))), indent=2))
    elif command == "outputs":
        make_outputs(remote, read_digest(arguments[0]), arguments[1])
    elif command == "action":
        show_action(remote, read_digest(*arguments))
    elif command == "tree":
        print(*(line_of(path, node) for path, node in read_tree(remote, read_digest(*arguments))), sep="\n")
    elif command == "put-action":
        print(shown(put_action(remote, *arguments)))
    else:
        execute(remote, read_digest(*arguments))
    return 0


# With as many arguments as they take.
COMMANDS = {"capabilities": 0, "get": 1, "put": 1, "put-tree": 1, "result": 1, "outputs": 2, "action": 1, "tree": 1, "put-action": 1, "execute": 1}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n", 2)[2])
    parser.add_argument("--timeout", type=float, default=30, help="seconds that a call may take")
    parser.add_argument("--token-file", help="of a bearer token")
    parser.add_argument("--ca", help="certificate of who signed the server's")
    parser.add_argument("--cert", help="certificate of this client")
    parser.add_argument("--key", help="its key")
    parser.add_argument("url")
    parser.add_argument("command", choices=["has", "batch", *COMMANDS])
    parser.add_argument("arguments", nargs="*")
    arguments = parser.parse_args()
    if arguments.command in COMMANDS and len(arguments.arguments) != COMMANDS[arguments.command]:
        parser.error(f"{arguments.command} takes {COMMANDS[arguments.command]} arguments")
    try:
        return run(Remote(arguments), arguments.command, arguments.arguments)
    except (Wrong, ParseError) as error:
        print(f"wrong: {error}", file=sys.stderr)
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details()}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
