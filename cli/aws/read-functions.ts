import {
  GetFunctionCommand,
  GetLayerVersionByArnCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { mapConcurrently } from '../../shared/app/checkpoint/map-concurrently.ts';
import type { StackResource } from './read-stack.ts';

export interface FunctionFacts {
  readonly name: string;
  /** `Active`, or `Pending`, `Inactive`, `Failed`. */
  readonly state: string;
  /** `Successful`, or `InProgress`, `Failed`. */
  readonly lastUpdate: string;
  readonly runtime: string;
  readonly architecture: string;
  readonly memoryMib: number;
  readonly layers: readonly LayerFacts[];
  readonly reserved: number | null;
}

export interface LayerFacts {
  readonly arn: string;
  readonly architectures: readonly string[];
}

/** Lambda answers 100 such questions a second to an account. */
const READS_CONCURRENT = 4;

/** How the functions of a stack are set up, and what their layers are made for. */
export async function readFunctions(
  client: LambdaClient,
  resources: readonly StackResource[],
): Promise<readonly FunctionFacts[]> {
  const layers = new Map<string, Promise<LayerFacts>>();
  const layerOf = (arn: string): Promise<LayerFacts> => {
    const layer = layers.get(arn) ?? readLayer(client, arn);
    layers.set(arn, layer);
    return layer;
  };
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return mapConcurrently(functions, READS_CONCURRENT, async ({ id }) => {
    const answer = await client.send(new GetFunctionCommand({ FunctionName: id }));
    const it = answer.Configuration ?? {};
    return {
      name: id,
      state: it.State ?? 'unknown',
      lastUpdate: it.LastUpdateStatus ?? 'unknown',
      runtime: it.Runtime ?? 'unknown',
      architecture: it.Architectures?.[0] ?? 'x86_64',
      memoryMib: it.MemorySize ?? 0,
      layers: await Promise.all((it.Layers ?? []).map(({ Arn }) => layerOf(Arn ?? ''))),
      reserved: answer.Concurrency?.ReservedConcurrentExecutions ?? null,
    };
  });
}

async function readLayer(client: LambdaClient, arn: string): Promise<LayerFacts> {
  const layer = await client.send(new GetLayerVersionByArnCommand({ Arn: arn }));
  return { arn, architectures: layer.CompatibleArchitectures ?? [] };
}
