import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { type EntryTable, EntryTableError } from '../../shared/ports/entry-table.ts';
import {
  type MultipartStore,
  type ObjectReference,
  type ObjectStore,
  ObjectStoreError,
} from '../../shared/ports/object-store.ts';
import { WorkflowError } from '../../shared/ports/workflow.ts';

/** The worker is gone: whatever it does next fails as well. */
export class Kill extends Error {
  override readonly name = 'Kill';
}

export const FAULTS = [
  'error before effect',
  'error after effect',
  'timeout, late effect',
  'kill before effect',
  'kill after effect',
  'throttle',
  'duplicate',
  'short read',
  'outage of 14 calls',
] as const;
export type Fault = (typeof FAULTS)[number];

const OUTAGE_CALLS = 14;
/** Turns of the event loop until the effect of a call that timed out is seen after all. */
const LATE_TURNS = 25;

type Fail = (code: string) => Error;

export interface Call<T> {
  readonly site: string;
  readonly fail: Fail;
  readonly effect: () => Promise<T>;
  /** Cuts an answer; null where this call has none to cut. */
  readonly cut: ((answer: T) => T) | null;
}

export interface Worker {
  isDead: boolean;
}

/** Counts every call of every port and injects one fault at the Nth. */
export class Injector {
  readonly sites = new Map<string, number>();
  readonly #fault: Fault | null;
  readonly #target: number;
  readonly #late: Promise<unknown>[] = [];
  #count = 0;
  /** The site where the fault was injected, or null while it was not. */
  hit: string | null = null;

  constructor(fault: Fault | null, target: number) {
    this.#fault = fault;
    this.#target = target;
  }

  async call<T>(worker: Worker, call: Call<T>): Promise<T> {
    if (worker.isDead) {
      throw new Kill('the worker was killed');
    }
    if (this.#fault === 'short read' && call.cut === null) {
      return call.effect();
    }
    this.#count += 1;
    this.sites.set(call.site, (this.sites.get(call.site) ?? 0) + 1);
    if (this.#fault === 'outage of 14 calls' && this.hit !== null) {
      if (this.#count < this.#target + OUTAGE_CALLS) {
        throw call.fail('ServiceUnavailable');
      }
    }
    if (this.#fault === null || this.hit !== null || this.#count < this.#target) {
      return call.effect();
    }
    this.hit = call.site;
    return this.inject(this.#fault, worker, call);
  }

  /** Effects of calls that timed out have happened when this resolves. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#late);
  }

  protected async inject<T>(fault: Fault, worker: Worker, call: Call<T>): Promise<T> {
    switch (fault) {
      case 'error before effect':
      case 'outage of 14 calls':
        throw call.fail('ServiceUnavailable');
      case 'throttle':
        throw call.fail('SlowDown');
      case 'error after effect':
        await call.effect();
        throw call.fail('InternalError');
      case 'timeout, late effect':
        this.#late.push(this.#effectLater(call.effect));
        throw call.fail('RequestTimeout');
      case 'kill before effect':
        worker.isDead = true;
        throw new Kill('the worker was killed');
      case 'kill after effect':
        worker.isDead = true;
        await call.effect();
        throw new Kill('the worker was killed');
      case 'duplicate':
        await call.effect();
        return call.effect();
      default: {
        const answer = await call.effect();
        return call.cut === null ? answer : call.cut(answer);
      }
    }
  }

  async #effectLater(effect: () => Promise<unknown>): Promise<void> {
    for (let turn = 0; turn < LATE_TURNS; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await effect();
  }
}

/** Names of keys without what differs between checkpoints: one site for one line of code. */
const kindOfKey = (key: string): string =>
  key
    .replace(/^v1\/work\/(?:restore\/|dedup\/)?[0-9a-f]{64}\/(?:[0-9]+\/)?/u, '')
    .replace(/^v1\/checkpoints\/[0-9a-f]{64}\//u, '')
    .replaceAll(/[0-9a-f]{16,}/gu, '*')
    .replaceAll(/[0-9]+/gu, '*');

const cutRead = <T extends { readonly kind: string }>(answer: T): T =>
  answer.kind === 'read' && 'bytes' in answer && Buffer.isBuffer(answer.bytes)
    ? { ...answer, bytes: answer.bytes.subarray(0, Math.max(0, answer.bytes.length - 3)) }
    : answer;

/** One worker's way through the injector: what is called, on what, and how it fails. */
class Caller {
  readonly #injector: Injector;
  readonly #state: string;
  readonly #worker: Worker = { isDead: false };

  constructor(injector: Injector, state: string) {
    this.#injector = injector;
    this.#state = state;
  }

  object<T>(
    method: string,
    reference: ObjectReference,
    effect: () => Promise<T>,
    cut: ((answer: T) => T) | null = null,
  ): Promise<T> {
    return this.#injector.call(this.#worker, {
      site: `${this.#state}: ${method} ${kindOfKey(reference.key)}`,
      fail: (code) =>
        new ObjectStoreError(code, reference, { message: 'injected', retryable: true }),
      effect,
      cut,
    });
  }

  entry<T>(method: string, pk: string, effect: () => Promise<T>): Promise<T> {
    return this.#injector.call(this.#worker, {
      site: `${this.#state}: ${method} ${pk.slice(0, pk.indexOf('#'))}`,
      fail: (code) =>
        new EntryTableError(code, { pk, sk: '' }, { message: 'injected', retryable: true }),
      effect,
      cut: null,
    });
  }

  run<T>(method: string, name: string, effect: () => Promise<T>): Promise<T> {
    return this.#injector.call(this.#worker, {
      site: `${this.#state}: ${method}`,
      fail: (code) => new WorkflowError(code, name, { message: 'injected', retryable: true }),
      effect,
      cut: null,
    });
  }
}

