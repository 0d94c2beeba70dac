import type { Place } from '../city-atlas.js';

/** A place to ask from, and the city that is known to be the nearest to it. */
export interface KnownPlace extends Place {
  readonly name: string;
  readonly nearest: string;
}

export const AMSTERDAM: KnownPlace = {
  name: 'Amsterdam',
  latitude: 52.3731,
  longitude: 4.8926,
  nearest: 'Amsterdam',
};

export const SEOUL: KnownPlace = { name: 'Seoul', latitude: 37.566, longitude: 126.9784, nearest: 'Seoul' };

export const PLACES: readonly KnownPlace[] = [
  AMSTERDAM,
  SEOUL,
  { name: 'Nairobi', latitude: -1.2833, longitude: 36.8167, nearest: 'Nairobi' },
  { name: 'Fiji, 180°', latitude: -16.8, longitude: -179.99, nearest: 'Labasa' },
  { name: 'Point Nemo', latitude: -48.8767, longitude: -123.3933, nearest: 'Hanga Roa' },
  { name: 'South Pole', latitude: -90, longitude: 0, nearest: 'McMurdo Station' },
];
