/** What starts the browser: its program, and the environment that it needs beside the own one. */
export interface Chromium {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

export declare function ensureChromium(options: {
  readonly line: (text: string) => void;
}): Promise<Chromium>;
