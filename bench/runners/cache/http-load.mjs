// One client that times requests: closed loop, connections kept.
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true });

/** Resolves to the body; anything but 200, 201 or 204 throws. */
export function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const request = http.request(url, { method, headers, agent }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', failed);
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        if ([200, 201, 204].includes(response.statusCode)) done(bytes);
        else failed(new Error(`${method} ${url}: ${response.statusCode} ${bytes}`));
      });
    });
    request.on('error', failed);
    request.end(body);
  });
}

/** Milliseconds of each request, one after the other. */
export async function timeEach(requests) {
  const times = [];
  for (const request of requests) {
    const started = performance.now();
    await request();
    times.push(performance.now() - started);
  }
  return times;
}

/** Requests a second with `width` of them under way. */
export async function throughput(requests, width) {
  const waiting = requests.values();
  const started = performance.now();
  const work = async () => {
    for (const request of waiting) await request();
  };
  await Promise.all(Array.from({ length: width }, work));
  return requests.length / ((performance.now() - started) / 1000);
}

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
