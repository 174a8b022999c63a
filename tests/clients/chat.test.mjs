// The official OpenAI client, unmodified, against Redoubt before the stand-in.
//
// From the environment: REDOUBT_URL (http://HOST:PORT), REDOUBT_KEY, REDOUBT_LIMITED_KEY (of the principal `limited`),
// REDOUBT_ADMIN_URL and REDOUBT_ADMIN_KEY (of an administrator), and REDOUBT_STANDIN_ONLY=1 when the URL is that of a bare
// stand-in, which knows no keys and gives no receipts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

const url = process.env.REDOUBT_URL;
const key = process.env.REDOUBT_KEY;
assert.ok(url && key, 'REDOUBT_URL and REDOUBT_KEY are needed');
const standinOnly = process.env.REDOUBT_STANDIN_ONLY === '1' ? 'the stand-in knows no keys and gives no receipts' : false;

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000 });
const model = 'standin';
const messages = [
  { role: 'system', content: 'You are brief.' },
  { role: 'user', content: 'What is a redoubt? — Ein Bollwerk, «übrigens» 🏰' },
];
const tools = [
  {
    type: 'function',
    function: {
      name: 'weather',
      description: 'the weather of a city',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', enum: ['Oslo', 'Zürich'] }, days: { type: 'integer' } },
        required: ['city', 'days'],
      },
    },
  },
];
const toolMessages = [{ role: 'user', content: 'Please use the tool: how is the weather?' }];

test('a whole chat is answered', async () => {
  const reply = await client.chat.completions.create({ model, messages });
  assert.equal(reply.object, 'chat.completion');
  assert.equal(reply.model, model);
  assert.equal(reply.choices.length, 1);
  assert.equal(reply.choices[0].message.role, 'assistant');
  assert.match(reply.choices[0].message.content, /^Stand-in reply [0-9a-f]{8}: /);
  assert.equal(reply.choices[0].finish_reason, 'stop');
  assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
});

test('a stream assembles to the text of the whole', async () => {
  const whole = await client.chat.completions.create({ model, messages });
  const stream = await client.chat.completions.create({
    model, messages, stream: true, stream_options: { include_usage: true },
  });
  let text = '';
  let chunks = 0;
  let finish = null;
  let usage = null;
  for await (const chunk of stream) {
    chunks += 1;
    assert.equal(chunk.object, 'chat.completion.chunk');
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? '';
      finish = choice.finish_reason ?? finish;
    }
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(finish, 'stop');
  assert.ok(chunks > 10, `${chunks} chunks`);
  assert.deepEqual(usage, whole.usage);
});

test('a different question gives a different answer', async () => {
  const one = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'one' }] });
  const two = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'two' }] });
  assert.notEqual(one.choices[0].message.content, two.choices[0].message.content);
});

test('a tool is called, its result sent back, and answered in words', async () => {
  const asked = await client.chat.completions.create({ model, messages: toolMessages, tools });
  assert.equal(asked.choices[0].finish_reason, 'tool_calls');
  const [call] = asked.choices[0].message.tool_calls;
  assert.equal(call.type, 'function');
  assert.equal(call.function.name, 'weather');
  const given = JSON.parse(call.function.arguments);
  assert.ok(['Oslo', 'Zürich'].includes(given.city), given.city);
  assert.ok(Number.isInteger(given.days));

  const history = [
    ...toolMessages,
    asked.choices[0].message,
    { role: 'tool', tool_call_id: call.id, content: '{"sky":"clear"}' },
  ];
  const answered = await client.chat.completions.create({ model, messages: history, tools });
  assert.equal(answered.choices[0].finish_reason, 'stop');
  assert.match(answered.choices[0].message.content, /^Stand-in reply /);
});

test('a streamed tool call assembles to the whole one', async () => {
  const whole = await client.chat.completions.create({ model, messages: toolMessages, tools });
  const runner = client.chat.completions.stream({ model, messages: toolMessages, tools });
  const streamed = await runner.finalChatCompletion();
  assert.equal(streamed.choices[0].finish_reason, 'tool_calls');
  const strip = ({ id, type, function: { name, arguments: given } }) => ({ id, type, name, given });
  assert.deepEqual(
    streamed.choices[0].message.tool_calls.map(strip), whole.choices[0].message.tool_calls.map(strip));
});

test('models are listed', async () => {
  const ids = [];
  for await (const entry of client.models.list()) ids.push(entry.id);
  assert.ok(ids.includes(model), ids.join());
});

