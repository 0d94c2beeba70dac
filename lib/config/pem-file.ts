import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isRecord } from './is-record.js';
import { fits, mismatch, type Reader, type Reading } from './reading.js';

/** Many times the certificates of all authorities; whatever is larger is no such file. */
const MOST_BYTES = 1_048_576;

/** What a file must hold. Node ignores a damaged authority without a word, and tells of the rest when it connects. */
export interface PemContent {
  readonly expected: string;
  /** Says what is wrong with a text, and nothing of what it says. */
  readonly flawOf: (text: string) => string | undefined;
}

export const CERTIFICATES: PemContent = { expected: 'certificates', flawOf: flawOfCertificates };
export const PRIVATE_KEY: PemContent = { expected: 'a private key, not encrypted', flawOf: flawOfKey };

/** Reads the path of a PEM file into the text of the file; neither ever appears in a mismatch. */
export function pemFile({ expected, flawOf }: PemContent): Reader<string> {
  const wanted = `the path of a PEM file with ${expected}`;
  return (path) => {
    if (typeof path !== 'string') return mismatch(wanted);
    if (path.includes('-----BEGIN')) return mismatch(wanted, 'the content of one');
    const text = readText(path, wanted);
    const flaw = text.fits ? flawOf(text.value) : undefined;
    return flaw === undefined ? text : mismatch(wanted, flaw);
  };
}

function readText(path: string, wanted: string): Reading<string> {
  try {
    const file = statSync(path);
    // To read a pipe or a device may take for ever.
    if (!file.isFile()) return mismatch(wanted, file.isDirectory() ? 'a directory' : 'no regular file');
    if (file.size === 0) return mismatch(wanted, 'an empty file');
    if (file.size > MOST_BYTES) return mismatch(wanted, `a file of ${file.size} bytes`);
    return fits(readFileSync(path, 'utf8'));
  } catch (error) {
    // The message of the error names the path, which may be a key that was taken for one.
    return mismatch(wanted, `none that can be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  const code = isRecord(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? code : 'no path';
}

function flawOfCertificates(text: string): string | undefined {
  const certificates = certificatesIn(text);
  if (certificates.length === 0) return 'no certificate in the file';
  return certificates.every(isCertificate) ? undefined : 'a damaged certificate in the file';
}

/** Each begins with a certificate; what stands between two of them is for people. */
function certificatesIn(text: string): readonly string[] {
  const begin = '^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----';
  return text.split(new RegExp(`(?=${begin})`, 'm')).filter((part) => new RegExp(begin).test(part));
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

function flawOfKey(text: string): string | undefined {
  if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text)) return 'no private key in the file';
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    const encrypted = /-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text);
    return encrypted ? 'an encrypted key in the file' : 'a damaged key in the file';
  }
}

/** Whether a key that was read belongs to the first of the certificates that were read. */
export function isKeyOf(key: string, certificates: string): boolean {
  return new X509Certificate(certificates).checkPrivateKey(createPrivateKey(key));
}
