// The processors that native code is built for, and what each tool calls them.
export const TARGETS = {
  x64: {
    arch: 'x64',
    rust: 'x86_64-unknown-linux-gnu',
    zig: 'x86_64-linux-gnu',
    debian: 'amd64',
    elfMachine: 62,
  },
  arm64: {
    arch: 'arm64',
    rust: 'aarch64-unknown-linux-gnu',
    zig: 'aarch64-linux-gnu',
    debian: 'arm64',
    elfMachine: 183,
  },
};

/** The glibc that cross builds are linked against: below AL2023's, so they also run elsewhere. */
export const GLIBC_BUILD = '2.28';

/** What the Lambda runtimes on Amazon Linux 2023 carry (glibc, and libstdc++ of gcc 11). */
export const LAMBDA_SYMBOLS = {
  GLIBC: '2.34',
  GLIBCXX: '3.4.29',
  CXXABI: '1.3.13',
  GCC: '11.0',
};
