// The other end of a connection as its session tells of it: to the door, which counts it, and to those who watch.
// Types only.

import type { MorselError } from "../base/errors.ts";
import type { Principal } from "../base/principal.ts";
import type { Answered, Traffic, Work } from "./server_event.ts";

/** Who is at the other end of a session, and what becomes of it. */
export interface Visitor {
  /** What it moves and does can be read here from now on. */
  measure(traffic: Traffic, work: Work): void;
  /** It says that it is the token of this name, which there is. */
  claim(token: string): void;
  /** It has given a wrong proof. */
  fail(): void;
  /** It is known now. */
  prove(principal: Principal): void;
  /** A request of its own has got its last reply. */
  answer(answered: Answered): void;
  /** Its session has failed. */
  giveUp(why: MorselError): void;
}
