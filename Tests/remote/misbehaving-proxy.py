#!/usr/bin/env python3
"""A proxy before a server of the Remote Execution API that breaks calls as its rules say, and writes down every one.

    misbehaving-proxy.py PORT TARGET RULES LOG [--zstd]     listens at 127.0.0.1:PORT, without TLS; passes on to TARGET (HOST:PORT)

With --zstd it takes and gives blobs packed with zstd, as a server that can does, and says so; TARGET need not be able to.

RULES is a file with a JSON list, read again for every call; the first rule that applies is followed. Rules for connections
(tcp_proxy.py has them) may stand among them. A rule for calls says which:

    "method"         "Read", "FindMissingBlobs", …; "*" for all
    "contains"       a text in the first message of the call, such as the hash of a blob
    "skip", "times"  the first so many of these calls are left alone; it holds for so many after them
    "chance"         of 1: it holds for so many of them, at random

and what goes wrong. The call breaks off:

    "status"         with this status, such as "UNAVAILABLE", and "message"
    "cut"            true: its connection is reset, with all other calls in it
    "hang"           true: nothing comes any more
    "end"            true: it ends, and the status is OK
    "after_bytes"    … once so many bytes of a blob were passed on (Read) or taken (Write: the server has seen none of them then)
    "late"           … true: once the server has done what it was asked for. Without either: before the server hears of it

or something else is answered than what the server said:

    "answer"         this message, as JSON; the server hears nothing
    "swallow"        true: Write, BatchUpdateBlobs, UpdateActionResult: all is well; the server hears nothing
    "data"           of blobs: "flip": a byte is another; "half": half of them; "more": a byte too many; "none": none
    "digests"        in BatchReadBlobs and ActionResult: "swap": of one another; "unknown": of what is nowhere
    "blob_status"    in BatchReadBlobs and BatchUpdateBlobs: this status for each blob, no data
    "garbage"        true: bytes that are no message
    "pad"            so many bytes more, in a field that no definition has: larger than the limit of a client

or it takes longer: "delay", seconds before the server hears of it; "rate", bytes of messages a second from the server.

LOG gets a line of JSON for each call, before the client sees its end: "method", "status" (of the answer, CANCELLED where the client went
away), "rule" (whether one was followed), "sent" and "received" (messages of the client's and of the server's), "up" and "down" (their
bytes), "headers" (names only), "deadline" (seconds that the client gave, or null), "about" (the resource of a Read or Write, the action
of a GetActionResult or UpdateActionResult, HASH/SIZE; else null).
"""
import hashlib
import itertools
import sys
import threading
import time
from concurrent import futures

import grpc
import zstandard
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from buildgrid._protos.google.bytestream import bytestream_pb2 as bytestream
from buildgrid._protos.google.longrunning import operations_pb2 as operations
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from tcp_proxy import Log, Rules, TCPProxy

