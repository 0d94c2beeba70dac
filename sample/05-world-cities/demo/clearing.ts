import { expectAnswer, showColumns } from './answers.js';
import { AMSTERDAM } from './places.js';
import { countKeys, openPlainRedis } from './plain-redis.js';
import type { Stage } from './stage.js';

/** A clear() reaches every entry of the cache, and no key of anybody else. */
export async function showClearing({ report, prefix, applications: [one, other] }: Stage): Promise<void> {
  // As near to the cache's own keys as a key of somebody else can be.
  const foreignKey = `${prefix.slice(0, -1)}-foreign`;
  const redis = openPlainRedis();
  report.title('3. A clear() that leaves the keys of others alone');
  try {
    await redis.set(foreignKey, 'not yours');
    const before = await countKeys(redis, prefix);
    report.check(before > 0, `before: ${before} keys under ${prefix}, and ${foreignKey} of somebody else`);
    await one.forget();
    const after = await countKeys(redis, prefix);
    const foreign = await redis.get(foreignKey);
    report.check(after === 0, `after process ${one.name} cleared: ${after} keys under ${prefix}`);
    report.check(foreign === 'not yours', `the foreign key still says ${JSON.stringify(foreign)}`);
    showColumns(report);
    await expectAnswer(report, other, AMSTERDAM, 'miss');
  } finally {
    await redis.del(foreignKey);
    redis.disconnect();
  }
}
