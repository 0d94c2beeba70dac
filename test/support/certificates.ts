import 'reflect-metadata';
import { randomUUID, webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, as text (PEM) and as files. */
export interface KeyPair {
  readonly cert: string;
  readonly certFile: string;
  readonly key: string;
  readonly keyFile: string;
}

/** An authority of its own, and what it vouches for. */
export interface Certificates {
  readonly ca: string;
  readonly caFile: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

interface Authority {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const aDay = 86_400_000;

/**
 * Makes a new authority with one server and one client certificate, in `folder`.
 *
 * @param hosts the names and addresses the server certificate is valid for
 */
export async function createCertificates(
  folder: string,
  hosts: readonly string[] = ['localhost', '127.0.0.1', '::1'],
): Promise<Certificates> {
  const authority = await createAuthority();
  return {
    ...(await writeAuthority(folder, authority.certificate.toString('pem'))),
    server: await issue(authority, folder, 'server', [
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value })),
      ),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ]),
    client: await issue(authority, folder, 'client', [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ]),
  };
}

/** Puts what exists already into another folder, for another server. */
export async function copyCertificates(
  { ca, server, client }: Certificates,
  folder: string,
): Promise<Certificates> {
  return {
    ...(await writeAuthority(folder, ca)),
    server: await writePair(folder, 'server', server),
    client: await writePair(folder, 'client', client),
  };
}

async function writeAuthority(folder: string, ca: string): Promise<Pick<Certificates, 'ca' | 'caFile'>> {
  const caFile = join(folder, 'ca.crt');
  await writeFile(caFile, ca);
  return { ca, caFile };
}

async function createAuthority(): Promise<Authority> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A name of its own: two authorities of one name would be mistaken for each other.
    name: `CN=Test authority ${randomUUID()}`,
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return { certificate, keys };
}

async function issue(
  authority: Authority,
  folder: string,
  name: string,
  extensions: (SubjectAlternativeNameExtension | ExtendedKeyUsageExtension)[],
): Promise<KeyPair> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.certificate.subject,
    ...validity(),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  const cert = certificate.toString('pem');
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return writePair(folder, name, { cert, key });
}

async function writePair(
  folder: string,
  name: string,
  { cert, key }: Pick<KeyPair, 'cert' | 'key'>,
): Promise<KeyPair> {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  return { cert, certFile, key, keyFile };
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** From yesterday, as clocks differ, for long enough to outlive any test run. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - aDay), notAfter: new Date(Date.now() + 30 * aDay) };
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}