const injectObjects = (objects: ObjectStore, caller: Caller): ObjectStore => ({
  head: (reference) => caller.object('head', reference, () => objects.head(reference)),
  read: (reference, range) =>
    caller.object('read', reference, () => objects.read(reference, range), cutRead),
  readAll: (reference, bytesMax) =>
    caller.object('readAll', reference, () => objects.readAll(reference, bytesMax), cutRead),
  write: (target, bytes, options) =>
    caller.object('write', target, () => objects.write(target, bytes, options)),
  listPage: (bucket, prefix, cursor) =>
    caller.object('listPage', { bucket, key: prefix }, () =>
      objects.listPage(bucket, prefix, cursor),
    ),
});

const injectMultipart = (multipart: MultipartStore, caller: Caller): MultipartStore => ({
  createUpload: (target) =>
    caller.object('createUpload', target, () => multipart.createUpload(target)),
  uploadPart: (target, id, part, bytes) =>
    caller.object('uploadPart', target, () => multipart.uploadPart(target, id, part, bytes)),
  completeUpload: (target, id, parts) =>
    caller.object('completeUpload', target, () => multipart.completeUpload(target, id, parts)),
  abortUpload: (target, id) =>
    caller.object('abortUpload', target, () => multipart.abortUpload(target, id)),
});

const injectTable = (table: EntryTable, caller: Caller): EntryTable => ({
  read: (key) => caller.entry('table.read', key.pk, () => table.read(key)),
  write: (write) => caller.entry('table.write', write.key.pk, () => table.write(write)),
  writeAll: (writes) =>
    caller.entry('table.writeAll', writes[0]?.key.pk ?? '#', () => table.writeAll(writes)),
  readBefore: (pk, before, countMax) =>
    caller.entry('table.readBefore', pk, () => table.readBefore(pk, before, countMax)),
});

/** The object store of one worker, every call of which goes through the injector. */
export const injectPorts = (
  context: Pick<CheckpointContext, 'objects' | 'multipart'>,
  injector: Injector,
  state: string,
): Pick<CheckpointContext, 'objects' | 'multipart'> => {
  const caller = new Caller(injector, state);
  return {
    objects: injectObjects(context.objects, caller),
    multipart: injectMultipart(context.multipart, caller),
  };
};

/** The ports of one worker, every call of which goes through the injector. */
export const injectFaults = (
  context: CheckpointContext,
  injector: Injector,
  state: string,
): CheckpointContext => {
  const caller = new Caller(injector, state);
  const { workflow, retirer } = context;
  return {
    ...context,
    objects: injectObjects(context.objects, caller),
    multipart: injectMultipart(context.multipart, caller),
    table: injectTable(context.table, caller),
    retirer: {
      deleteVersion: (version) =>
        caller.object('deleteVersion', version, () => retirer.deleteVersion(version)),
    },
    workflow: {
      start: (name, input) => caller.run('workflow.start', name, () => workflow.start(name, input)),
      status: (name) => caller.run('workflow.status', name, () => workflow.status(name)),
    },
  };
};
