import type { ConnectionOptions } from 'node:tls';
import { describeKind } from './describe-value.js';
import { CERTIFICATES, isKeyOf, pemFile, PRIVATE_KEY } from './pem-file.js';
import { readSafely, sentencesOf } from './reading.js';
import type { VariableRule } from './variable-rule.js';

const FILES = ['ca', 'cert', 'key'] as const;

type TlsFile = (typeof FILES)[number];
type TlsTexts = Partial<Record<TlsFile, string>>;

/** The variables that name files, by the option of `node:tls` which the content of each becomes. */
export const TLS_FILES: Readonly<Record<TlsFile, VariableRule<string>>> = {
  ca: {
    name: 'SPAKKY_REDIS__TLS_CA_FILE',
    read: pemFile(CERTIFICATES),
    description: "PEM file of the authorities to trust, in place of Node's own; implies TLS.",
  },
  cert: {
    name: 'SPAKKY_REDIS__TLS_CERT_FILE',
    read: pemFile(CERTIFICATES),
    description: 'PEM file of the certificate to show to the server; implies TLS.',
  },
  key: {
    name: 'SPAKKY_REDIS__TLS_KEY_FILE',
    read: pemFile(PRIVATE_KEY),
    description: 'PEM file of the key of that certificate.',
  },
};

/** What the files say together. */
export interface TlsFilesReading {
  /** The variables that are set, well or badly. */
  readonly given: readonly string[];
  /** Absent unless all of them fit. */
  readonly tls?: ConnectionOptions;
  readonly problems: readonly string[];
}

/**
 * Reads the files, once, and checks that they belong together.
 *
 * @param valueOf answers the value of a variable, or `undefined` when it is not set
 */
export function readTlsFiles(valueOf: (variable: string) => unknown): TlsFilesReading {
  const given: string[] = [];
  const problems: string[] = [];
  const tls: TlsTexts = {};
  for (const file of FILES) {
    const { name, read } = TLS_FILES[file];
    const reading = readSafely(() => valueOf(name), read, describeKind);
    if (reading === undefined) continue;
    given.push(name);
    if (reading.fits) tls[file] = reading.value;
    else problems.push(...sentencesOf(reading.mismatches, () => name));
  }
  problems.push(...pairProblems(given, tls));
  if (given.length === 0 || problems.length > 0) return { given, problems };
  return { given, problems, tls: Object.freeze(tls) };
}

/** A certificate is shown by whoever has its key. */
function pairProblems(given: readonly string[], { cert, key }: TlsTexts): readonly string[] {
  const [certFile, keyFile] = [TLS_FILES.cert.name, TLS_FILES.key.name];
  const [hasCert, hasKey] = [given.includes(certFile), given.includes(keyFile)];
  if (hasCert && !hasKey) return [`${certFile} expects ${keyFile} beside it, but found none`];
  if (hasKey && !hasCert) return [`${keyFile} expects ${certFile} beside it, but found none`];
  if (cert === undefined || key === undefined || isKeyOf(key, cert)) return [];
  return [`${keyFile} expects the key of the first certificate of ${certFile}, but found another`];
}
