// TLS, told by variables or in code. The server is verified either way; there is no way round it.
import { readFile } from 'node:fs/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getCacheToken, type ICache, RedisCacheModule, SpakkyCacheError } from '@spakky/nestjs-redis-cache';

@Module({
  imports: [
    // SPAKKY_REDIS__TLS_CA_FILE names the authority to trust. For a server that asks its clients for a certificate,
    // …_TLS_CERT_FILE and …_TLS_KEY_FILE name one.
    RedisCacheModule.forRoot({ name: 'by variables', keyPrefix: 'samples:' }),
  ],
})
class ByVariables {}

@Module({
  imports: [
    // The same from elsewhere: a vault, an operator, files of the application's own.
    RedisCacheModule.forRootAsync({
      name: 'in code',
      useFactory: async () => ({ keyPrefix: 'samples:', tls: await certificates() }),
    }),
  ],
})
class InCode {}

@Module({
  // With the authorities that Node brings: they do not vouch for a server of yours.
  imports: [RedisCacheModule.forRoot({ name: 'without the authority', keyPrefix: 'samples:', tls: {} })],
})
class Distrustful {}

async function certificates(): Promise<{ ca: string; cert: string; key: string }> {
  const [ca = '', cert = '', key = ''] = await Promise.all(
    ['APP_CA_FILE', 'APP_CERT_FILE', 'APP_KEY_FILE'].map((name) => readFile(process.env[name] ?? '', 'utf8')),
  );
  return { ca, cert, key };
}

const modules = { 'by variables': ByVariables, 'in code': InCode, 'without the authority': Distrustful };

for (const [name, module] of Object.entries(modules)) {
  try {
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const cache = app.get<ICache<string>>(getCacheToken(name));
    await cache.set('profile:42', 'Ada');
    const profile = await cache.get('profile:42');
    console.log(`${name}: ${profile.hit ? profile.value : 'a miss'}`);
    await app.close();
  } catch (error) {
    if (!(error instanceof SpakkyCacheError)) throw error;
    console.log(`${name}: ${error.code}`);
  }
}
