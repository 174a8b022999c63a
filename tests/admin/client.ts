// What a program written against the document does: a key is made, used, replaced and revoked, by a client whose types a
// generator of others made from the document. It compiles only if the document says what the program needs.
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/schema.js';

type Principal = components['schemas']['Principal'];

// The steps that were taken, with the status of each.
export async function run(baseUrl: string, administrator: string): Promise<string[]> {
  const steps: string[] = [];
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${administrator}` } });
  const note = (what: string, response: Response): void => {
    steps.push(`${what} ${response.status}`);
  };
  const etag = (response: Response): string => response.headers.get('ETag') ?? 'none';

  const made = await client.POST('/admin/v1/principals', {
    params: { header: { 'Idempotency-Key': 'client-1' } },
    body: { id: 'robot', type: 'service_account', groups: ['auditors'], display_name: 'Robot' },
  });
  note('create principal', made.response);
  const principal = made.data as Principal;
  steps.push(`groups ${principal.groups.join()}`);

  const issued = await client.POST('/admin/v1/keys', { body: { principal: principal.id, scopes: ['admin.read'] } });
  note('issue key', issued.response);
  const data = issued.data as components['schemas']['IssuedKey'];
  const asRobot = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${data.secret ?? ''}` } });
  note('use key', (await asRobot.GET('/admin/v1/models', { params: { query: { limit: 10, enabled: true } } })).response);
  note('use key beyond its scope',
    (await asRobot.POST('/admin/v1/models', { body: { name: 'm', upstream: 'u' } })).response);

  const rotated = await client.POST('/admin/v1/keys/{id}/rotate', {
    params: { path: { id: data.key.id }, header: { 'If-Match': etag(issued.response) } },
    body: { overlap_s: 60 },
  });
  note('rotate key', rotated.response);
  const replacement = rotated.data as components['schemas']['IssuedKey'];
  for (const id of [data.key.id, replacement.key.id]) {
    const revoked = await client.POST('/admin/v1/keys/{id}/revoke', {
      params: { path: { id }, header: { 'If-Match': '*' } },
    });
    note('revoke key', revoked.response);
  }
  const refused = await asRobot.GET('/admin/v1/models');
  note('use revoked key', refused.response);
  steps.push(refused.error?.type ?? 'no problem');

  const seen = await client.GET('/admin/v1/principals/{id}', { params: { path: { id: principal.id } } });
  const stale = await client.PATCH('/admin/v1/principals/{id}', {
    params: { path: { id: principal.id }, header: { 'If-Match': '"999"' } },
    body: { display_name: null },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  note('change a stale version', stale.response);
  const gone = await client.DELETE('/admin/v1/principals/{id}', {
    params: { path: { id: principal.id }, header: { 'If-Match': etag(seen.response) } },
  });
  note('delete principal', gone.response);
  return steps;
}

// What the types must refuse: tsc complains when one of these lines is no mistake.
export async function mistakes(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  // @ts-expect-error a principal has a type
  await client.POST('/admin/v1/principals', { body: { id: 'x' } });
  // @ts-expect-error of four
  await client.POST('/admin/v1/principals', { body: { id: 'x', type: 'robot' } });
  // @ts-expect-error what is changed is named by its version
  await client.DELETE('/admin/v1/groups/{id}', { params: { path: { id: 'g' } } });
  // @ts-expect-error there is no such operation
  await client.GET('/admin/v1/nothing');
}
