/** The interpreter of the environment that has the package. */
export const PYTHON: string;
