// The page's verifier against ours in C++, against files that our logs make, and against published data.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { appraise } from '../../console/verify/appraise.mjs';
import { Refused, base64, concat, fromBase64, fromUtf8, parseHash, utf8 } from '../../console/verify/bytes.mjs';
import { parseCheckpoint, parseProofFile } from '../../console/verify/checkpoint.mjs';
import { canCheckSignatures, parseNote, parseVerifierKey, type, verifyEd25519 } from '../../console/verify/note.mjs';
import { parsePolicy } from '../../console/verify/policy.mjs';
import { parseReceipt } from '../../console/verify/receipt.mjs';
import { recognise } from '../../console/verify/recognise.mjs';
import { parseTilePath } from '../../console/verify/tile.mjs';
import { consistencyRoots, leafHash, nodeHash, sha256, verifyInclusion } from '../../console/verify/tree.mjs';
import { gatherTrust, openCheckpoint } from '../../console/verify/trust.mjs';
import { data, dataJson, dataPath, judged, made, text, withoutData } from './support.mjs';

const now = 1700000600n; // ten minutes after the cosignatures of page_cases
const item = (name, bytes = made[name]) => ({ kind: recognise(name, bytes), name, bytes, path: name });
const appraised = (...names) =>
  appraise(names.map((name) => (typeof name === 'string' ? item(name) : name)), now);
const said = ({ groups }, state) =>
  groups.flatMap(({ statements }) => statements).filter((statement) => statement.state === state).map((s) => s.text).join('\n');

