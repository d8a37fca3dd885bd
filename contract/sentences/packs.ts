/** Why a pack cannot be installed here. */
import { sayer } from './sentence.ts';

export const PACKS = {
  otherPlatform: 'it is for {platform}; this is {own}',
  otherPackages: 'its packages are for {system}; this is {own}',
  otherSystem: 'another system',
  otherSource: '{runtime} does not come from {source} any more',
  unknownRuntime: 'it has {runtime}, which this Kojibox does not know: {reason}',
} as const;
export const sayPack = sayer(PACKS);
