// Builds lib/ twice: ES modules for everyone, CommonJS for tools that cannot load them (Jest, `module: node16`).
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

const compiler = 'node_modules/@typescript/native/bin/tsc';

rmSync('dist', { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  // Comments are for whoever reads the types: in the code they would be a fifth of the package.
  compile(project, '--declaration', 'false', '--removeComments');
  compile(project, '--emitDeclarationOnly');
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

function compile(project, ...options) {
  execFileSync(process.execPath, [compiler, '-p', project, ...options], { stdio: 'inherit' });
}
