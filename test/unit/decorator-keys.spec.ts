import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalArguments } from '../../lib/decorators/canonical-arguments.js';
import { readTemplate } from '../../lib/decorators/key-template.js';
import type { MethodSite } from '../../lib/decorators/method-site.js';

const site: MethodSite = {
  decorator: '@Cacheable',
  owner: 'Items',
  name: 'find',
  property: 'find',
  prototype: {},
};

/** Texts that are likely to be mistaken for a separator, or for something escaped. */
const awkward = fc.string({
  unit: fc.constantFrom('a', ':', '%', '3', 'A', '-', 'é', '6', '1'),
  maxLength: 6,
});

const keyOf = (args: readonly unknown[]): string => canonicalArguments(args, 'Items.find()');

describe('A template', () => {
  it.each(['{0}:{1}', '{0}a{1}', '{0}--{1}', '{0}é{1}', '{0}3A{1}', 'item:{0}:a:{1}:end', '{0}6{1}'])(
    'makes the same key of the same texts only: %s',
    (template) => {
      const fill = readTemplate(template, site);
      const pair = fc.tuple(awkward, awkward);
      fc.assert(
        fc.property(pair, pair, (one, other) => {
          expect(fill(one) === fill(other)).toBe(isDeepStrictEqual(one, other));
        }),
        { numRuns: 2_000 },
      );
      // Pairs that are cut elsewhere are the ones that a careless template mixes up.
      fc.assert(
        fc.property(awkward, awkward, awkward, (start, middle, end) => {
          const separator = template.slice(template.indexOf('}') + 1, template.lastIndexOf('{'));
          const [one, other] = [
            [start + separator + middle, end],
            [start, middle + separator + end],
          ];
          expect(fill(one) === fill(other)).toBe(isDeepStrictEqual(one, other));
        }),
        { numRuns: 2_000 },
      );
    },
  );
});

describe('The canonical form of arguments', () => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(1, '1', 1n, true, 'true', null, 'null', 0, -0, NaN, 'NaN', '', '[]', '{}', ','),
    fc.integer(),
    fc.string({ maxLength: 4 }),
    fc.date({ noInvalidDate: true }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '', '"', ':'), tie('value'), { noNullPrototype: true }),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    ),
  }));
  const list = fc.array(value, { maxLength: 3 });

  it('is the same for equal arguments, and for no others', () => {
    fc.assert(
      fc.property(list, list, (one, other) => {
        if (isDeepStrictEqual(one, other)) return;
        expect(keyOf(one)).not.toBe(keyOf(other));
      }),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(list, (args) => {
        expect(keyOf(structuredClone(args))).toBe(keyOf(args));
      }),
    );
  });

  it('does not depend on the order of properties', () => {
    const dictionary = fc.dictionary(fc.string({ maxLength: 3 }), leaf, { noNullPrototype: true });
    fc.assert(
      fc.property(dictionary, (properties) => {
        const reversed = Object.fromEntries(Object.entries(properties).toReversed());
        expect(keyOf([reversed])).toBe(keyOf([properties]));
      }),
    );
  });
});
