// How fast @cedar-policy/cedar-wasm decides, policies parsed before, entities and request as JSON for each decision:
// node cedar_wasm.mjs FOLDER < SECONDS. For each line of standard input, a number of seconds, one line of figures.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const tests = new URL('../../../tests/policy/package.json', import.meta.url);
const cedar = createRequire(tests)('@cedar-policy/cedar-wasm/nodejs');

// The module takes an object and makes JSON of it. Here the JSON is there already, which spares the peer both that and
// what reading it into an object would cost.
class JsonText {
  constructor(text) {
    this.text = text;
  }
}
const stringify = JSON.stringify;
JSON.stringify = (value, ...rest) => (value instanceof JsonText ? value.text : stringify(value, ...rest));

const folder = process.argv[2];
const parsed = cedar.preparsePolicySet('policies', { staticPolicies: readFileSync(`${folder}/policies.cedar`, 'utf8') });
if (parsed.type !== 'success') throw new Error(stringify(parsed));
const requests = readFileSync(`${folder}/requests.jsonl`, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => new JsonText(`{"preparsedPolicySetId":"policies","validateRequest":false,${line.slice(1)}`));

const decide = (request) => {
  const answer = cedar.statefulIsAuthorized(request);
  if (answer.type !== 'success') throw new Error(stringify(answer));
  return answer.response;
};

// The first time round is not measured; what it gives is compared with the other sides.
const given = { allowed: 0, reasons: 0, errors: 0 };
for (const request of requests) {
  const { decision, diagnostics } = decide(request);
  given.allowed += decision === 'allow' ? 1 : 0;
  given.reasons += diagnostics.reason.length;
  given.errors += diagnostics.errors.length;
}
console.log(`allowed=${given.allowed} reasons=${given.reasons} errors=${given.errors}`);

let next = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const length = Number(line) * 1000;
  const times = [];
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  for (let last = began; last - began < length; next = (next + 1) % requests.length) {
    decide(requests[next]);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  const wall = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  times.sort((a, b) => a - b);
  const at = (share) => (times[Math.floor(times.length * share)] * 1000).toFixed(4);
  console.log(
    `decisions_per_s=${(times.length / wall).toFixed(1)} cpu_us=${((user + system) / times.length).toFixed(4)} ` +
      `p50_us=${at(0.5)} p99_us=${at(0.99)}`,
  );
}
