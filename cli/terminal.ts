import {
  BYTES,
  type Progress,
  type ProgressUnit,
  startBar,
  startPlainProgress,
  type TerminalStream,
} from './progress.ts';

export interface TerminalOptions {
  readonly out: TerminalStream;
  readonly err: TerminalStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly isJson: boolean;
}

/** Results go to stdout, everything else to stderr. */
export class Terminal {
  readonly isVerbose: boolean;
  readonly isJson: boolean;
  readonly #options: TerminalOptions;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.isVerbose = options.isVerbose;
    this.isJson = options.isJson;
  }

  /**
   * The result of a command: the text for a person, or the value as JSON. With `--format json` the
   * text moves to stderr, so that stdout holds the one document.
   */
  result(text: string, value: unknown): void {
    const { out, err, isQuiet } = this.#options;
    if (this.isJson) {
      out.write(`${JSON.stringify(value, null, 2)}\n`);
      if (!isQuiet) err.write(`${text}\n`);
    } else if (!isQuiet) out.write(`${text}\n`);
  }

  /** A line of a result that only a person reads. */
  line(text: string): void {
    if (!this.isJson) this.#options.out.write(`${text}\n`);
    else this.note(text);
  }

  note(text: string): void {
    if (!this.#options.isQuiet) this.#options.err.write(`${text}\n`);
  }

  detail(text: string): void {
    if (this.isVerbose) this.#options.err.write(`${text}\n`);
  }

  /** Shown in spite of `-q`. */
  warn(text: string): void {
    this.#options.err.write(`${text}\n`);
  }

  get hasBar(): boolean {
    const { err, env, isQuiet } = this.#options;
    return err.isTTY === true && env['TERM'] !== 'dumb' && !isQuiet;
  }

  get hasColor(): boolean {
    return this.hasBar && (this.#options.env['NO_COLOR'] ?? '') === '';
  }

  progress(label: string, unit: ProgressUnit = BYTES): Progress {
    const { err, isQuiet } = this.#options;
    if (isQuiet) return { update: () => undefined, end: () => undefined };
    const work = { label, unit };
    return this.hasBar ? startBar(work, err, this.hasColor) : startPlainProgress(work, err);
  }
}
