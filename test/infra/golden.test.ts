import { expect, it } from 'vitest';
import { synthesize } from './synthesize.ts';

/**
 * A change detector, not a specification: read the diff, then accept it with
 * `npx vitest run test/infra/golden.test.ts -u`.
 */
it('the template of the default configuration is as it was', async () => {
  const { template } = synthesize();
  const text = JSON.stringify(template, null, 1).replaceAll(/[0-9a-f]{64}\.zip/gu, 'ASSET.zip');
  await expect(`${text}\n`).toMatchFileSnapshot('golden/template.json');
});
