import { z } from 'zod';
import {
  CACHE_ROUTES,
  type ResponseContract,
  type RouteContract,
} from '../../contracts/cache-routes.ts';

const HEX = { type: 'string', pattern: '^[0-9a-f]{64}$' };

/** `/openapi.json`: OpenAPI 3.1 of the native protocol. */
export function createOpenApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of CACHE_ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Mithril compile cache', version, license: { name: 'Apache-2.0' } },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
    security: [{ bearer: [] }, { basic: [] }],
    paths,
  };
}

function operationOf(route: RouteContract): object {
  const { summary, isPublic, request } = route;
  const responses = Object.entries(route.responses).map(([status, response]) => [
    status,
    responseOf(response),
  ]);
  return {
    summary,
    ...(isPublic === true ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(request) } }),
    responses: Object.fromEntries(responses),
  };
}

function parametersOf({ path, params = {}, query = {}, headers = {} }: RouteContract): object[] {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name);
  const schemaOf = (name: string): object =>
    params[name] === undefined ? HEX : toJsonSchema(params[name]);
  return [
    ...names.map((name) => ({ in: 'path', name, required: true, schema: schemaOf(name) })),
    ...Object.entries(query).map(([name, schema]) => ({
      in: 'query',
      name,
      required: false,
      schema: toJsonSchema(schema),
    })),
    ...Object.entries(headers).map(([name, { schema, isRequired }]) => ({
      in: 'header',
      name,
      required: isRequired,
      schema: toJsonSchema(schema),
    })),
  ];
}

function responseOf({ description, body, headers = [] }: ResponseContract): object {
  const described = headers.map((name) => [name, { schema: { type: 'string' } }]);
  return {
    description,
    ...(described.length === 0 ? {} : { headers: Object.fromEntries(described) }),
    ...(body === null ? {} : { content: contentOf(body) }),
  };
}

const contentOf = (body: z.ZodType | 'bytes'): object =>
  body === 'bytes'
    ? { 'application/octet-stream': {} }
    : { 'application/json': { schema: toJsonSchema(body) } };

function toJsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
