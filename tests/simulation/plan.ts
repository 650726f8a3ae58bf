/**
 * What a seed comes to: which features and faults are switched on, the world that is traded in, and the list of
 * all that happens, made before anything does, so that a part of it can be left out.
 */
import fc from "fast-check";
import type { Intent } from "../properties/order-intents.ts";
import { story } from "../properties/stories.ts";
import type { World } from "../properties/worlds.ts";
import { Random } from "./random.ts";
import { FAILING, type Failing } from "./simulated-disk.ts";
import { CRASH_MODES, type CrashMode } from "./stored-file.ts";

/** What becomes of a process, and what it finds when it comes back. */
export type Restart = {
  readonly seed: number;
  /** Null if the process alone dies, and the machine goes on with all that its disk was told. */
  readonly power: CrashMode | null;
  /** Bits that turn over before it comes back; each is looked at by itself, and turned back. */
  readonly flips: number;
  readonly losesLedger: boolean;
};

export type Step = { readonly waitUs: number } & (
  | {
      readonly kind: "act";
      /** Several are sent together, all of them or none. */
      readonly intents: readonly Intent[];
      /** Chooses ids and what becomes of the client. */
      readonly seed: number;
    }
  | { readonly kind: "crash"; readonly restart: Restart }
  | { readonly kind: "stop"; readonly restart: Restart }
  | { readonly kind: "fail"; readonly what: Failing }
  | { readonly kind: "fill"; readonly freeBytes: number }
  | { readonly kind: "free" }
  | { readonly kind: "jump"; readonly milliseconds: number }
  | { readonly kind: "slow"; readonly times: number }
);

export type Plan = {
  readonly seed: number;
  readonly world: World;
  readonly segmentBytes: number;
  /** Invariants by full scans after every so many commands. */
  readonly checkEvery: number;
  /** When all is over, the disk fills up once more, and commands must be refused meanwhile. */
  readonly fillsAtEnd: boolean;
  readonly steps: readonly Step[];
};

const ACTIONS_MAX = 130;

type Features = {
  readonly modes: readonly (CrashMode | null)[];
  readonly faults: readonly Step["kind"][];
  readonly faultShare: number;
  readonly togetherShare: number;
  readonly flipShare: number;
  readonly ledgerLostShare: number;
  readonly hurry: number;
};

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const [told] = fc.sample(fc.noBias(story(ACTIONS_MAX)), { seed, numRuns: 1 });
  const features = featuresOf(random);
  const steps: Step[] = [];
  if (random.chance(0.15)) {
    // A process may end before it has made its journal, or in the middle of that.
    steps.push({ kind: "crash", waitUs: random.below(10_000), restart: restartOf(features, random) });
  }
  const actions = told!.steps.slice();
  while (actions.length > 0) {
    const together = random.chance(features.togetherShare) ? random.between(2, 4) : 1;
    const taken = actions.splice(0, together);
    steps.push({
      kind: "act",
      waitUs: waitOf(taken[0]!.wait, features.hurry, random),
      intents: taken.map(({ intent }) => intent),
      seed: random.bits(),
    });
    if (random.chance(features.faultShare)) steps.push(faultOf(features, random));
  }
  return {
    seed,
    world: told!.world,
    segmentBytes: random.pick([12, 12, 16, 32]) * 1024,
    checkEvery: random.pick([1, 1, 1, 7]),
    fillsAtEnd: random.chance(0.3),
    steps,
  };
}

/** Swarm testing: what is always on hides what happens without it. */
function featuresOf(random: Random): Features {
  const modes = [...CRASH_MODES, "torn" as const, null].filter(() => random.chance(0.6));
  const kinds = ["crash", "crash", "crash", "stop", "fail", "fill", "free", "jump", "slow"] as const;
  const left = new Set(kinds.filter(() => random.chance(0.7)));
  return {
    modes: modes.length > 0 ? modes : CRASH_MODES,
    faults: kinds.filter((kind) => left.has(kind)),
    faultShare: random.pick([0, 0.05, 0.1, 0.1, 0.2]),
    togetherShare: random.pick([0, 0.1, 0.5]),
    flipShare: random.pick([0, 0, 0.3, 1]),
    ledgerLostShare: random.pick([0, 0, 0.3]),
    hurry: random.pick([1, 1, 10, 100]),
  };
}

function waitOf(milliseconds: number, hurry: number, random: Random): number {
  return Math.floor((milliseconds * 1_000 + random.below(1_000)) / hurry);
}

function faultOf(features: Features, random: Random): Step {
  const waitUs = random.below(random.pick([100, 300, 1_000, 4_000]));
  const kind = features.faults.length === 0 ? "slow" : random.pick(features.faults);
  switch (kind) {
    case "crash":
    case "stop":
      return { kind, waitUs, restart: restartOf(features, random) };
    case "fail":
      return { kind, waitUs, what: random.pick(FAILING) };
    case "fill":
      return { kind, waitUs, freeBytes: random.below(random.pick([1, 2_000, 20_000])) };
    case "jump":
      return {
        kind,
        waitUs,
        milliseconds: random.between(-1, 1) * random.below(random.pick([50, 5_000, 7_200_000])),
      };
    case "slow":
      return { kind, waitUs, times: random.pick([1, 1, 5, 50]) };
    default:
      return { kind: "free", waitUs };
  }
}

function restartOf(features: Features, random: Random): Restart {
  return {
    seed: random.bits(),
    power: random.pick(features.modes),
    flips: random.chance(features.flipShare) ? random.between(1, 3) : 0,
    losesLedger: random.chance(features.ledgerLostShare),
  };
}
