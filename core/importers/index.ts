/** All importers, in the order in which they look. */
import type { Importer } from './importer.ts';
import { ddev } from './ddev.ts';
import { flyenv } from './flyenv.ts';
import { laragon } from './laragon.ts';
import { mamp } from './mamp.ts';
import { herd, valet } from './valet.ts';
import { xampp } from './xampp.ts';

export const importers: readonly Importer[] = [herd, valet, ddev, flyenv, laragon, xampp, mamp];
