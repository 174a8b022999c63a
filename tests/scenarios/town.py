"""A running Redoubt with people, applications and agents in it, and the clock in the hands of the test.

Redoubt's programs are the real ones. Only the wall clock that they see is ahead of the true one (tests/faults), so that a
month of working days is played within a minute. Inference is by a stand-in which answers as the prompt asks it to.
"""

import http.client
import json
import mmap
import os
import random
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
import faults  # noqa: E402
import harness  # noqa: E402

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WORDS = ("ward dose night chart patient invoice transfer account ledger scan image result summary letter visit plan order "
         "supply shift budget claim record board review protocol sample report trial donor clinic meeting agenda").split()


def tool_call(name, arguments="{}"):
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(name):
    return {"type": "function", "function": {"name": name, "description": name,
                                             "parameters": {"type": "object", "properties": {}}}}


def table(rows):
    """What a tool gives of so many records."""
    return json.dumps({"total": rows, "items": [{"id": at, "ward": WORDS[at % len(WORDS)]} for at in range(rows)]})


def tool_result(name, content):
    """The end of a conversation in which the tool was called and has given `content`."""
    return [{"role": "user", "content": "what is there?"},
            {"role": "assistant", "content": None, "tool_calls": [tool_call(name)]},
            {"role": "tool", "tool_call_id": "call_1", "content": content}]


class Caller:
    """One principal on one kept connection."""

    def __init__(self, town, name, key, source="127.0.0.1"):
        self.town, self.name, self.key, self.source = town, name, key, source
        self.random = random.Random("%d/%s" % (town.seed, name))
        self.connection = None

    def text(self, words=12):
        return " ".join(self.random.choice(WORDS) for _ in range(words)) + " %d?" % self.random.randrange(10 ** 6)

    def request(self, method, path, body=None, key=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.town.redoubt.port, timeout=20,
                                                         source_address=(self.source, 0))
        headers = {"Authorization": "Bearer " + (key or self.key)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        response = self.connection.getresponse()
        said = response.read()
        if response.will_close:
            self.close()
        return response.status, said

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def chat(self, content=None, model="small", messages=None, key=None, **extra):
        """One exchange; its status. `answer`, `call`: how many bytes, and which tool, the stand-in answers with."""
        wish = {name: extra.pop(name) for name in ("answer", "call", "say") if name in extra}
        body = {"model": model, "messages": messages or [{"role": "user", "content": content or self.text()}], **extra}
        if wish:
            body["user"] = json.dumps(wish)
        return self.request("POST", "/v1/chat/completions", body, key)[0]


class Town:
    def __init__(self, applications=(), tenants=(), policies="", seed=1, settings="", files=None, playbooks=False):
        """`applications` as `redoubt init` takes them; `files`: further ones of the bundle, by their names in it."""
        self.seed = seed
        self.folder = tempfile.mkdtemp(prefix="redoubt-town-")
        path = os.path.join(self.folder, "controls")
        with open(path, "wb") as file:
            file.write(bytes(2 * faults.Control.SIZE))
        with open(path, "r+b") as file:
            memory = mmap.mmap(file.fileno(), 2 * faults.Control.SIZE)
        os.chmod(path, 0o666)
        os.chmod(self.folder, 0o755)
        self.controls = (faults.Control(memory, 0), faults.Control(memory, faults.Control.SIZE))
        self.began = time.time()
        self.ahead = 0
        # Working days begin at nine o'clock.
        self.advance((9 * HOUR - self.now()) % DAY)
        self.upstream = harness.Upstream(self._answer)
        self.redoubt = harness.Redoubt(
            self.upstream.url, folder=self.folder, applications=applications, tenants=tenants, settings=settings,
            playbooks=playbooks,
            environment={"LD_PRELOAD": os.environ["REDOUBT_INTERPOSE"], "REDOUBT_FAULTS": path})
        if policies:
            with open(os.path.join(self.redoubt.dir, "policies", "default.cedar"), "w") as file:
                file.write(policies)
        for name, text in (files or {}).items():
            path = os.path.join(self.redoubt.dir, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        self.redoubt.start()
        self.callers = {name: Caller(self, name, key) for name, key in self.redoubt.keys.items()}

    def remove(self):
        for caller in self.callers.values():
            caller.close()
        self.redoubt.remove()
        self.upstream.close()

    def now(self):
        return time.time() + self.ahead

    def advance(self, seconds):
        """The clock never goes back."""
        self.ahead += int(seconds)
        for control in self.controls:
            control.clock_shift_s = self.ahead

    @staticmethod
    def _answer(request, connection):
        body = json.loads(request.split("\r\n\r\n", 1)[1]) if "\r\n\r\n{" in request else {}
        wish = json.loads(body.get("user") or "{}")
        if "call" in wish:
            message = {"role": "assistant", "content": None, "tool_calls": [tool_call(wish["call"])]}
        else:
            message = {"role": "assistant", "content": wish.get("say") or "answer " * (wish.get("answer", 700) // 7)}
        said = json.dumps({
            "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if "call" in wish else "stop"}],
            "usage": {"prompt_tokens": 30, "completion_tokens": 60, "total_tokens": 90}})
        connection.sendall(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                            (len(said), said)).encode())
        return True

    def together(self, works):
        """Runs functions side by side; what one raises is raised."""
        failed = []

        def run(work):
            try:
                work()
            except Exception as failure:  # pylint: disable=broad-except
                failed.append(failure)

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def day(self, hour_of, callers, hours=8):
        """A working day: `hour_of(caller, hour)` for each of them in each hour; the next morning follows."""
        for hour in range(hours):
            self.together([lambda caller=caller: hour_of(caller, hour) for caller in callers])
            self.advance(HOUR)
        self.advance((9 * HOUR - self.now()) % DAY)

    def ask(self, path):
        status, _, said = self.redoubt.admin("GET", path)
        if status != 200:
            raise AssertionError("%s: %d %s" % (path, status, said))
        return said

    def settle(self):
        """Waits until behaviour has read everything; how far it is."""
        seen = []

        def settled():
            seen.append(self.ask("/behaviour"))
            return seen[-1]["entries"] > 0 and [each["entries"] for each in seen[-4:]].count(seen[-1]["entries"]) == 4

        harness.wait_for(settled, 60)
        return seen[-1]

    def signals(self, **wanted):
        """Those that there are, the oldest first."""
        query = "&".join("%s=%s" % (name, value.replace("/", "%2F")) for name, value in wanted.items())
        return self.ask("/signals?limit=200" + ("&" + query if query else ""))["items"][::-1]
