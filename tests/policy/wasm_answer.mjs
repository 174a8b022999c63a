// Answers to cases by @cedar-policy/cedar-wasm: node wasm_answer.mjs < CASES > ANSWERS, one JSON object a line each
// (README.md).
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs');

// The module takes objects and makes JSON of them. Ours pass as the text that they are: JavaScript's numbers would
// round 64-bit integers, and its parser drop repeated keys.
class JsonText {
  constructor(text) {
    this.text = text;
  }
}
const stringify = JSON.stringify;
JSON.stringify = (value, ...rest) => (value instanceof JsonText ? value.text : stringify(value, ...rest));
const object = (members) =>
  new JsonText(
    `{${Object.entries(members)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${stringify(name)}:${value instanceof JsonText ? value.text : stringify(value)}`)
      .join(',')}}`,
  );

// What the module answers; text that it cannot read at all makes it throw.
const ask = (call, ...given) => {
  try {
    return call(...given);
  } catch (problem) {
    return { type: 'failure', errors: [{ message: String(problem) }] };
  }
};

function policySet(testCase) {
  if (testCase.mutated) return { staticPolicies: testCase.policies[0].text };
  const named = (template) =>
    Object.fromEntries(
      testCase.policies.map(({ text, template: is }, i) => [`policy${i}`, text, is]).filter(([, , is]) => is === template),
    );
  return { staticPolicies: named(false), templates: named(true), templateLinks: [] };
}

// Adds those links that can be made, and says which.
function link(policies, links, succeeds) {
  return links.map(({ id, template, values }) => {
    policies.templateLinks.push({ newId: id, templateId: template, values });
    const made = succeeds(cedar.checkParsePolicySet, policies);
    if (!made) policies.templateLinks.pop();
    return made;
  });
}

function answer(testCase) {
  const why = [];
  const succeeds = (call, ...given) => {
    const answered = ask(call, ...given);
    if (answered.type !== 'success') why.push(...answered.errors.map(({ message }) => message));
    return answered.type === 'success';
  };

  const policies = policySet(testCase);
  const made = { case: testCase.case, policies: succeeds(cedar.checkParsePolicySet, policies), links: [] };
  if (made.policies) made.links = link(policies, testCase.links, succeeds);
  if (made.policies) made.policies = succeeds(cedar.preparsePolicySet, 'case', policies);

  const schema = testCase.schema ?? (testCase.schema_json && new JsonText(testCase.schema_json));
  if (schema !== undefined) {
    made.schema = succeeds(cedar.checkParseSchema, schema) && succeeds(cedar.preparseSchema, 'case', schema);
  }
  if (made.schema && made.policies) {
    const answered = ask(cedar.validate, object({ schema, policies }));
    const errors = answered.validationErrors ?? [];
    made.valid = answered.type === 'success' && errors.length === 0;
    made.invalid = [...new Set(errors.map(({ policyId }) => policyId))].sort();
    why.push(...errors.map(({ error }) => error.message));
  }

  const entities = new JsonText(testCase.entities);
  made.entities = succeeds(cedar.checkParseEntities, object({ entities }));
  if (made.schema) made.typed_entities = succeeds(cedar.checkParseEntities, object({ entities, schema }));
  const nothing = new JsonText('[]');

  const decide = (question, how) => {
    const answered = ask(cedar.statefulIsAuthorized, object({ preparsedPolicySetId: 'case', ...question, ...how }));
    if (answered.type !== 'success') {
      why.push(...answered.errors.map(({ message }) => message));
      return null;
    }
    const { decision, diagnostics } = answered.response;
    return { decision, reasons: diagnostics.reason.sort(), errors: diagnostics.errors.map(({ policyId }) => policyId).sort() };
  };
  made.requests = testCase.requests.map(({ principal, action, resource, context: text }) => {
    const context = new JsonText(text);
    const question = { principal, action, resource, context };
    const answered = { context: succeeds(cedar.checkParseContext, object({ context })), plain: null };
    if (answered.context && made.policies && made.entities) {
      answered.plain = decide(question, { entities, validateRequest: false });
    }
    if (!made.schema) return answered;
    const typed = { preparsedSchemaName: 'case', validateRequest: true };
    const asked = { ...question, ...typed, entities: nothing, preparsedPolicySetId: 'none' };
    answered.fits = succeeds(cedar.statefulIsAuthorized, object(asked));
    answered.typed = null;
    if (answered.fits && made.policies && made.typed_entities) answered.typed = decide(question, { ...typed, entities });
    return answered;
  });
  return { ...made, why };
}

cedar.preparsePolicySet('none', {});
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${stringify(answer(JSON.parse(line)))}\n`);
}
