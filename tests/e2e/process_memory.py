"""Looks for bytes in all memory of a process, from outside: needs root, or CAP_SYS_PTRACE."""

import os
import re

# Larger pieces make no difference; smaller ones do.
PIECE = 4 << 20


def readable_ranges(pid):
    """Start, end and name of every mapping that can be read."""
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ \S+ *(.*)", line)
            if match and match.group(3) not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                yield int(match.group(1), 16), int(match.group(2), 16), match.group(3)


def find(pid, needles):
    """Where each of `needles` (bytes) lies: a list of (needle, address, name of the mapping). No mapping is left out;
    pages that cannot be read (guard pages, beyond a file's end) hold nothing."""
    overlap = max(len(needle) for needle in needles) - 1
    found = []
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        for start, end, name in readable_ranges(pid):
            before = b""
            at = start
            while at < end:
                try:
                    piece = os.pread(memory, min(PIECE, end - at), at)
                except OSError:
                    piece = b""
                if not piece:
                    at += 4096
                    before = b""
                    continue
                data = before + piece
                for needle in needles:
                    i = data.find(needle)
                    while i >= 0:
                        found.append((needle, at - len(before) + i, name))
                        i = data.find(needle, i + 1)
                at += len(piece)
                before = data[-overlap:] if overlap else b""
    finally:
        os.close(memory)
    return found