test('an unknown model is not found', async () => {
  await assert.rejects(client.chat.completions.create({ model: 'no-such-model', messages }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.status, 404);
    assert.equal(error.code, 'model_not_found');
    assert.ok(error.error.message.length > 0);
    return true;
  });
});

test('what is not a chat request is refused', async () => {
  await assert.rejects(client.chat.completions.create({ model, messages: [] }), OpenAI.BadRequestError);
});

test('a wrong key is refused in the shape of the API', { skip: standinOnly }, async () => {
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-wrong', maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create({ model, messages }), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError, String(error));
    assert.equal(error.status, 401);
    assert.deepEqual(Object.keys(error.error).sort(), ['code', 'message', 'param', 'type']);
    assert.ok(!JSON.stringify(error.error).includes('sk-wrong'), 'the key is not repeated');
    return true;
  });
});

test('a reply carries a receipt', { skip: standinOnly }, async () => {
  const pattern = /^origin="[^"]+", index=\d+, leaf=:[A-Za-z0-9+/]{43}=:$/;
  const index = (response) => Number(/index=(\d+)/.exec(response.headers.get('redoubt-receipt'))[1]);
  const whole = await client.chat.completions.create({ model, messages }).withResponse();
  assert.match(whole.response.headers.get('redoubt-receipt'), pattern);
  const stream = await client.chat.completions.create({ model, messages, stream: true }).withResponse();
  assert.match(stream.response.headers.get('redoubt-receipt'), pattern);
  for await (const chunk of stream.data) assert.ok(chunk.id);
  assert.ok(index(stream.response) > index(whole.response), 'records are in order');
});

test('a stream that is abandoned leaves the server usable', async () => {
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    break;
  }
  const reply = await client.chat.completions.create({ model, messages });
  assert.equal(reply.choices[0].finish_reason, 'stop');
});

test('thirty-two requests at once are each answered with their own text', async () => {
  const ask = (i) => client.chat.completions.create({ model, messages: [{ role: 'user', content: `question ${i}` }] });
  const text = (reply) => reply.choices[0].message.content;
  const together = (await Promise.all(Array.from({ length: 32 }, (_, i) => ask(i)))).map(text);
  assert.equal(new Set(together).size, 32);
  for (const i of [0, 13, 31]) assert.equal(text(await ask(i)), together[i]);
});

// A limit of what `limited` may use in a day, in place of the last one; null lifts it.
let limit = null;
async function limitTo(quantity, amount) {
  const call = (method, path, body, fields = {}) => fetch(`${process.env.REDOUBT_ADMIN_URL}/admin/v1/limits${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.REDOUBT_ADMIN_KEY}`, 'content-type': 'application/json', ...fields },
    body: body && JSON.stringify(body),
  });
  if (limit) assert.equal((await call('DELETE', '/clients', null, { 'if-match': limit })).status, 204);
  limit = null;
  if (quantity === null) return;
  const wanted = { id: 'clients', subject_type: 'principal', subject: 'limited', quantity, period: 'day', amount };
  const reply = await call('POST', '', wanted);
  assert.equal(reply.status, 201);
  limit = reply.headers.get('etag');
}

const limited = new OpenAI({
  baseURL: `${url}/v1`, apiKey: process.env.REDOUBT_LIMITED_KEY ?? 'none', maxRetries: 0, timeout: 20_000,
});

test('beyond a limit the client raises its error of rates, with its headers', { skip: standinOnly }, async () => {
  await limitTo('requests', 1);
  const { response } = await limited.chat.completions.create({ model, messages }).withResponse();
  assert.equal(response.headers.get('x-ratelimit-limit-requests'), '1');
  assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '0');
  await assert.rejects(limited.chat.completions.create({ model, messages }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError, String(error));
    assert.equal(error.status, 429);
    assert.equal(error.type, 'rate_limit_error');
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.match(error.headers.get('retry-after'), /^\d+$/);
    assert.equal(error.headers.get('x-ratelimit-remaining-requests'), '0');
    assert.match(error.headers.get('ratelimit'), /^"principal-requests-day";r=0;t=\d+$/);
    return true;
  });
  await limitTo(null);
});

test('a stream that reaches a limit ends with an error', { skip: standinOnly }, async () => {
  await limitTo('bytes_out', 700);
  const stream = await limited.chat.completions.create({ model, messages, stream: true });
  let chunks = 0;
  await assert.rejects(async () => {
    for await (const chunk of stream) {
      assert.ok(chunk.id);
      chunks += 1;
    }
  }, (error) => {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.match(error.message, /the limit of bytes per day for this principal is reached/);
    return true;
  });
  assert.ok(chunks > 0);
  await limitTo(null);
});
