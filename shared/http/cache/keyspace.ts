import type { Hono } from 'hono';
import type { CacheContext } from '../../app/cache/context.ts';
import type { CacheEnv } from './answers.ts';

/** The routes of one protocol. Requests come with a valid token: `c.get('access')`. */
export type MountKeyspace = (app: Hono<CacheEnv>, context: CacheContext) => void;