BREAKS = {"status", "cut", "hang", "end"}
CHANGES = {"data", "digests", "blob_status", "garbage", "pad"}
METHODS = {
    f"/{service.full_name}/{method.name}": (GetMessageClass(method.input_type), GetMessageClass(method.output_type))
    for file in (reapi, bytestream, operations)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def varint(number):
    return (bytes([number & 0x7F | 0x80]) + varint(number >> 7)) if number > 0x7F else bytes([number])


def with_blobs_changed(how, message):
    """`message` with the bytes of blobs in it changed."""
    change = {
        "flip": lambda data: data[:-1] + bytes([data[-1] ^ 1]) if data else data,
        "half": lambda data: data[: len(data) // 2],
        "more": lambda data: data + b"!",
        "none": lambda data: b"",
    }[how]
    if isinstance(message, reapi.BatchReadBlobsResponse):
        holders = [(answer, "data") for answer in message.responses]
    elif isinstance(message, reapi.ActionResult):
        holders = [(message, "stdout_raw"), (message, "stderr_raw"), *((file, "contents") for file in message.output_files)]
    else:
        holders = [(message, "data")]
    for holder, field in holders:
        setattr(holder, field, change(getattr(holder, field)))


def with_digests_changed(how, message):
    """`message` with digests in it of something else; those of trees are exchanged among trees."""
    if isinstance(message, reapi.BatchReadBlobsResponse):
        groups = [[answer.digest for answer in message.responses]]
    else:
        groups = [[file.digest for file in message.output_files], [folder.tree_digest for folder in message.output_directories]]
    for digests in groups:
        if how == "swap":
            hashes = [(digest.hash, digest.size_bytes) for digest in digests]
            hashes = hashes[1:] + hashes[:1]
        else:
            hashes = [(hashlib.sha256(digest.hash.encode()).hexdigest(), digest.size_bytes) for digest in digests]
        for digest, (hash_, size) in zip(digests, hashes):
            digest.hash, digest.size_bytes = hash_, size


def changed(rule, kind, data):
    """A message of the server's, `data`, as `rule` has it."""
    if not CHANGES & rule.keys():
        return data
    if rule.get("garbage"):
        return b"\xff" * max(len(data), 16)
    message = kind.FromString(data)
    if "data" in rule:
        with_blobs_changed(rule["data"], message)
    if "digests" in rule:
        with_digests_changed(rule["digests"], message)
    if "blob_status" in rule:
        for answer in message.responses:
            answer.data = b""
            answer.status.code = grpc.StatusCode[rule["blob_status"]].value[0]
    padding = rule.get("pad", 0)
    return message.SerializeToString() + (varint(1000 << 3 | 2) + varint(padding) + bytes(padding) if padding else b"")


def accepted(name, requests, code=0):
    """What a server says that keeps what it is sent, without doing so."""
    if name == "Write":
        return bytestream.WriteResponse(committed_size=sum(len(bytestream.WriteRequest.FromString(data).data) for data in requests))
    (data,) = requests
    if name == "UpdateActionResult":
        return reapi.UpdateActionResultRequest.FromString(data).action_result
    answer = reapi.BatchUpdateBlobsResponse()
    for blob in reapi.BatchUpdateBlobsRequest.FromString(data).requests:
        answer.responses.add(digest=blob.digest, status={"code": code})
    return answer


class Broken(Exception):
    """The call ends here, with this status."""

    def __init__(self, code, message, trailers=()):
        super().__init__(message)
        self.code, self.message, self.trailers = code, message, trailers


class Call:
    """One call of a client's."""

    def __init__(self, proxy, path, requests, context):
        self.proxy, self.path, self.context = proxy, path, context
        self.name = path.rpartition("/")[2]
        self.kinds = METHODS.get(path)
        self.began = time.monotonic()
        self.sent = self.received = self.up = self.down = 0
        self.lock, self.logged, self.upstream = threading.Lock(), False, None
        # Of a packed blob that was there already; else what was taken.
        self.committed = -1
        context.add_callback(self.went_away)
        first = list(itertools.islice(requests, 1))
        self.requests = self.counted(itertools.chain(first, requests))
        self.about = None
        if self.name in ("Read", "Write") and first:
            self.about = self.kinds[0].FromString(first[0]).resource_name
        elif self.name.endswith("ActionResult") and first:
            action = self.kinds[0].FromString(first[0]).action_digest
            self.about = f"{action.hash}/{action.size_bytes}"
        self.rule = proxy.rules.pick(
            lambda rule: rule.get("method") in (self.name, "*") and rule.get("contains", "").encode() in b"".join(first)
        )

    def counted(self, requests):
        for data in requests:
            self.sent += 1
            self.up += len(data)
            yield data

    def went_away(self):
        if self.upstream:
            self.upstream.cancel()
        self.write_down("CANCELLED")

    def write_down(self, status):
        with self.lock:
            if self.logged:
                return
            self.logged = True
        headers = sorted({key for key, _ in self.context.invocation_metadata()})
        self.proxy.log.write(
            method=self.name, status=status, rule=bool(self.rule), sent=self.sent, received=self.received, up=self.up, down=self.down,
            headers=headers, deadline=self.deadline(), about=self.about, seconds=round(time.monotonic() - self.began, 3),
        )  # fmt: skip

    def deadline(self):
        left = self.context.time_remaining()
        return None if left is None or left > 1e8 else round(left + time.monotonic() - self.began, 3)

    def answers(self):
        """The messages of the answer, to the end of the call."""
        try:
            for data in self.followed():
                self.received += 1
                self.down += len(data)
                yield data
                if "rate" in self.rule:
                    time.sleep(len(data) / self.rule["rate"])
        except Broken as end:
            self.write_down(end.code.name)
            self.context.set_trailing_metadata(end.trailers)
            self.context.abort(end.code, end.message)
        self.write_down("OK")

    def followed(self):
        rule = self.rule
        breaks = bool(BREAKS & rule.keys())
        limit = rule.get("after_bytes")
        time.sleep(rule.get("delay", 0))
        if "answer" in rule:
            yield ParseDict(rule["answer"], self.kinds[1]()).SerializeToString()
        elif rule.get("swallow"):
            yield accepted(self.name, self.requests).SerializeToString()
        elif "blob_status" in rule and self.name == "BatchUpdateBlobs":
            yield accepted(self.name, self.requests, grpc.StatusCode[rule["blob_status"]].value[0]).SerializeToString()
        elif breaks and limit is None and not rule.get("late"):
            self.strike()
        elif breaks and limit is not None and self.name == "Write":
            while self.up < limit and next(self.requests, None) is not None:
                pass
            self.strike()
        elif breaks and limit is not None:
            yield from self.up_to(limit)
        elif breaks:
            for _ in self.from_server():
                pass
            self.strike()
        else:
            for data in self.from_server():
                yield changed(rule, self.kinds[1], data) if rule else data

    def up_to(self, limit):
        """What the server says, until so many bytes of the blob have passed; then what the rule has."""
        for data in self.from_server():
            if self.name == "Read":
                data = bytestream.ReadResponse.FromString(data).data
            if len(data) >= limit:
                if limit and self.name == "Read":
                    yield bytestream.ReadResponse(data=data[:limit]).SerializeToString()
                self.upstream.cancel()
                self.strike()
                return
            limit -= len(data)
            yield bytestream.ReadResponse(data=data).SerializeToString() if self.name == "Read" else data

    def from_server(self):
        left = self.context.time_remaining()
        headers = [pair for pair in self.context.invocation_metadata() if not pair[0].startswith((":", "grpc-", "user-agent"))]
        self.upstream = self.proxy.channel.stream_stream(self.path)(
            self.unpacked() if self.proxy.packs else self.requests, metadata=headers, timeout=None if left is None or left > 1e8 else left
        )
        try:
            yield from self.packed(self.upstream) if self.proxy.packs else self.upstream
        except grpc.RpcError as error:
            raise Broken(error.code(), error.details(), error.trailing_metadata() or ()) from error

    def is_packed(self):
        return self.about is not None and "compressed-blobs/zstd/" in self.about

    def unpacked(self):
        """What the server hears of a blob that is packed on its way."""
        if not self.is_packed():
            yield from self.requests
            return
        name = self.about.replace("compressed-blobs/zstd/", "blobs/")
        if self.name == "Read":
            for data in self.requests:
                request = bytestream.ReadRequest.FromString(data)
                request.resource_name = name
                yield request.SerializeToString()
            return
        unpacker, offset = zstandard.ZstdDecompressor().decompressobj(), 0
        for data in self.requests:
            request = bytestream.WriteRequest.FromString(data)
            data = unpacker.decompress(request.data)
            # A server takes 4 MiB at once.
            pieces = [data[start : start + 2**20] for start in range(0, len(data), 2**20)] or [b""]
            for piece in pieces:
                is_last = request.finish_write and piece is pieces[-1]
                yield bytestream.WriteRequest(
                    resource_name="" if offset else name, write_offset=offset, data=piece, finish_write=is_last
                ).SerializeToString()
                offset += len(piece)
            self.committed = request.write_offset + len(request.data)

    def packed(self, answers):
        """What the client hears of it."""
        packer = zstandard.ZstdCompressor().compressobj()
        for data in answers:
            if self.name == "GetCapabilities":
                answer = reapi.ServerCapabilities.FromString(data)
                answer.cache_capabilities.supported_compressors.append(reapi.Compressor.ZSTD)
                data = answer.SerializeToString()
            elif self.is_packed() and self.name == "Read":
                data = packer.compress(bytestream.ReadResponse.FromString(data).data)
                data = bytestream.ReadResponse(data=data).SerializeToString()
            elif self.is_packed():
                data = bytestream.WriteResponse(committed_size=self.committed).SerializeToString()
            yield data
        if self.is_packed() and self.name == "Read":
            yield bytestream.ReadResponse(data=packer.flush()).SerializeToString()

    def strike(self):
        if "status" in self.rule:
            raise Broken(grpc.StatusCode[self.rule["status"]], self.rule.get("message", "as the rules want it"))
        if self.rule.get("end"):
            return
        if self.rule.get("cut"):
            self.proxy.front.reset(int(self.context.peer().rpartition(":")[2]))
        while self.context.is_active():
            time.sleep(0.02)


class Proxy(grpc.GenericRpcHandler):
    """Takes every call, of any service: bytes pass as they are."""

    def __init__(self, port, target, rules, log, packs):
        self.packs = packs
        self.rules, self.log = Rules(rules), Log(log)
        # A server that comes back is there at once, as it is without a proxy.
        again = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100)]
        self.channel = grpc.insecure_channel(target, [*UNLIMITED, *again, ("grpc.enable_http_proxy", 0)])
        self.server = grpc.server(futures.ThreadPoolExecutor(256), handlers=[self], options=UNLIMITED)
        inner = self.server.add_insecure_port("127.0.0.1:0")
        self.front = TCPProxy(port, f"127.0.0.1:{inner}", self.rules, self.log)

    def service(self, handler_call_details):
        path = handler_call_details.method
        # On the wire, a call of one message is a stream of one.
        return grpc.stream_stream_rpc_method_handler(lambda requests, context: Call(self, path, requests, context).answers())

    def run(self):
        self.server.start()
        self.front.start()
        self.server.wait_for_termination()


if __name__ == "__main__":
    if len(sys.argv) != 5 and sys.argv[5:] != ["--zstd"]:
        sys.exit(__doc__)
    Proxy(int(sys.argv[1]), *sys.argv[2:5], packs=len(sys.argv) == 6).run()
