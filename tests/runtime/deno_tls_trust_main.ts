// A client of deno_tls_trust_test.ts as a program, whose system trusts what DENO_CERT names: connects to each address
// that it is given as JSON, and prints what came of it.

import process from "node:process";
import type { Address } from "../../lib/runtime/connection.ts";
import { denoTls } from "../../lib/runtime/deno_tls.ts";

for (const address of JSON.parse(Deno.args[0]!) as Address[]) {
  try {
    const connection = await denoTls.connect(address);
    connection.close();
    process.stdout.write("connected\n");
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
  }
}
