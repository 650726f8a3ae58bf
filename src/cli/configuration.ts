/**
 * The configuration of `serve`: an option of the command line wins over a variable of the environment, that
 * over the configuration file, that over the default. Whatever does not fit ends the start with a clear word.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ADMIN_KEY_PATTERN } from "../edge/auth.ts";
import { isAddressOrNetwork } from "../edge/guard/addresses.ts";
import { LOG_LEVELS } from "../edge/log.ts";
import type { ClientLimits } from "../edge/server.ts";
import type { ArchivePlace } from "../outward/archive/place.ts";
import { isSecret } from "../outward/settlements/secrets.ts";
import { FEED_EVENTS_MAX_DEFAULT, FEED_EVENTS_MIN } from "../projections/feeds/feed-log.ts";
import { archivePlace } from "./archive-settings.ts";
import { UsageError } from "./exit-codes.ts";

const MIB = 1024 * 1024;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/;
const NO_LIMITS = { rateLimit: 0, connectionsPerAddress: 0 };
const OPEN_LIMITS = { rateLimit: 500, connectionsPerAddress: 500 };
const PROXIES_MAX = 100;
const ALLOWED_MAX = 100;
const SECRETS_MAX = 10;
const URL_CHARACTERS_MAX = 2_000;
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
const ADDRESS_WORDS = "must be addresses or networks such as 10.0.0.0/8";

/** A list of texts of one form; in the environment with commas between them. */
function listed(most: number, fits: (text: string) => boolean, words: string) {
  const split = z.string().transform((text) => text.split(",").map((part) => part.trim()));
  const item = z.string().refine(fits, words);
  const nothing = z.literal("").transform(() => []);
  return z.union([nothing, z.array(z.string()), split]).pipe(z.array(item).max(most));
}

function checkUrl(text: string, context: z.RefinementCtx<string>): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  const say = (message: string) => context.addIssue({ code: "custom", message });
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    say("must be a URL that begins with http:// or https://");
  } else if (url.username !== "" || url.password !== "") {
    say("must hold no user and password; a token is set by PREGAO_WALLET_TOKEN");
  }
}

/** A whole number, written as a JSON number or, in the environment and on the command line, in digits. */
function whole(least: number, most: number) {
  const digits = z
    .string()
    .regex(/^[0-9]{1,15}$/, "must be a whole number")
    .transform(Number);
  return z.union([z.number(), digits], "must be a whole number").pipe(z.int().min(least).max(most));
}

const schema = z.strictObject({
  data: z.string().min(1).default("./data"),
  host: z.string().min(1).default("127.0.0.1"),
  port: whole(0, 65_535).default(8080),
  adminKey: z.string().regex(ADMIN_KEY_PATTERN, "must be 16 to 128 of A-Z a-z 0-9 . _ -").optional(),
  logLevel: z.enum(LOG_LEVELS).default("info"),
  /** Requests a second of each key, and of each address without one; 0 for no limit. */
  rateLimit: whole(0, 1_000_000).optional(),
  /** Connections of each address; 0 for no limit. */
  connectionsPerAddress: whole(0, 1_000_000).optional(),
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  trustedProxies: listed(PROXIES_MAX, isAddressOrNetwork, ADDRESS_WORDS).default([]),
  /** Events that the resumable WebSocket channels keep in memory. */
  feedEvents: whole(FEED_EVENTS_MIN, 100_000_000).default(FEED_EVENTS_MAX_DEFAULT),
  /** With less free disk space than this, commands are turned away. */
  diskReserveMiB: whole(0, 1_000_000_000).default(256),
  /** Which segments of the journal stay: all, or those that two snapshots and the ledger do not cover. */
  journalKeep: z.enum(["all", "snapshots"]).default("all"),
  /** A bucket or a directory to which closed segments and the ledger's rows go. */
  archive: z.string().optional(),
  /** The ledger lets go of what is older, once the archive has it; it keeps everything unless given. */
  retentionDays: whole(1, 100_000).optional(),
  /** The operator's own wallet service, to which every trade is told; none unless given. */
  walletUrl: z.string().max(URL_CHARACTERS_MAX).superRefine(checkUrl).optional(),
  walletToken: z.string().regex(TOKEN, "must be 1 to 4096 visible ASCII characters").optional(),
  /** What signs each delivery; the newest first, while receivers are being changed. */
  walletSecret: listed(SECRETS_MAX, isSecret, "must be whsec_ and 24 to 64 bytes in base64").default([]),
  /** Addresses and networks inside that deliveries may go to. */
  walletAllow: listed(ALLOWED_MAX, isAddressOrNetwork, ADDRESS_WORDS).default([]),
  walletTimeoutMs: whole(100, 120_000).default(10_000),
  /** Failures after which a delivery is given up. */
  walletAttempts: whole(1, 1_000).default(20),
});

type Settings = z.infer<typeof schema>;

export type Configuration = Omit<
  Settings,
  "diskReserveMiB" | "archive" | keyof ClientSettings | keyof WalletSettings
> & {
  readonly diskReserveBytes: number;
  readonly archive: ArchivePlace | undefined;
  readonly clientLimits: ClientLimits;
  /** Null if there is none to be told of trades. */
  readonly walletService: WalletService | null;
};

/** Where settlements are delivered, and how. */
export type WalletService = {
  readonly url: string;
  readonly token: string | null;
  /** None if the one in the data directory is meant. */
  readonly secrets: readonly string[];
  readonly allowed: readonly string[];
  readonly timeoutMs: number;
  readonly failuresMax: number;
};

