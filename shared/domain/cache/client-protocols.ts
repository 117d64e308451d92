import type { CLIENT_KEYSPACES } from '../../contracts/cache-names.ts';
import type { SecondBody } from './judge-put.ts';

/**
 * What the programs of others do, as far as the server has to know it; docs/cache/clients.md. Each
 * has a keyspace of its own: a key of one is never an answer to another.
 */

export type ClientName = (typeof CLIENT_KEYSPACES)[number];

export interface ClientProtocol {
  /**
   * Whether a GET that is sent to another origin is repeated there, without the token: S3 refuses a
   * link that comes with one. `unsigned`: only where no header of ours is needed with the body.
   */
  readonly followsGet: boolean | 'unsigned';
  readonly second: SecondBody;
  readonly created: 200 | 201;
}

export const CLIENT_PROTOCOLS: Readonly<Record<ClientName, ClientProtocol>> = {
  ccache: { followsGet: false, second: 'replace', created: 201 },
  'bazel-ac': { followsGet: false, second: 'replace', created: 201 },
  'bazel-cas': { followsGet: false, second: 'conflict', created: 201 },
  sccache: { followsGet: true, second: 'replace', created: 201 },
  gradle: { followsGet: false, second: 'keep', created: 201 },
  turborepo: { followsGet: 'unsigned', second: 'keep', created: 200 },
  nx: { followsGet: true, second: 'conflict', created: 200 },
};

export type Transfer = 'inline' | 'redirect' | 'refuse';

/** How a body gets to its reader on a host that passes on at most `inlineBytesMax` itself. */
export function chooseGet(follows: boolean, bytes: number, inlineBytesMax: number): Transfer {
  if (bytes <= inlineBytesMax) return 'inline';
  return follows ? 'redirect' : 'refuse';
}

/** Turborepo's signature comes in a header, which does not survive a redirect. */
export const SIGNATURE_HEADER = 'x-artifact-tag';

export function followsGet(
  client: ClientName,
  attributes: Readonly<Record<string, string>>,
): boolean {
  const { followsGet: follows } = CLIENT_PROTOCOLS[client];
  return follows === 'unsigned' ? attributes[SIGNATURE_HEADER] === undefined : follows;
}
