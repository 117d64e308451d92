import { createServer } from 'node:net';
import { LOOPBACK } from './ministack-environment.ts';

/** A port of loopback that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}
