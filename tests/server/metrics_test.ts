// What a server shows its operator: docs/operating.md.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../client.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { exposition } from "../../lib/server/exposition.ts";
import { operatorPage } from "../../lib/server/operator_pages.ts";
import { ServerMetrics } from "../../lib/server/server_metrics.ts";
import { serve } from "../../server.ts";

/** The numbers of a text, by name and labels. */
function numbersOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const place = line.lastIndexOf(" ");
    return [line.slice(0, place), Number(line.slice(place + 1))];
  }));
}

Deno.test("the exposition escapes labels, and leaves out what has no number", () => {
  const samples = [{ labels: { a: 'x"\\\n' }, value: 1 }, { suffix: "_sum", value: 0.5 }];
  assertEquals(
    exposition([
      { name: "n", help: "h", type: "counter", samples },
      { name: "none", help: "h", type: "gauge", samples: [] },
    ]),
    '# HELP n h\n# TYPE n counter\nn{a="x\\"\\\\\\n"} 1\nn_sum 0.5\n',
  );
});

Deno.test("the times of syncs are counted in every bucket from theirs on", () => {
  const metrics = new ServerMetrics();
  for (const ms of [0.1, 3, 3, 60_000]) metrics.synced(ms);
  const numbers = numbersOf(exposition(metrics.families()));
  const bucket = (le: string) => numbers.get(`morsel_sync_seconds_bucket{le="${le}"}`);
  assertEquals(["0.0005", "0.0025", "0.005", "5", "+Inf"].map(bucket), [1, 1, 3, 3, 4]);
  assertEquals(numbers.get("morsel_sync_seconds_count"), 4);
});

Deno.test("a server shows what it has done, in the names that docs/operating.md tells", async () => {
  const dataFolder = await Deno.makeTempDir();
  const here = { host: "127.0.0.1", port: 0 };
  const server = await serve({
    address: here,
    dataFolder,
    metrics: here,
    quota: { bytes: 10_000_000 },
    onError: () => {},
  });
  const url = `http://127.0.0.1:${server.metricsAddress!.port}`;
  const client = await connect(server.address);
  await client.put("large", new Uint8Array(300_000));
  await client.put("small", "content");
  await client.stat("small");
  await assertRejects(() => client.stat("none"), MorselError);
  await assertRejects(() => client.put("huge", new Uint8Array(10_000_001)), MorselError);
  await client.close();
  const healthy = await fetch(`${url}/healthz`);
  assertEquals([healthy.status, await healthy.text()], [200, "ok\n"]);
  const response = await fetch(`${url}/metrics`);
  assertStringIncludes(response.headers.get("content-type")!, "version=0.0.4");
  const numbers = numbersOf(await response.text());
  assertEquals(numbers.get('morsel_requests_total{type="Commit",result="ok"}'), 2);
  assertEquals(numbers.get('morsel_requests_total{type="Stat",result="not_found"}'), 1);
  assertEquals(numbers.get('morsel_requests_total{type="Begin",result="quota"}'), 1);
  assertEquals(numbers.get('morsel_connections_total{outcome="served"}'), 1);
  assertEquals(numbers.get("morsel_quota_bytes"), 10_000_000);
  assertEquals(numbers.get("morsel_file_bytes"), 300_007);
  assert(numbers.get("morsel_sync_seconds_count")! > 0);
  const documented = await Deno.readTextFile(new URL("../../docs/operating.md", import.meta.url));
  for (const key of numbers.keys()) {
    const name = key.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "");
    assertStringIncludes(documented, `\`${name}\``);
  }
  const lost = await fetch(`${url}/else`);
  assertEquals(lost.status, 404);
  await lost.body?.cancel();
  await server.close();
  await Deno.remove(dataFolder, { recursive: true });
});

Deno.test("who drains, or cannot read the store, is not well", async () => {
  const server = { figures: () => Promise.resolve({}), isDraining: false };
  const store = {
    lastChange: () => Promise.reject(new MorselError("storage", "The disk is gone")),
  };
  const options = { server, store, metrics: new ServerMetrics() };
  const broken = await operatorPage("/healthz", options);
  assertEquals([broken.status, broken.text], [503, "The disk is gone\n"]);
  const works = { ...store, lastChange: () => Promise.resolve(1) };
  assertEquals((await operatorPage("/healthz", { ...options, store: works })).status, 200);
  const draining = { ...options, store: works, server: { ...server, isDraining: true } };
  assertEquals((await operatorPage("/healthz", draining)).status, 503);
});
