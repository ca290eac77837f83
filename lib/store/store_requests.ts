// What a FileStore is asked for, where that takes more than a name. Types only.

import type { Principal } from "../base/principal.ts";
import type { Condition, Metadata } from "./catalog.ts";

/** One page of a listing. */
export interface ListPage {
  /** What the names begin with; "" for all. */
  readonly prefix: string;
  /** The last name of the page before; "" for the first page. */
  readonly after: string;
  /** At most this many files, 1 to `MAX_PAGE_LENGTH`; fewer come only at the end. */
  readonly limit: number;
}

/** One page of the log of changes. */
export interface ChangesPage {
  /** What the names begin with; "" for all. */
  readonly prefix: string;
  /** The sequence behind which it begins: where the page before ended. */
  readonly since: number;
  /** At most this many changes. */
  readonly limit: number;
}

/** What a client says when it begins an upload. */
export interface BeginUpload {
  readonly name: string;
  /** Checked when the upload begins and once more when it is committed. */
  readonly condition: Condition;
  /** In bytes, if it is known; the commit must be of this size then. */
  readonly declaredSize?: number | undefined;
  /** When the source was last changed, milliseconds since 1970; 0 when unknown. */
  readonly modifiedMs: number;
  readonly metadata: Metadata;
  /**
   * Whether to go on with the newest unfinished upload of `by` of which the same was said, whoever holds it:
   * that one gets `fenced` for all it does from then on. Without one a new upload begins.
   */
  readonly resume?: boolean;
  /** Whose upload it is and whose quota counts; everybody by default. */
  readonly by?: Principal | undefined;
}
