import { type Access, TRUSTED_SCOPE } from '../../contracts/cache-names.ts';
import type { Place } from '../../contracts/cache-rows.ts';

export const isTrusted = ({ scope }: Pick<Access, 'scope'>): boolean => scope === TRUSTED_SCOPE;

/** The trusted scope first: what a pull request wrote never hides what `main` wrote. */
export function readablePlaces({ namespace, scope }: Access): readonly Place[] {
  const trusted = { namespace, scope: TRUSTED_SCOPE };
  return scope === TRUSTED_SCOPE ? [trusted] : [trusted, { namespace, scope }];
}

export const writablePlace = ({ namespace, scope }: Access): Place => ({ namespace, scope });