type WalletSettings = Pick<
  Settings,
  "walletUrl" | "walletToken" | "walletSecret" | "walletAllow" | "walletTimeoutMs" | "walletAttempts"
>;

type ClientSettings = Pick<Settings, "rateLimit" | "connectionsPerAddress" | "trustedProxies">;

/** What the command line may say; all as text. */
export type Options = { readonly data?: string; readonly host?: string; readonly port?: string };

const VARIABLES = {
  data: "PREGAO_DATA",
  host: "PREGAO_HOST",
  port: "PREGAO_PORT",
  adminKey: "PREGAO_ADMIN_KEY",
  logLevel: "PREGAO_LOG_LEVEL",
  rateLimit: "PREGAO_RATE_LIMIT",
  connectionsPerAddress: "PREGAO_CONNECTIONS_PER_ADDRESS",
  trustedProxies: "PREGAO_TRUSTED_PROXIES",
  feedEvents: "PREGAO_FEED_EVENTS",
  diskReserveMiB: "PREGAO_DISK_RESERVE_MIB",
  journalKeep: "PREGAO_JOURNAL_KEEP",
  archive: "PREGAO_ARCHIVE",
  retentionDays: "PREGAO_RETENTION_DAYS",
  walletUrl: "PREGAO_WALLET_URL",
  walletToken: "PREGAO_WALLET_TOKEN",
  walletSecret: "PREGAO_WALLET_SECRET",
  walletAllow: "PREGAO_WALLET_ALLOW",
  walletTimeoutMs: "PREGAO_WALLET_TIMEOUT_MS",
  walletAttempts: "PREGAO_WALLET_ATTEMPTS",
} as const satisfies Record<keyof z.infer<typeof schema>, string>;

type Source = { readonly values: Record<string, unknown>; readonly nameOf: (key: string) => string };

/** @throws UsageError that names the option, variable or key of the file. */
export function readConfiguration(
  options: Options & { readonly config?: string },
  environment: NodeJS.ProcessEnv,
): Configuration {
  const { config = environment.PREGAO_CONFIG, ...flags } = options;
  const sources: Source[] = [
    { values: defined(flags), nameOf: (key) => `--${key}` },
    { values: fromEnvironment(environment), nameOf: (key) => VARIABLES[key as keyof typeof VARIABLES] },
  ];
  if (config !== undefined) {
    sources.push({ values: readFile(config), nameOf: (key) => `"${key}" in ${config}` });
  }
  const values = Object.assign({}, ...sources.map((source) => source.values).reverse());
  const parsed = schema.safeParse(values);
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map((issue) => told(issue, sources)).join("\n"));
  const { diskReserveMiB, rateLimit, connectionsPerAddress, trustedProxies, ...others } = parsed.data;
  const { walletUrl, walletToken, walletSecret, walletAllow, walletTimeoutMs, walletAttempts, ...more } =
    others;
  const { archive: place, ...rest } = more;
  const archive = place === undefined ? undefined : archivePlace(place, { environment, data: rest.data });
  if (rest.retentionDays !== undefined && archive === undefined) {
    throw new UsageError(
      "PREGAO_RETENTION_DAYS: needs PREGAO_ARCHIVE, which is to have what the ledger lets go of",
    );
  }
  const clientLimits = clientLimitsOf(rest.host, { rateLimit, connectionsPerAddress, trustedProxies });
  const walletService = walletServiceOf({
    walletUrl,
    walletToken,
    walletSecret,
    walletAllow,
    walletTimeoutMs,
    walletAttempts,
  });
  return { ...rest, archive, diskReserveBytes: diskReserveMiB * MIB, clientLimits, walletService };
}

/** Whoever reaches a loopback address is on this machine already, unless a proxy brings others there. */
function clientLimitsOf(host: string, settings: ClientSettings): ClientLimits {
  const { trustedProxies } = settings;
  const isLocal = LOOPBACK.test(host) && trustedProxies.length === 0;
  const { rateLimit, connectionsPerAddress } = isLocal ? NO_LIMITS : OPEN_LIMITS;
  return {
    requestsPerSecond: settings.rateLimit ?? rateLimit,
    connectionsPerAddress: settings.connectionsPerAddress ?? connectionsPerAddress,
    trustedProxies,
  };
}

function walletServiceOf(settings: WalletSettings): WalletService | null {
  const {
    walletUrl: url,
    walletToken,
    walletSecret,
    walletAllow,
    walletTimeoutMs,
    walletAttempts,
  } = settings;
  if (url === undefined || url === "") return null;
  return {
    url,
    token: walletToken ?? null,
    secrets: walletSecret,
    allowed: walletAllow,
    timeoutMs: walletTimeoutMs,
    failuresMax: walletAttempts,
  };
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  return defined(
    Object.fromEntries(Object.entries(VARIABLES).map(([key, variable]) => [key, environment[variable]])),
  );
}

function readFile(path: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // What JSON.parse says repeats a piece of the text, and the operator's key may stand there.
    const why = error instanceof SyntaxError ? "it is not valid JSON" : (error as Error).message;
    throw new UsageError(`the configuration file ${path} cannot be read: ${why}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new UsageError(`the configuration file ${path} must hold a JSON object`);
  }
  return content as Record<string, unknown>;
}

function told(issue: z.core.$ZodIssue, sources: readonly Source[]): string {
  const key = issue.code === "unrecognized_keys" ? issue.keys[0]! : String(issue.path[0]);
  const source = sources.find(({ values }) => key in values);
  return `${source?.nameOf(key) ?? key}: ${issue.message}`;
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
