// Builds lib/ twice: ES modules for everyone, CommonJS for tools that cannot load them (Jest, `module: node16`).
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// CI builds once, and then runs scripts each of which would build again.
if (process.env.SPAKKY_IS_BUILT === 'yes') process.exit();

const compiler = 'node_modules/@typescript/native/bin/tsc';

rmSync('dist', { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  // Comments are for whoever reads the types: in the code they would be a fifth of the package.
  compile(project, '--declaration', 'false', '--removeComments');
  compile(project, '--emitDeclarationOnly');
}
for (const folder of ['dist/esm', 'dist/cjs']) {
  copyFileSync('lib/redis/worker-place.cjs', join(folder, 'redis/worker-place.cjs'));
  removeUnreachable(folder);
}
chmodSync('dist/esm/cli/bin.js', 0o755);
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

/** Declarations that no public one leads to tell nobody anything: they would be a fifth of the package. */
function removeUnreachable(folder) {
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, specifier] of text.matchAll(/(?:from|import\() ?'(\.[^']+)\.js'/g)) {
      visit(join(dirname(file), `${specifier}.d.ts`));
    }
  };
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const name of Object.keys(exports)) {
    if (!name.endsWith('.json')) visit(join(folder, name, 'index.d.ts'));
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = join(folder, name);
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

function compile(project, ...options) {
  execFileSync(process.execPath, [compiler, '-p', project, ...options], { stdio: 'inherit' });
}
