/** All recipes by runtime. */
import { mariadb } from './mariadb.ts';
import { php } from './php.ts';
import { postgres } from './postgres.ts';
import type { Recipe } from './recipe.ts';
import { redis } from './redis.ts';

export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [php, postgres, mariadb, redis].map((recipe) => [recipe.runtime, recipe]),
);
