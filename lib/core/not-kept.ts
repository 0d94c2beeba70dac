/**
 * What the factory of a load throws that has made a value which is not to be kept: no failure, though the load ends
 * without an entry. It does not hold the value, which is nobody's but the caller's.
 */
export class NotKept extends Error {
  constructor() {
    super('The value is not to be kept.');
  }
}
