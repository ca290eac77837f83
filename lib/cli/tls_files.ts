// The options of the client that name PEM files: whom it trusts, and what it shows of itself.

import { quote } from "../base/names.ts";
import type { Address } from "../runtime/connection.ts";
import type { HostProcess } from "../runtime/process.ts";
import type { ParsedOptions } from "./arguments.ts";
import { locally, UsageError } from "./failure.ts";

/** What is read of a file, in bytes; all authorities of a system are a quarter of that. */
const MOST_BYTES = 1024 * 1024;

/** The address with what the files hold. Throws a UsageError where they do not go with it. */
export async function withTlsFiles(
  address: Address,
  given: ParsedOptions,
  host: HostProcess,
): Promise<Address> {
  const [caFile, certFile, keyFile] = ["tls-ca", "tls-cert", "tls-key"]
    .map((name) => given.value(name));
  if (caFile === undefined && certFile === undefined && keyFile === undefined) return address;
  if (!address.tls) {
    throw new UsageError(
      "--tls-ca, --tls-cert and --tls-key need a server with TLS; write it as morsels://HOST:PORT",
    );
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError("--tls-cert and --tls-key belong together; give both");
  }
  if (caFile !== undefined && address.tls.ca !== undefined) {
    throw new UsageError("Both --tls-ca and #ca= say whom to trust; keep one");
  }
  const read = (path: string) =>
    locally("read", path, async () => {
      const { bytes } = await host.files.readWhole(path, MOST_BYTES);
      return new TextDecoder().decode(bytes);
    });
  const readCertificate = async (path: string) => {
    const pem = await read(path);
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
    throw new UsageError(`There is no certificate in PEM in ${quote(path)}`);
  };
  const tls = {
    ...address.tls,
    ...(caFile !== undefined && { ca: await readCertificate(caFile) }),
    ...(certFile !== undefined && { cert: await readCertificate(certFile) }),
    ...(keyFile !== undefined && { key: await read(keyFile) }),
  };
  return { ...address, tls };
}
