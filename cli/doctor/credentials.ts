import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { z } from 'zod';
import type { Settings } from '../settings/settings.ts';
import { type CheckResult, fail, ok, warn } from './check.ts';

export interface CallerFacts {
  readonly account: string;
  readonly arn: string;
  readonly region: string;
  /** The clock of AWS when it answered; null where the answer had no date. */
  readonly awsMs: number | null;
}

const UNKNOWN_REGION = 'no region';

/** Whom AWS takes us for. It needs no right, only credentials that are good. */
export async function readCaller(client: STSClient): Promise<CallerFacts> {
  let date: string | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = dateOf(result.response);
      return result;
    },
    { step: 'deserialize', name: 'mithrilReadDate', override: true },
  );
  const { Account: account = '', Arn: arn = '' } = await client.send(
    new GetCallerIdentityCommand({}),
  );
  const awsMs = date === undefined ? Number.NaN : Date.parse(date);
  const region = await client.config.region().catch(() => UNKNOWN_REGION);
  return { account, arn, region, awsMs: Number.isNaN(awsMs) ? null : awsMs };
}

export const describeCaller = ({ account, arn, region }: CallerFacts): CheckResult =>
  ok(`${arn.split(':').slice(5).join(':')} of account ${account}, ${region}`);

const CREDENTIAL_ADVICE: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'Set AWS_PROFILE, or pass --profile.',
  ExpiredToken: 'Sign in again, for example: aws sso login',
  ExpiredTokenException: 'Sign in again, for example: aws sso login',
  InvalidClientTokenId:
    'The access key does not exist any more. Set AWS_PROFILE, or pass --profile.',
  SignatureDoesNotMatch: 'The secret does not belong to the key, or the clock is wrong.',
  RequestExpired: 'The clock of this machine is wrong. Set it by NTP.',
};

/** Without a stack in the settings nobody needs them, for files work without. */
export function judgeNoCaller(error: unknown, settings: Settings): CheckResult {
  const name = error instanceof Error ? error.name : '';
  const text = error instanceof Error ? error.message : String(error);
  const advice = CREDENTIAL_ADVICE[name] ?? 'Check region, network and endpoint.';
  const isNeeded = settings.stack !== null || settings.storeBucket !== null;
  return isNeeded ? fail(text, advice) : warn(text, `Only s3:// URIs need them. ${advice}`);
}

const answerSchema = z.object({ headers: z.object({ date: z.string() }) });

function dateOf(response: unknown): string | undefined {
  return answerSchema.safeParse(response).data?.headers.date;
}
