/**
 * Seeds that once found a fault, with what it was. They are tried before all others. What a seed comes to changes
 * when the plans change; the fault then has a test of its own where it was.
 */
export const SEEDS_THAT_FAILED: readonly { readonly seed: number; readonly what: string }[] = [];
