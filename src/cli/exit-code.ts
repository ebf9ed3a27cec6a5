/** What the exit code says; the table is in the README. */
export const exitCode = {
  ok: 0,
  bug: 1,
  unusable: 2,
  unreachable: 3,
  interrupted: 130,
  terminated: 143,
} as const;
