"""What the comparisons share: building, pinning, CPU time, medians. Linux only."""

import argparse
import atexit
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--full", action="store_true", help="long enough for publication")
    parser.add_argument("--rounds", type=int, help="rounds of each side")
    parser.add_argument("--seconds", type=float, help="length of a round")
    parser.add_argument("--bin", type=Path, help="folder of the programs; nothing is built then")
    return parser


def fail(message):
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(3)


def need(*programs):
    """Paths of programs from elsewhere."""
    paths = []
    for program in programs:
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if path is None:
            fail(f"`{program}` is not installed; tools/install-deps bench installs it")
        paths.append(path)
    return paths if len(paths) > 1 else paths[0]


def build(options, *targets):
    """Builds what the comparison needs; the folder of the programs."""
    if options.bin:
        return options.bin.resolve()
    folder = ROOT / "build" / "release"
    commands = [["cmake", "--build", str(folder), "-j", "2", "--target", *targets]]
    if not (folder / "build.ninja").is_file():
        commands.insert(0, ["cmake", "--preset", "release"])
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
            fail("the build failed")
    return folder / "bin"


def scratch():
    """A folder on the disk of the build, not in memory as /tmp may be. Removed at the end."""
    parent = ROOT / "build"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="versus-", dir=parent))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def start(command, log, cpu):
    """A program pinned to one core, ended with us. Its output goes to `log`."""
    with open(log, "wb") as stream:
        process = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], stdout=stream, stderr=subprocess.STDOUT)
    atexit.register(stop, process)
    return process


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_address(process, log):
    """What a server of ours prints once it listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        for line in Path(log).read_text(errors="replace").splitlines():
            if line.startswith("listening on http"):
                return line.split()[2]
        time.sleep(0.02)
    fail(f"`{process.args[3]}` did not start:\n" + Path(log).read_text(errors="replace")[-2000:])


def stat_of(pid):
    """The fields of /proc/PID/stat from `state` on, or None when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def family(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat_of(entry)):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "?"


def cpu_seconds(pids):
    """User and system time of the processes so far. One that has ended would be missed, so that is a failure."""
    total = 0
    for pid in pids:
        fields = stat_of(pid)
        if fields is None:
            fail(f"process {pid} ended during the measurement")
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


class Busy:
    """How busy each core is between construction and `shares`."""

    def __init__(self, cores):
        self.cores = cores
        self.before = self._read()

    def _read(self):
        out = {}
        for line in Path("/proc/stat").read_text().splitlines():
            if line.startswith("cpu") and line[3].isdigit():
                name, *values = line.split()
                values = [int(v) for v in values[:8]]
                out[int(name[3:])] = (sum(values), values[3] + values[4])  # all, idle and waiting
        return out

    def shares(self):
        after = self._read()
        out = []
        for core in self.cores:
            total = after[core][0] - self.before[core][0]
            idle = after[core][1] - self.before[core][1]
            out.append(1 - idle / total if total else 0.0)
        return out


class SyncProbe:
    """How quick the disk is just now: writing 4 KiB in place and making it durable, through the page cache."""

    def __init__(self, folder):
        self.path = folder / "sync-probe"
        self.path.write_bytes(b"\0" * 65536)

    def measure(self, count=200):
        """(median, 99th percentile) of `count`, in microseconds."""
        times = []
        fd = os.open(self.path, os.O_RDWR)
        try:
            os.fsync(fd)
            for i in range(count):
                began = time.perf_counter()
                os.pwrite(fd, b"x" * 4096, (i % 16) * 4096)
                os.fdatasync(fd)
                times.append((time.perf_counter() - began) * 1e6)
        finally:
            os.close(fd)
        times.sort()
        return times[count // 2], times[count * 99 // 100]


def quiet_rounds(p50s, p99s, factor=4):
    """Which rounds count, by a rule that was written before anything was measured: a round counts unless the raw sync's
    99th percentile, measured right before it or right after it, is above `factor` times the run's median of raw syncs.
    `p99s`: pairs, before and after. A run of which fewer than half the rounds count is no measurement."""
    limit = factor * median(p50s)
    kept = [i for i, pair in enumerate(p99s) if max(pair) <= limit]
    if 2 * len(kept) < len(p99s):
        print(f"fewer than half of the rounds were quiet (raw sync p99 at most {limit:.0f} us): all are counted",
              flush=True)
        return list(range(len(p99s)))
    return kept


median = statistics.median
