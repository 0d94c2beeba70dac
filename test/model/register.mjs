// `node --import` this, and plain Node runs the TypeScript of the tests.
import { register } from 'node:module';

register('../support/typescript-loader.mjs', import.meta.url);
