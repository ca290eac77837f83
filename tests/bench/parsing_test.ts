// What benches read: the output of other programs, /proc, their own command line.

import { assertEquals, assertThrows } from "@std/assert";
import { linkOptions, linkText } from "../../bench/link/options.ts";
import { isListening } from "../../bench/measure/daemon.ts";
import { chosen, idAndGroup, parseCount, parseSize } from "../../bench/measure/options.ts";
import { parseProcessStat } from "../../bench/measure/processor_time.ts";
import { megabytesPerSecond } from "../../bench/peers/iperf3.ts";
import { parseWrk } from "../../bench/peers/wrk.ts";

const WRK = `Running 3s test @ http://127.0.0.1:8080/small.bin
  1 threads and 1 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   155.17us  284.05us   5.75ms   95.98%
    Req/Sec     8.84k     2.01k   15.77k    83.33%
  Latency Distribution
     50%  101.00us
     75%  124.00us
     90%  226.00us
     99%    1.41ms
  26363 requests in 3.00s, 31.78MB read
Requests/sec:   8785.82
Transfer/sec:     10.59MB
`;

Deno.test("wrk's output becomes figures in one unit", () => {
  assertEquals(parseWrk(WRK), {
    requests: 26363,
    requestsPerSecond: 8785.82,
    p50Us: 101,
    p99Us: 1410,
  });
});

Deno.test("failed requests of wrk are not taken for answers; late ones are", () => {
  const refused = `${WRK}  Non-2xx or 3xx responses: 26363\n`;
  assertThrows(() => parseWrk(refused), Error, "Non-2xx");
  const broken = `${WRK}  Socket errors: connect 0, read 12, write 0, timeout 0\n`;
  assertThrows(() => parseWrk(broken), Error, "read 12");
  const late = `${WRK}  Socket errors: connect 0, read 0, write 0, timeout 3\n`;
  assertEquals(parseWrk(late).requests, 26363);
});

Deno.test("wrk that says nothing is an error", () => {
  assertThrows(() => parseWrk("unable to connect"), Error, "has not said");
});

Deno.test("iperf3's rate is of received bytes, in MB/s", () => {
  const end = { sum_received: { bits_per_second: 8e8 }, sum_sent: { bits_per_second: 9e8 } };
  assertEquals(megabytesPerSecond(JSON.stringify({ end })), 100);
  assertThrows(() => megabytesPerSecond(`{"error": "refused"}`), Error, "has not said");
});

Deno.test("a process may have any name in /proc/PID/stat", () => {
  const line = "42 (a) (b c) S 7 42 42 0 -1 4194560 9 8 0 0 150 50 300 100 20 0 1 0 1 2 3\n";
  assertEquals(parseProcessStat(line), {
    pid: 42,
    parent: 7,
    ownSeconds: 2,
    endedChildrenSeconds: 4,
  });
});

Deno.test("a port is listened on where its local side is, and nobody is connected", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
  const row = (local: string, peer: string) => `   0: ${local} ${peer} 0A 00000000:00000000\n`;
  assertEquals(isListening(head + row("0100007F:1F90", "00000000:0000"), 8080), true);
  assertEquals(isListening(head + row("0100007F:1F91", "00000000:0000"), 8080), false);
  assertEquals(isListening(head + row("0100007F:1F90", "0100007F:C0DE"), 8080), false);
  assertEquals(isListening("", 8080), false);
});

Deno.test("sizes have binary units, and mistakes say what is right", () => {
  assertEquals(["1GiB", "256 MiB", "1300", "4kib"].map(parseSize), [
    2 ** 30,
    256 * 2 ** 20,
    1300,
    4096,
  ]);
  for (const wrong of ["1GB", "", "-1", "1.5GiB", "GiB"]) {
    assertThrows(() => parseSize(wrong), RangeError, "is not a size");
  }
  assertEquals(parseCount("10000"), 10000);
  for (const wrong of ["0", "-1", "1e4", ""]) assertThrows(() => parseCount(wrong), RangeError);
});

Deno.test("a list chooses by name or group, in the order of all", () => {
  const all = ["get", "small-put", "small-get", "rate-16"].map((id) => ({ id }));
  const ids = (list?: string) => chosen(all, list, idAndGroup).map(({ id }) => id).join(" ");
  assertEquals(ids(), "get small-put small-get rate-16");
  assertEquals(ids("rate-16,get"), "get rate-16");
  assertEquals(ids("small"), "small-put small-get");
  assertThrows(() => ids("get,sput"), RangeError, `"sput" is not one of`);
});

Deno.test("a link is told by its round trip, rate and loss, and what cannot be is refused", () => {
  assertEquals(linkText(linkOptions({})), "100 ms, 1000 Mbit/s, 0 % loss");
  const lossy = { rttMs: 0, megabitsPerSecond: 0.5, lossPercent: 0.1 };
  assertEquals(linkOptions({ rtt: "0", rate: "0.5", loss: "0.1" }), lossy);
  for (
    const wrong of [{ rtt: "-1" }, { rtt: "x" }, { rate: "0" }, { loss: "100" }, { loss: "-1" }]
  ) {
    assertThrows(() => linkOptions(wrong), RangeError, Object.values(wrong)[0]);
  }
});
