"""Made-up source and configuration files, with secrets in them and with what only looks like one.

There is no labelled set of secrets that may be passed on, so this one is generated: values are random in the forms that
providers document, names and lines are as programs have them, in shares as CredData reports its categories
(Samsung/CredData, README). What it says of a detector is how it does on these forms; real files have others. Nothing here
is shared with the rules of src/inspect, but the same people wrote both.

usage: bench/versus/secret_files.py FOLDER [SEED [FILES]]
"""

import base64
import json
import random
import string
import sys
import uuid
from pathlib import Path

HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
BASE64 = ALNUM + "+/"
URL_SAFE = ALNUM + "-_"
UPPER32 = string.ascii_uppercase + "234567"
WORDS = ("river winter garden copper falcon meadow silver dragon summer orange castle tiger monday coffee rocket shadow "
         "forest marble violet hunter sunset pepper wizard harbor").split()
NOUNS = ("order invoice customer session report message upload widget tenant backup metric region profile device cart "
         "shipment ledger ticket channel worker").split()


class Maker:
    """Random values. One for each file, so that files do not depend on each other."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, alphabet, least, most=None):
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most or least)))

    def pick(self, *choices):
        return self.random.choice(choices)

    def password(self):
        style = self.random.random()
        if style < 0.2:
            return self.pick(*WORDS).capitalize() + self.of(string.digits, 2, 4) + self.pick(*"!@#$%&*?")
        if style < 0.35:
            return self.pick(*WORDS) + self.of(string.digits, 2, 4)
        if style < 0.5:
            return self.of(string.ascii_lowercase, 8, 14)
        if style < 0.7:
            return self.of(string.ascii_lowercase + string.digits, 8, 16)
        if style < 0.85:
            return self.of(ALNUM, 8, 20)
        return self.of(ALNUM + "!@#%^&*_-+=?", 10, 20)

    def secret(self):
        return self.pick(self.of(HEX, 32), self.of(HEX, 40), self.of(HEX, 64), self.of(ALNUM, 20, 48),
                         self.of(BASE64, 43) + "=", self.of(BASE64, 62) + "==", self.of(URL_SAFE, 24, 48),
                         self.of(string.ascii_lowercase + string.digits, 24, 40))

    def uuid(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def jwt(self):
        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
        return ".".join((part({"alg": "HS256", "typ": "JWT"}),
                         part({"sub": self.of(string.digits, 6, 10), "iat": self.random.randrange(10**9, 2 * 10**9)}),
                         self.of(URL_SAFE, 43)))

    def provider(self):
        """Forms from the providers' own documentation."""
        return self.pick("AKIA" + self.of(UPPER32, 16), "ghp_" + self.of(ALNUM, 36), "AIza" + self.of(URL_SAFE, 35),
                         f"xoxb-{self.of(string.digits, 12)}-{self.of(string.digits, 12)}-{self.of(ALNUM, 24)}",
                         "sk_live_" + self.of(ALNUM, 24), f"SG.{self.of(URL_SAFE, 22)}.{self.of(URL_SAFE, 43)}",
                         "npm_" + self.of(ALNUM, 36), "glpat-" + self.of(URL_SAFE, 20), "dop_v1_" + self.of(HEX, 64),
                         "AC" + self.of(HEX, 32), f"https://hooks.slack.com/services/T{self.of(UPPER32, 8)}"
                         f"/B{self.of(UPPER32, 10)}/{self.of(ALNUM, 24)}", self.jwt(), self.jwt())

    def private_key(self):
        name = self.pick("RSA ", "EC ", "", "OPENSSH ")
        body = [self.of(BASE64, 64) for _ in range(self.random.randint(3, 24))]
        return "\n".join([f"-----BEGIN {name}PRIVATE KEY-----", *body, self.of(BASE64, 30) + "==",
                          f"-----END {name}PRIVATE KEY-----"])

    def connection(self):
        """A text, and the secret in it."""
        host = f"{self.pick(*NOUNS)}-db.internal"
        password = self.of(ALNUM, 9, 16)
        form = self.pick("postgres://{n}:{v}@{h}:5432/{n}", "mongodb+srv://{n}:{v}@{h}/{n}?retryWrites=true",
                         "amqp://{n}:{v}@{h}:5672", "redis://:{v}@{h}:6379/0", "mysql://{n}:{v}@{h}/{n}",
                         "Server={h};Database={n};User Id={n};Password={v};",
                         "jdbc:mysql://{h}/{n}?user={n}&password={v}",
                         "DefaultEndpointsProtocol=https;AccountName={n};AccountKey={v}")
        if "AccountKey" in form:
            password = self.of(BASE64, 86) + "=="
        return form.format(n=self.pick(*NOUNS), h=host, v=password), password

    def name(self, *ends):
        """A variable's name that ends so, spelled as programs spell it."""
        words = [self.pick(*NOUNS)] if self.random.random() < 0.6 else []
        words += self.pick(*ends).split("_")
        return self.pick("_".join(words), "_".join(words).upper(), words[0] + "".join(w.capitalize() for w in words[1:]))


