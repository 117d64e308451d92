/** The version of package.json, repeated here so that `--version` opens no file; a test compares. */
export const VERSION = '0.1.0';
