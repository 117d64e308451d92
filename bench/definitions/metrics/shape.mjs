// Small words of the metric definitions.

export const minOf = (min) => ({ min });
export const maxOf = (max) => ({ max });

/** The command that measures a part of a product. */
export const bench = (product, part) => `npm run bench -- ${product} --only ${part}`;

/** `work` of a value, or undefined where there is none. */
export const oneOf = (value, work) =>
  value === undefined || value === null ? undefined : work(value);

export const at = (data, keys) => keys.reduce((inner, key) => inner?.[key], data);