async function holds(step) {
  try {
    await step();
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

async function proofHolds(bytes, leaf, trust) {
  const file = parseProofFile(bytes);
  const { signers, checkpoint } = await openCheckpoint(file.checkpoint, trust);
  if (signers.length === 0) throw new Refused('no known key signed');
  await verifyInclusion(leaf, file.index, checkpoint.size, file.proof, checkpoint.root);
}

// ---- agreement with the C++ verifier

const readers = {
  proof: (bytes, leaf, trust) => proofHolds(bytes, leaf, trust),
  checkpoint: async (bytes, leaf, trust) => {
    const { signers } = await openCheckpoint(bytes, trust);
    if (signers.length === 0) throw new Refused('no known key signed');
  },
  receipt: (bytes) => {
    const receipt = fromUtf8(bytes);
    if (receipt === null) throw new Refused('not UTF-8');
    parseReceipt(receipt);
  },
  vkey: (bytes) => {
    const vkey = fromUtf8(bytes);
    if (vkey === null) throw new Refused('not UTF-8');
    return parseVerifierKey(vkey);
  },
  tile_path: (bytes) => {
    if (parseTilePath(fromUtf8(bytes) ?? '') === null) throw new Refused('no tile path');
  },
};

for (const [what, reader] of Object.entries(readers)) {
  test(`page and C++ agree on every damaged ${what}`, async () => {
    const trust = await gatherTrust([text('vkey')]);
    const cases = judged.filter((one) => one.what === what);
    const accepted = cases.filter((one) => one.holds).length;
    assert.ok(cases.length >= 200 && accepted > 5 && accepted < cases.length - 5, `${accepted} of ${cases.length}`);
    for (const { bytes, leaf, holds: expected } of cases) {
      const verdict = await holds(() => reader(bytes, leaf, trust));
      assert.equal(verdict, expected, `${what} ${base64(bytes)} leaf ${base64(leaf)}`);
    }
  });
}

test('a proof does not hold after any change of a byte', async () => {
  const trust = await gatherTrust([text('vkey')]);
  const leaf = await leafHash(made.record);
  await proofHolds(made.proof, leaf, trust);
  for (let at = 0; at < made.proof.length; ++at) {
    for (const bit of [1, 0x80]) {
      const altered = made.proof.map((byte, i) => (i === at ? byte ^ bit : byte));
      assert.ok(!(await holds(() => proofHolds(altered, leaf, trust))), `bit ${bit} at ${at}`);
    }
  }
});

test('a proof does not hold when it is cut short anywhere, or goes on', async () => {
  const trust = await gatherTrust([text('vkey')]);
  const leaf = await leafHash(made.record);
  for (let size = 0; size < made.proof.length; ++size) {
    assert.ok(!(await holds(() => proofHolds(made.proof.slice(0, size), leaf, trust))), `${size} bytes`);
  }
  assert.ok(!(await holds(() => proofHolds(concat(made.proof, [0x0a]), leaf, trust))));
});

// ---- what is said of things given together

test('a cosigned proof under a policy is proven, and says by whom', async () => {
  for (const subject of [['record'], ['receipt'], ['record', 'receipt']]) {
    const report = await appraised(...subject, 'cosigned_proof', 'policy');
    assert.equal(report.verdict, 'proven', JSON.stringify(report));
    assert.match(report.detail, /example\.com\/page.*2 witnesses: witness\.example\/one, witness\.example\/two/);
    assert.match(said(report, 'holds'), /2023-11-14 22:13:20 UTC, 10 minutes ago/);
    assert.match(said(report, 'holds'), /quorum of witnesses is met, as of 2023-11-14 22:13:20 UTC/);
    assert.equal(said(report, 'fails') + said(report, 'open'), '');
  }
});

test('a proof that no witness cosigned is by a single signer, freshness unproven', async () => {
  for (const given of [['proof', 'vkey'], ['cosigned_proof', 'vkey']]) {
    const report = await appraised('record', ...given);
    assert.equal(report.verdict, 'alone');
    assert.match(said(report, 'open'), /single signer, freshness unproven/);
  }
});

test('a quorum that is not met leaves everything unproven', async () => {
  const report = await appraised('record', 'half_cosigned_proof', 'policy');
  assert.equal(report.verdict, 'open');
  assert.match(report.headline, /quorum/);
  assert.match(said(report, 'open'), /not accepted/);
  assert.equal((await appraised('record', 'half_cosigned_proof', 'vkey', 'witness_vkeys')).verdict, 'proven');
});

test('a cosignature from the future is not counted', async () => {
  const items = ['record', 'cosigned_proof', 'policy'].map((name) => item(name));
  const report = await appraise(items, 1600000000n);
  assert.equal(report.verdict, 'open');
  assert.match(said(report, 'open'), /clock has not reached/);
});

test('a cosignature of no time does not hold', async () => {
  assert.equal((await appraised('record', 'undated_proof', 'vkey')).verdict, 'alone');
  assert.equal((await appraised('record', 'undated_proof', 'vkey', 'witness_vkeys')).verdict, 'fails');
});

test('unknown keys are ignored and listed', async () => {
  const report = await appraised('record', 'cosigned_proof', 'vkey');
  assert.match(said(report, 'note'), /Ignored: a line of witness\.example\/one \([0-9a-f]{8}\).*in length an Ed25519 cosignature/);
  assert.match(said(report, 'note'), /witness\.example\/two/);
  assert.match(said(report, 'note'), /the log's line for receipts of COSE/);
  assert.doesNotMatch(said(report, 'note'), /a line of example\.com\/page/);
});

test('without the key of the log nothing is proven', async () => {
  const report = await appraised('record', 'receipt', 'cosigned_proof', 'witness_vkeys');
  assert.equal(report.verdict, 'open');
  assert.match(report.headline, /key is missing/);
});

test('a cosignature that does not hold spoils the checkpoint', async () => {
  const lines = text('cosigned_proof').split('\n');
  const at = lines.findIndex((line) => line.includes('witness.example/one'));
  const signature = fromBase64(lines[at].split(' ')[2]);
  for (const position of [4, 11, 12, signature.length - 1]) { // 4 to 11 are the time
    const altered = signature.map((byte, i) => (i === position ? byte ^ 1 : byte));
    lines[at] = `\u2014 witness.example/one ${base64(altered)}`;
    const report = await appraised('record', item('proof', utf8(lines.join('\n'))), 'policy');
    assert.equal(report.verdict, 'fails', `byte ${position}`);
  }
});

test('a receipt alone proves nothing yet', async () => {
  const report = await appraised('receipt');
  assert.equal(report.verdict, 'open');
  assert.match(said(report, 'open'), /receipt alone proves nothing yet/);
  assert.equal(said(report, 'holds'), '');
  const covered = await appraised('receipt', 'checkpoint', 'vkey');
  assert.equal(covered.verdict, 'open');
  assert.match(said(covered, 'open'), /only a proof file ties/);
  const later = item('receipt', utf8(text('receipt').replace(/index=\d+/, 'index=100000')));
  assert.match(said(await appraised(later, 'checkpoint', 'vkey'), 'open'), /No checkpoint given covers entry 100000/);
});

test('receipts are read as people copy them', async () => {
  for (const [before, after] of [['Redoubt-Receipt: ', '\n'], [': redoubt-receipt ', '\n\n'], ['  ', '  ']]) {
    const receipt = item('pasted text', utf8(before + text('receipt') + after));
    assert.equal(receipt.kind, 'receipt');
    assert.equal((await appraised(receipt, 'proof', 'vkey')).verdict, 'alone');
  }
});

test('a receipt for another log, entry or record contradicts the proof', async () => {
  const receipt = text('receipt');
  for (const changed of [receipt.replace('example.com/page', 'example.com/other'),
                         receipt.replace(/index=(\d+)/, (whole, index) => `index=${Number(index) + 1}`),
                         receipt.replace(/:.*:$/, `:${base64(await sha256(utf8('x')))}:`)]) {
    assert.equal((await appraised(item('receipt', utf8(changed)), 'proof', 'vkey')).verdict, 'fails', changed);
    assert.equal((await appraised(item('receipt', utf8(changed)), 'record', 'proof', 'vkey')).verdict, 'fails', changed);
  }
});

test('a record is recognised with a newline behind it, and not after any other change', async () => {
  const longer = item('record', concat(made.record, [0x0a]));
  const report = await appraised(longer, 'receipt', 'proof', 'vkey');
  assert.equal(report.verdict, 'alone');
  assert.match(said(report, 'holds'), /without its last newline/);
  for (const bytes of [concat(made.record, [0x0a, 0x0a]), concat(made.record, [0x20]), made.record.slice(0, -1)]) {
    assert.equal((await appraised({ ...longer, bytes }, 'proof', 'vkey')).verdict, 'fails');
  }
});

test('whatever cannot be read keeps everything from being proven', async () => {
  for (const kind of ['receipt', 'proof', 'checkpoint', 'keys', 'policy', 'tile', 'fork']) {
    const junk = { kind, name: 'junk', bytes: utf8('{}'), path: 'tile/0/000.p/1' };
    const report = await appraised('record', 'cosigned_proof', 'vkey', 'witness_vkeys', junk);
    assert.equal(report.verdict, 'fails', kind);
  }
});

test('nothing given is nothing said', async () => {
  assert.deepEqual((await appraise([])).groups, []);
});

// ---- forks

test('a fork proof that holds is told as a fork', async () => {
  for (const name of ['fork_proof', 'fork_proof_same_size']) {
    assert.equal(item(name).kind, 'fork');
    const report = await appraised(name, 'vkey');
    assert.equal(report.verdict, 'fork', JSON.stringify(report));
    assert.equal((await appraised(name)).verdict, 'open'); // whose checkpoints these are is not known
    assert.equal((await appraised(name, 'witness_vkeys')).verdict, 'open');
  }
});

test('two histories that agree are no fork', async () => {
  assert.equal((await appraised('no_fork_proof', 'vkey')).verdict, 'fails');
});

test('a fork proof does not hold after any change of a byte', async () => {
  for (const name of ['fork_proof', 'fork_proof_same_size']) {
    for (let at = 0; at < made[name].length; at += 1) {
      const altered = made[name].map((byte, i) => (i === at ? byte ^ 1 : byte));
      const report = await appraised({ kind: 'fork', name, bytes: altered }, 'vkey');
      assert.notEqual(report.verdict, 'fork', `${name} at ${at}`);
    }
  }
});

test('two signed checkpoints of one size with different roots are a fork', async () => {
  assert.equal((await appraised('checkpoint', 'other_checkpoint', 'vkey')).verdict, 'fork');
  assert.equal((await appraised('checkpoint', 'other_checkpoint')).verdict, 'fails');
  assert.equal((await appraised('checkpoint', 'checkpoint', 'vkey')).verdict, 'open');
});

// ---- tiles

const tileNames = Object.keys(made).filter((name) => name.startsWith('tile/'));

test('the tiles of a log lead to the root that it signed, and hold its records', async () => {
  const report = await appraised('receipt', 'checkpoint', 'vkey', ...tileNames);
  assert.equal(report.verdict, 'alone', JSON.stringify(report));
  assert.match(said(report, 'holds'), /The hash of the record stands in tile\/0\//);
});

test('a tile does not hold after a change of any of its hashes', async () => {
  for (const name of tileNames) {
    for (let at = 0; at < made[name].length; at += 32) {
      const altered = made[name].map((byte, i) => (i === at ? byte ^ 1 : byte));
      const others = tileNames.filter((other) => other !== name);
      const report = await appraised('receipt', 'checkpoint', 'vkey', ...others, { ...item(name), bytes: altered });
      assert.equal(report.verdict, 'fails', `${name} at ${at}`);
    }
  }
});

test('a tile of another tree or length proves nothing', async () => {
  const path = 'tile/0/009';
  const report = await appraised('checkpoint', 'vkey', { kind: 'tile', name: path, path, bytes: new Uint8Array(8192) });
  assert.equal(report.verdict, 'open');
  assert.match(said(report, 'open'), /has no such tile/);
  const short = { kind: 'tile', name: path, path, bytes: new Uint8Array(8160) };
  assert.equal((await appraised('checkpoint', 'vkey', short)).verdict, 'fails');
});

// ---- keys and policies

test('ML-DSA-44 cosigners are recognised and not checked', async () => {
  const name = 'witness.example/quantum';
  const typed = concat([type.mlDsa44], new Uint8Array(1312).fill(7));
  const id = (await sha256(concat(utf8(name), [0x0a], typed))).slice(0, 4);
  const vkey = `${name}+${Buffer.from(id).toString('hex')}+${base64(typed)}`;
  const line = `\u2014 ${name} ${base64(concat(id, new Uint8Array(2428).fill(1)))}\n`;
  const proof = item('proof', concat(made.proof, utf8(line)));
  const known = await appraised('record', proof, 'vkey', item('keys', utf8(vkey)));
  assert.equal(known.verdict, 'alone');
  assert.match(said(known, 'note'), /ML-DSA-44: recognised, not checked/);
  assert.match(said(await appraised('record', proof, 'vkey'), 'note'), /quantum.*in length an ML-DSA-44 cosignature/);
  const policy = item('policy', utf8(`log ${text('vkey')}witness Q ${vkey}\nquorum Q\n`));
  assert.equal((await appraised('record', proof, policy)).verdict, 'open');
  for (const bytes of [new Uint8Array(2427), new Uint8Array(2429), new Uint8Array(2428).fill(0x80)]) {
    const malformed = item('proof', concat(made.proof, utf8(`\u2014 ${name} ${base64(concat(id, bytes))}\n`)));
    assert.equal((await appraised('record', malformed, 'vkey', item('keys', utf8(vkey)))).verdict, 'fails');
  }
});

test('two names for one key are not two witnesses', async () => {
  const one = await parseVerifierKey(text('witness_vkeys').split('\n')[0]);
  const log = await parseVerifierKey(text('vkey').trim());
  for (const publicKey of [one.publicKey, log.publicKey]) {
    const typed = concat([type.cosignature], publicKey);
    const id = (await sha256(concat(utf8('witness.example/again'), [0x0a], typed))).slice(0, 4);
    const again = utf8(`witness.example/again+${Buffer.from(id).toString('hex')}+${base64(typed)}\n`);
    const report = await appraised('record', 'cosigned_proof', 'vkey', 'witness_vkeys', item('keys', again));
    assert.equal(report.verdict, 'fails');
    assert.match(said(report, 'fails'), /not two parties/);
  }
});

test('policies are read as the standard has them', async () => {
  const [log, one, two] = [text('vkey').trim(), ...text('witness_vkeys').trim().split('\n')];
  const quorums = async (policy) => {
    const { witnesses, quorum } = await parsePolicy(utf8(policy));
    const sets = [[], [0], [1], [0, 1]].map((set) => set.map((i) => witnesses[i]));
    return sets.map((set) => Number(quorum.met((key) => set.includes(key)))).join('');
  };
  const both = `witness A ${one}\n\t witness  B\t${two} \n`;
  assert.equal(await quorums(`${both}group g all A B\nquorum g\n`), '0001');
  assert.equal(await quorums(`${both}group g any A B\nquorum g\n`), '0111');
  assert.equal(await quorums(`${both}group g 2 A B\ngroup h 1 g\nquorum h\n`), '0001');
  assert.equal(await quorums(`${both}quorum B\n`), '0011');
  assert.equal(await quorums(`# none\n\nlog ${log} https://log.example\n${both}quorum none\n`), '1111');
  for (const bad of [
    '', 'quorum none', `log ${log}\n`, 'quorum none\nquorum none\n', 'quorum A\n', `quorum A\nwitness A ${one}\n`,
    `${both}group g 3 A B\nquorum g\n`, `${both}group g 0 A B\nquorum g\n`, `${both}group g 02 A B\nquorum g\n`,
    `${both}group g all A A\nquorum g\n`, `${both}group g all A\ngroup h all A\nquorum g\n`,
    `${both}group A all B\nquorum A\n`, `${both}group none all A\nquorum none\n`, `${both}group g all none\nquorum g\n`,
    `${both}group g all\nquorum none\n`, `witness A ${one}\nwitness C ${one}\nquorum none\n`,
    `witness A ${one}\nwitness A ${two}\nquorum none\n`, `witness A ${log}\nquorum none\n`, `log ${one}\nquorum none\n`,
    `log ${log}\nlog ${log}\nquorum none\n`, `log ${log} url more\nquorum none\n`, 'mirror x\nquorum none\n',
    'quorum none\r\n', 'quorum none\n\0\n', 'quorum none none\n', 'Quorum none\n',
  ]) {
    assert.ok(!(await holds(() => parsePolicy(utf8(bad)))), JSON.stringify(bad));
  }
});

test('a base64 string has one spelling', () => {
  for (const good of ['', 'AA==', 'AAA=', 'AAAA', '+/+/']) assert.ok(fromBase64(good), good);
  for (const bad of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA=A', 'A===', '====', ' AAAA', 'AAAA\n', 'AA_-', 'AA==AA==']) {
    assert.equal(fromBase64(bad), null, bad);
  }
});

test('Ed25519 is that of RFC 8032', async () => {
  assert.ok(await canCheckSignatures());
  const key = fromBase64('11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='); // §7.1, test 1: an empty message
  const signature = fromBase64('5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==');
  assert.ok(await verifyEd25519(key, new Uint8Array(), signature));
  assert.ok(!(await verifyEd25519(key, Uint8Array.of(0), signature)));
  assert.ok(!(await verifyEd25519(key, new Uint8Array(), signature.slice(1))));
  assert.ok(!(await verifyEd25519(new Uint8Array(31), new Uint8Array(), signature)));
});

// ---- published data

const probes = (kind) => readdirSync(dataPath(`merkle-probes/${kind}`), { recursive: true })
  .map(String).filter((name) => name.endsWith('.json')).map((name) => ({ name, ...dataJson(`merkle-probes/${kind}/${name}`) }));

// Some probes have what is no hash at all: to refuse to read it is the refusal that is wanted.
function hashOf(encoded) {
  const hash = parseHash(encoded);
  if (hash === null) throw new Refused('not a hash');
  return hash;
}

test('inclusion probes of others get the right verdict', { skip: withoutData }, async () => {
  const cases = probes('inclusion');
  assert.ok(cases.length > 50);
  for (const { name, leafIdx, treeSize, root, leafHash: leaf, proof, wantErr } of cases) {
    const verdict = await holds(() => verifyInclusion(
      hashOf(leaf), BigInt(leafIdx), BigInt(treeSize), (proof ?? []).map(hashOf), hashOf(root)));
    assert.equal(verdict, !wantErr, name);
  }
});

test('consistency probes of others get the right verdict', { skip: withoutData }, async () => {
  let compared = 0;
  for (const { name, size1, size2, root1, root2, proof, wantErr } of probes('consistency')) {
    if (size1 === 0 || size1 >= size2) continue; // no path leads from these
    const implied = (size1 & (size1 - 1)) === 0;
    const path = [...(implied ? [root1] : []), ...(proof ?? [])];
    const verdict = await holds(async () => {
      const { fr, sr } = await consistencyRoots(BigInt(size1), BigInt(size2), path.map(hashOf));
      if (base64(fr) !== root1 || base64(sr) !== root2) throw new Refused('other roots');
    });
    assert.equal(verdict, !wantErr, name);
    ++compared;
  }
  assert.ok(compared > 30);
});

test("the standard's examples are read as far as they are complete", { skip: withoutData }, async () => {
  assert.equal(parseNote(fromUtf8(data('c2sp-examples/signed-note-0.txt'))).signatures[0].id, '367ba04b');
  const checkpoint = parseCheckpoint(parseNote(fromUtf8(data('c2sp-examples/tlog-checkpoint-0.txt'))).text);
  assert.equal(checkpoint.size, 20852163n);
  const proof = parseProofFile(data('c2sp-examples/tlog-proof-0.txt'));
  assert.equal(proof.index, 73894n);
  assert.equal(proof.proof.length, 5);
});

test('tiles and checkpoints of a Tessera log agree', { skip: withoutData }, async () => {
  const keys = { kind: 'keys', name: 'vkey', bytes: data('tessera-log-15/vkey.txt') };
  for (let size = 1; size <= 10; ++size) {
    const checkpoint = { kind: 'checkpoint', name: 'checkpoint', bytes: data(`tessera-log-15/checkpoint.${size}`) };
    const path = `tile/0/000.p/${size}`;
    const tile = { kind: 'tile', name: path, path, bytes: data(`tessera-log-15/${path}`) };
    const report = await appraised(keys, checkpoint, tile);
    assert.match(said(report, 'holds'), /its hashes lead to the root that the log signed/);
    assert.equal(said(report, 'fails'), '');
    const altered = { ...tile, bytes: tile.bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) };
    assert.equal((await appraised(keys, checkpoint, altered)).verdict, 'fails');
  }
});

test('tiles of a mirror lead to the root it cosigned', { skip: withoutData }, async () => {
  const mirror = 'skylight-mirror-300/witness/mirror';
  const folder = `${mirror}/${readdirSync(dataPath(mirror)).find((name) => name.length === 64)}`;
  const paths = ['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1'];
  const checkpoint = { kind: 'checkpoint', name: 'checkpoint', bytes: data(`${folder}/checkpoint`) };
  const tiles = paths.map((path) => ({ kind: 'tile', name: path, path, bytes: data(`${folder}/${path}`) }));
  for (const given of [tiles, tiles.slice(0, 2)]) { // the roots of full tiles stand in for the level above
    const report = await appraised(checkpoint, ...given);
    assert.equal(report.verdict, 'open'); // nobody known signed
    assert.equal((said(report, 'open').match(/is of the tree of 300 entries/g) ?? []).length, given.length);
  }
});

test("Rekor's checkpoints and inclusion proofs hold with the trusted root", { skip: withoutData }, async () => {
  const bad = new Set(['rekor2-checkpoint-missing-log-signature_fail', 'rekor2-checkpoint-missing-root-hash_fail',
                       'rekor2-checkpoint-missing-size_fail', 'rekor2-checkpoint-no-matching-signature_fail']);
  let proven = 0;
  let refused = 0;
  for (const name of readdirSync(dataPath('rekor2-bundles'))) {
    let root;
    try {
      root = dataJson(`rekor2-bundles/${name}/trusted_root.json`);
    } catch {
      continue;
    }
    const vkeys = [];
    for (const log of root.tlogs.filter(({ publicKey }) => publicKey.keyDetails === 'PKIX_ED25519')) {
      const typed = concat([type.ed25519], fromBase64(log.publicKey.rawBytes).slice(-32));
      const origin = log.baseUrl.split('//')[1];
      const id = (await sha256(concat(utf8(origin), [0x0a], typed))).slice(0, 4);
      vkeys.push(`${origin}+${Buffer.from(id).toString('hex')}+${base64(typed)}\n`);
    }
    const keys = { kind: 'keys', name: 'keys', bytes: utf8(vkeys.join('')) };
    const { tlogEntries } = dataJson(`rekor2-bundles/${name}/bundle.sigstore.json`).verificationMaterial;
    for (const { inclusionProof, canonicalizedBody } of tlogEntries) {
      if (!inclusionProof?.checkpoint) continue;
      const head = ['c2sp.org/tlog-proof@v1', `index ${inclusionProof.logIndex}`, ...inclusionProof.hashes, '', ''];
      const proof = { kind: 'proof', name: 'proof', bytes: utf8(head.join('\n') + inclusionProof.checkpoint.envelope) };
      const record = { kind: 'record', name: 'record', bytes: fromBase64(canonicalizedBody) };
      const report = await appraised(keys, proof, record);
      assert.equal(['alone', 'proven'].includes(report.verdict), !bad.has(name), `${name} ${JSON.stringify(report)}`);
      bad.has(name) ? ++refused : ++proven;
    }
  }
  assert.ok(proven >= 10);
  assert.equal(refused, 4);
});

test('node and leaf hashes are those of RFC 6962', async () => {
  const hex = (bytes) => Buffer.from(bytes).toString('hex');
  assert.equal(hex(await leafHash(new Uint8Array())), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  const [left, right] = [await leafHash(new Uint8Array()), await leafHash(Uint8Array.of(0))];
  assert.equal(hex(await nodeHash(left, right)), 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125');
});
