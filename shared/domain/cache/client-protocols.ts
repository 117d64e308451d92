import type { CLIENT_KEYSPACES } from '../../contracts/cache-names.ts';
import type { SecondBody } from './judge-put.ts';

/**
 * What the programs of others do, as far as the server has to know it; docs/cache/clients.md. Each
 * has a keyspace of its own: a key of one is never an answer to another.
 */

export type ClientName = (typeof CLIENT_KEYSPACES)[number];

export interface ClientProtocol {
  /** Whether a GET that is sent to another origin is repeated there, without the token. */
  readonly followsGet: boolean;
  readonly second: SecondBody;
  readonly created: 200 | 201;
}

export const CLIENT_PROTOCOLS: Readonly<Record<ClientName, ClientProtocol>> = {
  ccache: { followsGet: false, second: 'replace', created: 201 },
  'bazel-ac': { followsGet: false, second: 'replace', created: 201 },
  'bazel-cas': { followsGet: false, second: 'conflict', created: 201 },
  sccache: { followsGet: true, second: 'replace', created: 201 },
  gradle: { followsGet: true, second: 'keep', created: 201 },
  turborepo: { followsGet: true, second: 'keep', created: 200 },
  nx: { followsGet: true, second: 'conflict', created: 200 },
};
