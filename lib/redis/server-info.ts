/** What a server says of itself under a name, in what INFO answers. */
export function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

/** Such as `Redis 7.2.4`. Valkey tells a version of Redis as well, which is that of its protocol. */
export function softwareOf(info: string): string | undefined {
  const valkey = fieldOf(info, 'valkey_version');
  if (valkey !== undefined) return `Valkey ${valkey}`;
  const redis = fieldOf(info, 'redis_version');
  return redis === undefined ? undefined : `Redis ${redis}`;
}
