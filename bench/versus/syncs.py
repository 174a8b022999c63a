"""How often a program makes the disk durable, and how often it commits, counted by strace. Linux only.

Counted are fsync, fdatasync, sync_file_range, syncfs, sync and msync, and each write to a file that was opened with
O_SYNC or O_DSYNC, on all threads, between the marks "begin" and "end" that the program writes to standard error.
"""

import re
import subprocess

SYNCS = "fsync,fdatasync,sync_file_range,syncfs,sync,msync"
WRITES = "write,pwrite64,writev,pwritev,pwritev2"
OTHERS = "openat,close,rename,renameat,renameat2"
CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")


def count(command, log, commit=None):
    """Runs it under strace: (sync calls, commits, its standard output). A commit is a renaming of a file to `commit`."""
    done = subprocess.run(["strace", "-f", "-qq", "-s", "80", "-e", "signal=none", "-e", f"trace={SYNCS},{WRITES},{OTHERS}",
                           "-o", str(log), *map(str, command)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    syncs = commits = 0
    counting = False
    synchronous = set()  # descriptors
    begun = {}  # thread -> arguments of its unfinished call
    with open(log, errors="replace") as lines:
        for line in lines:
            match = CALL.match(line)
            if not match:
                continue
            thread, call, rest = match.groups()
            if rest.endswith("<unfinished ...>"):
                begun[thread] = rest.removesuffix("<unfinished ...>")
                continue
            if "resumed>" in line:
                rest = begun.pop(thread, "") + rest
            if call == "write" and rest.startswith('2, "begin'):
                counting = True
            elif call == "write" and rest.startswith('2, "end'):
                counting = False
            if call == "openat" and ("O_SYNC" in rest or "O_DSYNC" in rest):
                if opened := re.search(r"= (\d+)", rest):
                    synchronous.add(opened[1])
            elif call == "close":
                synchronous.discard(rest.split(")")[0])
            if not counting:
                continue
            if call in SYNCS.split(",") or (call in WRITES.split(",") and rest.split(",")[0] in synchronous):
                syncs += 1
            if commit and call.startswith("rename") and commit in rest:
                commits += 1
    return syncs, commits, done.stdout
