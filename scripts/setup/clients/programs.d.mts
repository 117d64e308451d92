export type ClientProgram =
  | 'ccache'
  | 'sccache'
  | 'java'
  | 'bazel'
  | 'turbo'
  | 'nx'
  | 'gradle';

/** name -> path; null or left out where it is not installed. */
export function findClientPrograms(): Partial<Record<ClientProgram, string | null>>;
