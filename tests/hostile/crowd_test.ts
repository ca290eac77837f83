// Crowds: many connections, come and gone or idle, cost little and leave nothing, and nobody can take every
// place.

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { addressOf } from "../../lib/base/peer_address.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { Admission } from "../../lib/server/admission.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  CrowdServer,
  fill,
  GREETED,
  leave,
  mostConnections,
  untilWelcome,
  weigh,
} from "./crowd.ts";

/** What an idle connection may cost the server, in KiB. */
const MOST_EACH = 32;
/** What the server's objects may take once all have gone, in KiB: it is about 8 MiB without any guest. */
const MOST_LEFT = 24 * 1024;

Deno.test("ten thousand idle connections, or as many as the machine has, cost at most 32 KiB each", async () => {
  const count = await mostConnections();
  const limits = { maxSessions: count + 200 };
  await using server = await CrowdServer.start({ maxConnections: count + 200, limits });
  const honest = await server.honest();
  const { crowd, cost } = await weigh(server, count, GREETED);
  assert((await honest.stop()).count > 0);
  assertEquals(await server.greeting(), "welcome");
  leave(crowd);
  if (cost) assertLess(cost.each, MOST_EACH);
  assertLess(await server.usedKiB(), MOST_LEFT);
});

Deno.test("a thousand peers that come and go leave no place taken, however they leave", async () => {
  const places = 100;
  const limits = { maxSessions: places };
  await using server = await CrowdServer.start({ maxConnections: places, limits });
  const honest = await server.honest();
  const greeting = encode(hello());
  for (const manner of [{}, { first: greeting.subarray(0, 11) }, GREETED, { first: greeting }]) {
    for (let turn = 0; turn < 1000 / BATCH; turn++) {
      leave(await server.crowd(BATCH, manner));
      await untilWelcome(server);
    }
  }
  const { count } = await honest.stop();
  assert(count > 10);
  const guests = await fill(server, places);
  assertEquals(await server.greeting(), `busy (maxConnections ${places})`);
  for (const guest of guests) guest.connection.close();
  await untilWelcome(server);
});

Deno.test("connections past the limit are told busy, and the others go on", async () => {
  await using server = await CrowdServer.start({
    maxConnections: 20,
    limits: { maxSessions: 500 },
  });
  const honest = await server.honest();
  const crowd = await server.crowd(19, GREETED);
  for (let turn = 0; turn < 50; turn++) {
    assertEquals(await server.greeting(), "busy (maxConnections 20)");
  }
  // Those who do not even listen are closed without a word, and so cannot add up either.
  const flood = await server.crowd(1000);
  const before = (await honest.stop()).count;
  assert(before > 0);
  leave(flood);
  leave(crowd);
  await untilWelcome(server);
});

Deno.test("one address cannot take the places of all", async () => {
  await using server = await CrowdServer.start({
    maxConnections: 100,
    limits: { maxSessions: 20 },
  });
  const honest = await server.honest();
  const crowd = await server.crowd(19, GREETED);
  assertEquals(await server.greeting(), "busy (maxSessions 20)");
  assert((await honest.stop()).count > 0);
  await untilWelcome(server);
  leave(crowd);
});

Deno.test("admission counts each address by itself, and forgets those that have gone", () => {
  const admission = new Admission({ maxConnections: 4, maxSessions: 2 }, {
    clock: new FakeClock(),
  });
  const placeA = admission.enter("10.0.0.1:1000");
  admission.enter("10.0.0.1:1001");
  const full = assertThrows(() => admission.enter("10.0.0.1:1002"), MorselError);
  assertEquals([full.code, full.detail], ["busy", { limit: "maxSessions", value: "2" }]);
  admission.enter("10.0.0.2:1000");
  placeA.leave();
  admission.enter("10.0.0.1:1003");
  const all = admission.enter("10.0.0.3:1000");
  const busy = assertThrows(() => admission.enter("10.0.0.4:1000"), MorselError);
  assertEquals([busy.code, busy.detail], ["busy", { limit: "maxConnections", value: "4" }]);
  all.leave();
  admission.enter("10.0.0.4:1000");
});

Deno.test("an address is the whole of IPv4, and of IPv6 what one site has", () => {
  assertEquals(addressOf("127.0.0.1:1300"), "127.0.0.1");
  assertEquals(addressOf("::ffff:10.1.2.3:9"), "10.1.2.3");
  assertEquals(addressOf("2001:db8:1:2:3:4:5:6:9"), "2001:db8:1:2::/64");
  assertEquals(addressOf("2001:db8::5:6:9"), "2001:db8:0:0::/64");
  assertEquals(addressOf("::1:1300"), "0:0:0:0::/64");
});

/** Peers that come together. */
const BATCH = 50;
