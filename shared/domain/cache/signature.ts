import { createHash, createPublicKey, verify } from 'node:crypto';

/** What a native writer signs; docs/cache/protocol.md. */
export interface SignedFacts {
  readonly namespace: string;
  readonly key: string;
  readonly digest: string;
  readonly bytes: number;
  readonly toolchain: string;
}

export const signedText = (it: SignedFacts): string =>
  `mithril-cache-entry-v1\n${it.namespace}\n${it.key}\n${it.digest}\n${it.bytes}\n${it.toolchain}\n`;

/** Of a raw public key of 32 bytes. */
export const keyIdOf = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

/** DER of an Ed25519 public key, less the key itself (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** `publicKeys`: hex of 32 bytes. False also where no key has the id. */
export function isSignedBy(
  publicKeys: readonly string[],
  signature: string,
  facts: SignedFacts,
): boolean {
  const [keyId, value = ''] = signature.split(':', 2);
  const raw = publicKeys.map((it) => Buffer.from(it, 'hex')).find((it) => keyIdOf(it) === keyId);
  if (raw === undefined) return false;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, raw]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, Buffer.from(signedText(facts)), key, Buffer.from(value, 'base64'));
}