def given(maker, ends, value):
    return maker.name(*ends), value, value


def true_one(maker):
    """(name, value, secret) of something that is given a secret; a private key has no name."""
    share = maker.random.random()
    if share < 0.34:
        return given(maker, ("password", "passwd", "pwd", "pass", "db_password", "admin_password"), maker.password())
    if share < 0.52:
        return given(maker, ("secret", "client_secret", "secret_key", "api_key", "apikey", "access_key", "signing_key",
                             "encryption_key"), maker.secret())
    if share < 0.62:
        return None, maker.private_key(), None
    if share < 0.72:
        return given(maker, ("token", "access_token", "auth_token", "refresh_token", "bot_token"), maker.secret())
    if share < 0.86:
        return given(maker, ("key", "token", "credential", "url", "value"), maker.provider())
    if share < 0.90:
        return given(maker, ("auth", "auth_key", "authorization"), maker.pick("", "Bearer ") + maker.secret())
    if share < 0.93:
        return given(maker, ("salt", "seed", "nonce", "iv"), maker.pick(maker.of(HEX, 32), maker.of(BASE64, 22) + "=="))
    if share < 0.95:
        return given(maker, ("client_secret", "api_key", "token"), maker.uuid())
    text, secret = maker.connection()
    return maker.name("url", "dsn", "connection"), text, secret


def false_one(maker):
    """(name, value) that looks like the above and is no secret."""
    word = maker.pick(*NOUNS)
    return maker.pick(
        (maker.name("id", "request_id", "trace_id", "tenant"), maker.uuid()),
        (maker.name("commit", "revision", "sha", "version"), maker.of(HEX, 40)),
        (maker.name("checksum", "digest", "md5", "etag"), maker.pick(maker.of(HEX, 32), maker.of(HEX, 64))),
        ("integrity", "sha512-" + maker.of(BASE64, 86) + "=="),
        ("image", f"registry.internal/{word}@sha256:{maker.of(HEX, 64)}"),
        (maker.name("password", "api_key", "secret", "token"),
         maker.pick("changeme", "<your-password>", "YOUR_API_KEY", "xxxxxxxxxxxxxxxx", "********", "${DB_PASSWORD}",
                    "{{ .Values.secret }}", "$(cat /run/secrets/db)", "TBD", "%(password)s", "null", "string",
                    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "<token>", "#{secret}",
                    "INSERT_TOKEN_HERE", "your-256-bit-secret", "00000000000000000000000000000000", "example")),
        (maker.name("password_label", "password_hint", "password_error"),
         maker.pick("Enter your password", "Forgot password?", "Passwort eingeben", "Mot de passe oublié", "password")),
        (maker.name("secret_name", "token_name", "key_name"), f"{word}-{maker.pick('tls', 'credentials', 'service')}"),
        (maker.name("token_url", "auth_endpoint"), f"https://auth.internal/{word}/oauth2/token"),
        (maker.name("key_path", "private_key_file", "password_file"), f"/etc/{word}/keys/{word}.pem"),
        (maker.name("cache_key", "sort_key", "foreign_key", "routing_key"), f"{word}.{maker.pick(*NOUNS)}.v2"),
        (maker.name("token_type", "auth_method", "grant_type"), maker.pick("bearer", "client_credentials", "oauth2")),
        (maker.name("public_key"), "ssh-rsa AAAAB3NzaC1yc2E" + maker.of(BASE64, 120) + " ops@" + word),
        (maker.name("icon", "logo"), "data:image/png;base64,iVBORw0KGgo" + maker.of(BASE64, 80)),
        (maker.name("class", "handler"), f"com.internal.{word}.PasswordResetTokenController"),
        (maker.name("selector", "test_id"), f"#{word}-password-input"),
        (maker.name("timestamp", "build"), maker.of(string.digits, 13)))


def reference(maker, kind):
    """A line that gives a value which is not in it."""
    name = maker.name("password", "token", "secret", "api_key")
    word = maker.pick(*NOUNS)
    lines = {
        "py": ('{n} = os.environ["{u}"]', "{n} = config.get('{n}')", "def login(user, {n}):", "{n}: str = None",
               "if {n} == other.{n}:", "{n} = getpass.getpass('Password: ')", "self.{n} = {n}"),
        "js": ("const {n} = process.env.{u};", "{n}: config.{w}.{n},", "let {n} = await getSecret('{w}');",
               "if (!{n}) throw new Error('{n} is required');", "{n}: PropTypes.string.isRequired,"),
        "java": ('String {n} = System.getenv("{u}");', "private String {n};", "this.{n} = {n};",
                 "return request.getParameter(\"{n}\");", "{n}Field = findViewById(R.id.{w}_password);"),
        "go": ('{n} := os.Getenv("{u}")', "{n} string `json:\"{n}\"`", "cfg.{n} = flags.{n}"),
        "yaml": ("{n}: ${{{u}}}", "{n}: !vault {w}/{n}", "secretKeyRef: {{ name: {w}-secret, key: {n} }}"),
        "env": ("{u}=${{{u}}}", "{u}=", "# {u} is set by the deployment"),
        "sh": ('export {u}="$1"', 'read -s -p "Password: " {n}', '{u}=$(vault read -field=value {w}/{n})'),
        "json": ('"{n}": null,', '"{n}": true,', '"{n}": {{ "type": "string", "minLength": 8 }},'),
    }[kind]
    return maker.pick(*lines).format(n=name, u=name.upper(), w=word)


