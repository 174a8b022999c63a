"""What the comparisons of attestation share: samples, our program and a peer by turns, the result line."""

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
import measure as m  # noqa: E402

CORE = 0


def samples():
    """The folder of samples, which are not part of the project."""
    data = os.environ.get("REDOUBT_DATA")
    folder = Path(data) / "attestation" if data else None
    if folder is None or not folder.is_dir():
        m.fail("REDOUBT_DATA names no folder with `attestation` in it")
    return folder


def unix(at):
    return int(datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp())


def figures_of(text):
    return {key: float(value) for key, value in (pair.split("=") for pair in text.split())}


def pinned(command):
    return ["taskset", "-c", str(CORE), *map(str, command)]


class Peer:
    """A program that measures for as long as each line of its input says."""

    def __init__(self, command):
        self.process = subprocess.Popen(pinned(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        m.atexit.register(m.stop, self.process)
        self._line()  # it has read its files

    def measure(self, seconds):
        self.process.stdin.write(f"{seconds:g}\n")
        self.process.stdin.flush()
        return figures_of(self._line())

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            m.fail(f"`{self.process.args[3]}` ended with status {self.process.wait()}")
        return line


def compare(name, peer_name, options, peer_command, our_arguments):
    """Rounds by turns of the same evidence; prints them and the result."""
    rounds = options.rounds or (11 if options.full else 5)
    seconds = options.seconds or (1 if options.full else 0.25)
    m.need("taskset")
    program = m.build(options, "bench_attest") / "bench_attest"
    peer = Peer(peer_command)
    pairs = []
    for number in range(rounds):
        def ours():
            command = pinned([program, "figures", *our_arguments, "--seconds", f"{seconds:g}"])
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                m.fail(f"{program} failed:\n{done.stdout}{done.stderr}")
            return figures_of(done.stdout)

        sides = {"ours": ours, "peer": lambda: peer.measure(seconds)}
        busy = m.Busy([0, 1])
        values = {side: sides[side]() for side in sorted(sides, reverse=number % 2 == 1)}
        pairs.append(values)
        shares = " ".join(f"{share:.0%}" for share in busy.shares())
        print(f"round {number + 1}: redoubt warm {values['ours']['warm_us']:8.1f} us CPU, cold "
              f"{values['ours']['cold_us']:8.1f}, {peer_name} {values['peer']['cpu_us']:8.1f}  cores busy {shares}",
              flush=True)

    def median(side, key):
        return m.median(pair[side][key] for pair in pairs)

    def ratio(key):
        return m.median(pair["peer"]["cpu_us"] / pair["ours"][key] for pair in pairs)

    print(f"{name}_cold ratio={ratio('cold_us'):.2f} redoubt_cpu_us={median('ours', 'cold_us'):.1f} "
          f"{peer_name}_cpu_us={median('peer', 'cpu_us'):.1f} over_bare_signatures={median('ours', 'cold_over_bare'):.2f}")
    print(f"{name} ratio={ratio('warm_us'):.2f} redoubt_cpu_us={median('ours', 'warm_us'):.1f} "
          f"{peer_name}_cpu_us={median('peer', 'cpu_us'):.1f} over_bare_signatures={median('ours', 'warm_over_bare'):.2f}")
