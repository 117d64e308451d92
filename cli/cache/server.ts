import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { CacheContext } from '../../shared/app/cache/context.ts';
import { createCacheApp } from '../../shared/http/cache/app.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';

export interface Listening {
  readonly url: string;
  /** Ends when the answers under way are given, or after a moment. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly allowPlainHttp: boolean;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/u;
const HEADERS_MS = 15_000;
/** A connection on which nothing moves, for instance of a reader that does not read. */
const IDLE_MS = 60_000;
/** Above BODY_IDLE_MS and its rate for the largest body: the app ends slow bodies by itself. */
const REQUEST_MS = 24 * 3_600_000;
const CONNECTIONS_MAX = 2_000;
const CLOSE_MS = 3_000;

export async function listen(context: CacheContext, options: ListenOptions): Promise<Listening> {
  const { host, port, tls } = options;
  if (tls === null && !LOOPBACK.test(host) && !options.allowPlainHttp) {
    throw new CliError(`tokens would travel unprotected: plain HTTP on ${host}`, {
      exitCode: EXIT.usage,
      advice: 'Give --tls-cert and --tls-key, or --allow-plain-http behind a proxy that has TLS.',
    });
  }
  const app = createCacheApp(context);
  const listener = getRequestListener(app.fetch);
  const server = createServer(tls, (request, response) => void listener(request, response));
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_MS);
  // Node's own 5 s close connections that a client is just about to use again.
  server.keepAliveTimeout = IDLE_MS;
  await start(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls === null ? 'http' : 'https'}://${name}:${bound}`,
    close: () => stop(server),
  };
}

function createServer(
  tls: ListenOptions['tls'],
  listener: Parameters<typeof createHttpServer>[1],
): Server {
  const limits = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS };
  if (tls === null) return createHttpServer(limits, listener);
  const pem = { cert: readPem(tls.cert), key: readPem(tls.key) };
  return createHttpsServer({ ...limits, ...pem, minVersion: 'TLSv1.2' }, listener);
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CliError(`the file cannot be read: ${path}`, { exitCode: EXIT.usage, cause });
  }
}

function start(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const advice = cause.code === 'EADDRINUSE' ? 'Choose another one with --port.' : '';
      failed(new CliError(`cannot listen on ${host} port ${port}`, { advice, cause }));
    });
    server.listen(port, host, () => done());
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    server.closeIdleConnections();
  });
}
