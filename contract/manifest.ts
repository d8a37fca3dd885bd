/** The signed runtime manifest: which runtimes exist, where they come from, and how their bytes are verified. */
import { z } from 'zod';
import { PortDefSchema } from './common.ts';

/** `sha256:<64 hex>`, `sha512:<128 hex>`, or `archive-signature` where trust starts at a Debian archive's own key. */
const ChecksumSchema = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|archive-signature)$/);

/** A package of the npm registry, fetched without running any of its scripts. */
export const NpmSourceSchema = z.strictObject({
  type: z.literal('npm'),
  name: z.string(),
  version: z.string(),
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** Further packages, each unpacked into a folder of the tree. */
  parts: z
    .array(
      z.strictObject({
        name: z.string(),
        version: z.string(),
        sha512: z.string().regex(/^[0-9a-f]{128}$/),
        folder: z.string(),
      }),
    )
    .optional(),
});

/** Packages of Debian's archive, resolved and verified by Kojibox's own client. */
export const DebianSourceSchema = z.strictObject({
  type: z.literal('debian'),
  /** Whose archive it is; default `debian`. Entries for another one are of former lists, and no longer offered. */
  distribution: z.enum(['debian', 'ubuntu']).optional(),
  /** Code name of the release, e.g. `bookworm`. */
  suite: z.string().regex(/^[a-z]+$/),
  /** The closure of these is fetched. */
  packages: z.array(z.string()).min(1),
  /** Only these .debs, without what they depend on. */
  extraPackages: z.array(z.string()).optional(),
  /** Leaves out every package with machine code: for tools in a script language, whose interpreter is a runtime of its own. */
  onlyPortable: z.boolean().optional(),
  /** Executables inside the tree that get a run path and the tree's own loader. */
  executables: z.array(z.string()),
});

export const HttpsSourceSchema = z.strictObject({
  type: z.literal('https'),
  url: z.url({ protocol: /^https$/ }),
  archive: z.enum(['tar.gz', 'tar.xz', 'zip', 'file']),
});

/** A program already on this machine; adopted where it is, never modified. */
export const SystemSourceSchema = z.strictObject({ type: z.literal('system'), candidates: z.array(z.string()).min(1) });

export const RuntimeSourceSchema = z.discriminatedUnion('type', [
  NpmSourceSchema,
  DebianSourceSchema,
  HttpsSourceSchema,
  SystemSourceSchema,
]);
export type RuntimeSource = z.infer<typeof RuntimeSourceSchema>;

/** Given form; `source`, `kind`, `series`, `isDefault`, `untested` and `sizeOnDisk` are additions. */
export const ServiceBinarySchema = z.object({
  name: z.string(),
  version: z.string(),
  os: z.string(),
  arch: z.string(),
  checksum: ChecksumSchema,
  /** Bytes to fetch, as measured when the manifest was made. */
  size: z.int().nonnegative(),
  /** Bytes once unpacked, as measured when the manifest was made. */
  sizeOnDisk: z.int().nonnegative().optional(),
  /** Relative to KOJIBOX_HOME. */
  binPath: z.string(),
  defaultPorts: z.array(PortDefSchema),
  env: z.record(z.string(), z.string()),
  args: z.array(z.string()),
  source: RuntimeSourceSchema.optional(),
  kind: z.enum(['service', 'language', 'tool']).optional(),
  /** What a user types: `8.2`, `17`, `10.11`. */
  series: z.string().optional(),
  /** The series that is used when nobody asks for one. */
  isDefault: z.boolean().optional(),
  /** True where nobody has run it yet on that platform. */
  untested: z.boolean().optional(),
});
export type ServiceBinary = z.infer<typeof ServiceBinarySchema>;

export const BundleMetaSchema = z.object({
  createdAt: z.iso.datetime(),
  source: z.string(),
  /** `ed25519:<key id>:<base64 signature>` over the RFC 8785 form of the manifest with an empty signature. */
  signature: z.string(),
});

export const RuntimeManifestSchema = z.object({
  version: z.string(),
  services: z.array(ServiceBinarySchema),
  bundle: BundleMetaSchema,
});
export type RuntimeManifest = z.infer<typeof RuntimeManifestSchema>;
