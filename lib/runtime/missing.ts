// What the errors of a file system say on every runtime.

/** Whether an error says that there is nothing at a path. */
export function isMissing(thrown: unknown): boolean {
  const { code } = thrown as { code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR";
}

/** What a call for a path comes to; undefined when there is nothing there. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