def filler(maker, kind):
    a, b = maker.pick(*NOUNS), maker.pick(*NOUNS)
    number = maker.random.randrange(2, 9000)
    lines = {
        "py": ("import {a}s", "def load_{a}(self, {b}_id):", "    return [{a} for {a} in self.{b}s if {a}.active]",
               "    # {a}s are kept until the {b} is closed", "    timeout = {k}", "class {A}Manager(Base):", ""),
        "js": ("import {{ {a} }} from './{b}';", "function render{A}({b}) {{", "  return {a}.map(x => x.{b});", "}}",
               "  const limit = {k};", "// the {a} has no {b} yet", ""),
        "java": ("package com.internal.{a};", "public class {A}Service {{", "  private final {A} {a};",
                 "  @Override public int size() {{ return {k}; }}", "}}", ""),
        "go": ("package {a}", "func New{A}({b} *{B}) *{A} {{", "\treturn &{A}{{limit: {k}}}", "}}",
               "// {A} belongs to one {b}.", ""),
        "yaml": ("{a}:", "  replicas: {k}", "  - name: {b}", "# {a} of every {b}", "  enabled: true"),
        "env": ("{U}_HOST={b}.internal", "{U}_PORT={k}", "# {a} settings", "LOG_LEVEL=info"),
        "sh": ("set -e", 'echo "starting {a}"', "cd /srv/{a} && ./{b} --limit {k}", "# waits for the {b}", ""),
        "json": ('"{a}": {k},', '"{b}_enabled": true,', '"{a}": "{b}",'),
    }[kind]
    return maker.pick(*lines).format(a=a, b=b, A=a.capitalize(), B=b.capitalize(), U=a.upper(), k=number)


def assignment(maker, kind, name, value):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    forms = {
        "py": ('{n} = "{q}"', "{n} = '{q}'", '    "{n}": "{q}",', 'connect({n}="{q}")', 'os.environ["{u}"] = "{q}"'),
        "js": ('const {n} = "{q}";', "  {n}: '{q}',", 'client.set("{n}", "{q}");', "var {n} = '{q}';"),
        "java": ('String {n} = "{q}";', 'props.setProperty("{n}", "{q}");', 'private static final String {u} = "{q}";'),
        "go": ('{n} := "{q}"', '\t{n}: "{q}",', 'const {n} = "{q}"'),
        "yaml": ("{n}: {v}", '{n}: "{q}"', "  {n}: '{v}'"),
        "env": ("{u}={v}", "export {u}={v}", '{u}="{q}"'),
        "sh": ('export {u}="{q}"', "{u}='{v}'", 'run --{d} "{q}"'),
        "json": ('"{n}": "{q}",', '"{n}":"{q}",'),
    }[kind]
    return maker.pick(*forms).format(n=name, u=name.upper(), d=name.lower().replace("_", "-"), v=value, q=quoted)


def make_file(seed):
    """(end of the name, text, labels). A label is a half-open range of characters of the text."""
    maker = Maker(seed)
    kind = maker.pick("py", "js", "java", "go", "yaml", "env", "sh", "json", "yaml", "env")
    lines, labels, size = [], [], 0
    for _ in range(maker.random.randint(20, 60)):
        what = maker.random.random()
        secret = None
        if what < 0.05:
            name, value, secret = true_one(maker)
            line = value if name is None else assignment(maker, kind, name, value)
            secret = value if name is None else secret
        elif what < 0.13:
            line = assignment(maker, kind, *false_one(maker))
        elif what < 0.23:
            line = reference(maker, kind)
        else:
            line = filler(maker, kind)
        if secret is not None:
            at = size + line.rindex(secret)
            labels.append({"kind": "SECRET", "start": at, "end": at + len(secret)})
        lines.append(line)
        size += len(line) + 1
    return "." + kind, "\n".join(lines) + "\n", labels


def write(folder, seed=7, count=300):
    """The files, and FOLDER/secrets.jsonl: {"path", "text", "spans"} of each."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "secrets.jsonl", "w", encoding="utf-8") as lines:
        for number in range(count):
            end, text, labels = make_file(f"{seed}/{number}")
            path = folder / f"file{number:04}{end}"
            path.write_text(text, encoding="utf-8")
            lines.write(json.dumps({"path": str(path), "text": text, "spans": labels}) + "\n")
    return folder / "secrets.jsonl"


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__.strip())
    print(write(Path(sys.argv[1]), *sys.argv[2:3], *map(int, sys.argv[3:4])))
