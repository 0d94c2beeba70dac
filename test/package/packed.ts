import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Packed {
  /** A folder of its own, for whatever the tests want to put beside the package. */
  readonly folder: string;
  readonly tarball: string;
  /** What the tarball holds, from the package's root: `dist/esm/index.js`. */
  readonly files: readonly string[];
  readonly bytes: number;
  remove(): Promise<void>;
}

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the package as it would be published. It must have been built: `npm test` does. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'spakky-package-'));
  const report = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  // npm 12 answers with an object by package name, earlier versions with a list.
  const [packed] = Object.values<PackReport>(JSON.parse(report));
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (!packed || !tarball) throw new Error(`npm pack made no tarball: ${report}`);
  return {
    folder,
    tarball: join(folder, tarball),
    files: packed.files.map((file) => file.path),
    bytes: packed.size,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Runs a program and waits until it ends by itself.
 *
 * @returns what it wrote to standard output
 * @throws with everything it wrote, when it fails or does not end within `seconds`
 */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; seconds?: number } = {},
): Promise<string> {
  const { cwd, env, seconds = 60 } = options;
  const settings = {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    timeout: seconds * 1_000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const what = error.killed ? `did not end within ${seconds} s` : error.message;
      return reject(new Error(`${command} ${args.join(' ')}: ${what}\n${stdout}\n${stderr}`));
    });
  });
}

/** Without what `npm run` and Jest add: a consumer's processes must not see this repository. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours =
    /^(npm_package_|npm_lifecycle_|npm_config_local_prefix|npm_config_prefix|INIT_CWD|NODE_ENV|NODE_OPTIONS|JEST_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
