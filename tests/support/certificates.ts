// Certificates for tests, made by openssl: an authority, and what it signs.

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Whether this machine can make them. */
export async function hasOpenssl(): Promise<boolean> {
  return await openssl("version").then(() => true, () => false);
}

/** Makes an authority. */
export async function makeAuthority(): Promise<Certificate> {
  return await make("/CN=Test authority", ["-days", "9"], ["basicConstraints=critical,CA:TRUE"]);
}

/** Makes a certificate for a name such as `IP:127.0.0.1`. */
export async function makeCertificate(
  authority: Certificate,
  name: string,
): Promise<Certificate> {
  return await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/ca.pem`, authority.cert);
    await Deno.writeTextFile(`${folder}/ca.key`, authority.key);
    const signer = ["-CA", `${folder}/ca.pem`, "-CAkey", `${folder}/ca.key`];
    return await make("/CN=Test", [...signer, "-days", "9"], [
      "basicConstraints=critical,CA:FALSE",
      `subjectAltName=${name}`,
    ]);
  });
}

async function make(subject: string, rest: string[], extensions: string[]): Promise<Certificate> {
  return await inFolder(async (folder) => {
    const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    const files = ["-keyout", key, "-out", cert];
    await openssl(
      "req",
      "-x509",
      ...kind,
      "-subj",
      subject,
      ...rest,
      ...added,
      ...files,
    );
    return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** A certificate of 127.0.0.1 as it would be after its last day. */
export async function expired(
  authority: Certificate,
  { cert, key }: Certificate,
): Promise<Certificate> {
  return await inFolder(async (folder) => {
    const [old, ca, caKey, out] = ["old", "ca", "key", "out"].map((name) => `${folder}/${name}`);
    await Deno.writeTextFile(old!, cert);
    await Deno.writeTextFile(ca!, authority.cert);
    await Deno.writeTextFile(caKey!, authority.key);
    const signer = ["-CA", ca!, "-CAkey", caKey!, "-set_serial", "7"];
    const csr = `${folder}/csr`;
    await Deno.writeTextFile(`${folder}/own`, key);
    await Deno.writeTextFile(`${folder}/ext`, "subjectAltName=IP:127.0.0.1");
    signer.push("-extfile", `${folder}/ext`);
    await openssl("x509", "-x509toreq", "-in", old!, "-signkey", `${folder}/own`, "-out", csr);
    await openssl("x509", "-req", "-in", csr, ...signer, "-days", "-1", "-out", out!);
    return { cert: await Deno.readTextFile(out!), key };
  });
}
