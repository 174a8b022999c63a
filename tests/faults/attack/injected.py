"""Code of the test's inside the gateway: system calls and memory, through the agent in `redoubt-attacked`."""

import ctypes
import errno
import os
import platform
import socket
import struct

# System call numbers of x86-64 (the kernel's arch/x86/entry/syscalls/syscall_64.tbl).
NUMBER = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "mmap": 9, "mprotect": 10, "rt_sigaction": 13, "ioctl": 16,
    "socket": 41, "connect": 42, "sendto": 44, "bind": 49, "listen": 50, "clone": 56, "fork": 57, "execve": 59, "kill": 62,
    "fcntl": 72, "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "unlink": 87, "symlink": 88, "chmod": 90,
    "chown": 92, "ptrace": 101, "setuid": 105, "prctl": 157, "chroot": 161, "mount": 165, "pread64": 17,
    "pwrite64": 18, "tgkill": 234, "openat": 257, "unlinkat": 263, "renameat2": 316, "unshare": 272, "prlimit64": 302,
    "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "bpf": 321, "execveat": 322,
    "io_uring_setup": 425, "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424, "setns": 308,
    "getpid": 39, "linkat": 265, "getdents64": 217, "fallocate": 285, "keyctl": 250, "userfaultfd": 323,
}
SUPPORTED = platform.machine() == "x86_64"

AT_FDCWD = -100
SCRATCH_BYTES = 1 << 20
PROT_RW, MAP_SHARED, MAP_PRIVATE_ANONYMOUS = 3, 1, 0x22


class Gone(Exception):
    """The gateway ended while it obeyed."""


class Injected:
    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.environment = {**os.environ, "REDOUBT_ATTACK_FD": str(self.theirs.fileno())}
        self.scratch = None

    def options(self):
        """For Redoubt.start()."""
        return {"server": "redoubt-attacked", "environment": self.environment, "pass_fds": [self.theirs.fileno()]}

    def attach(self):
        """Once the server has started."""
        self.theirs.close()
        self.ours.settimeout(10)
        self.scratch = self.call("mmap", 0, SCRATCH_BYTES, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0)
        assert self.scratch > 0, errno.errorcode.get(-self.scratch)

    def close(self):
        self.ours.close()

    def _receive(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.ours.recv(size - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Gone()
            data += piece
        return data

    def _send(self, data):
        try:
            self.ours.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone() from None

    def call(self, name, *arguments):
        """A system call; its result, or -errno. Bytes are passed as the address of a copy."""
        at = self.scratch
        values = []
        for argument in arguments:
            if isinstance(argument, (bytes, str)):
                data = argument if isinstance(argument, bytes) else argument.encode() + b"\0"
                self.write(at, data)
                values.append(at)
                at += (len(data) + 63) // 64 * 64
            else:
                values.append(ctypes.c_uint64(argument).value)
        values += [0] * (6 - len(values))
        self._send(struct.pack("=c7Q", b"S", NUMBER[name], *values))
        return struct.unpack("=q", self._receive(8))[0]

    def write(self, address, data):
        self._send(struct.pack("=c2Q", b"W", address, len(data)) + data)
        assert struct.unpack("=q", self._receive(8))[0] == 0

    def read(self, address, size):
        data = b""
        while len(data) < size:
            piece = min(4096, size - len(data))
            self._send(struct.pack("=c2Q", b"R", address + len(data), piece))
            data += self._receive(piece)
        return data

    def open(self, path, flags=os.O_RDONLY):
        return self.call("openat", AT_FDCWD, path, flags, 0o600)

    def wake_keeper(self, gateway):
        """Writes to every eventfd, the keeper's among them. Not root: it wakes by itself within a second."""
        try:
            links = {fd: os.readlink(f"/proc/{gateway}/fd/{fd}") for fd in os.listdir(f"/proc/{gateway}/fd")}
        except OSError:
            return
        for fd, link in links.items():
            if link == "anon_inode:[eventfd]":
                self.call("write", int(fd), struct.pack("=Q", 1), 8)

    def map_ring(self, capacity):
        """The address of a mapping of the ring with this capacity: one page of positions, then the data."""
        size = 4096 + capacity
        stat_at = self.scratch + SCRATCH_BYTES - 4096
        for fd in range(3, 64):
            if self.call("fstat", fd, stat_at) == 0 and struct.unpack("=q", self.read(stat_at + 48, 8))[0] == size:
                address = self.call("mmap", 0, size, PROT_RW, MAP_SHARED, fd, 0)
                assert address > 0, errno.errorcode.get(-address)
                return address
        raise AssertionError("no ring of %d bytes" % capacity)


class Ring:
    """A ring in the gateway's memory, written past the gateway's own code (docs/formats/ring.md)."""

    TAIL, HEAD, SLEEPING, DATA = 0, 64, 128, 4096

    def __init__(self, injected, capacity):
        self.injected = injected
        self.capacity = capacity
        self.at = injected.map_ring(capacity)

    def position(self, which):
        return struct.unpack("=Q", self.injected.read(self.at + which, 8))[0]

    def set_position(self, which, value):
        self.injected.write(self.at + which, struct.pack("=Q", value % (1 << 64)))

    def write_at(self, position, data):
        for i in range(0, len(data), 65536):
            piece = data[i:i + 65536]
            offset = (position + i) % self.capacity
            first = piece[:self.capacity - offset]
            self.injected.write(self.at + self.DATA + offset, first)
            if len(first) < len(piece):
                self.injected.write(self.at + self.DATA, piece[len(first):])

    def send(self, kind, payload, size=None):
        """A message; `size`: what its header claims, when not the truth."""
        tail = self.position(self.TAIL)
        message = struct.pack("=II", len(payload) if size is None else size, kind) + payload
        self.write_at(tail, message)
        self.set_position(self.TAIL, tail + (len(message) + 7) // 8 * 8)
