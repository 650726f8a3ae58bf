/** How many random stories are told, and which; a test that takes longer for one tells a part of them. */
const { PREGAO_STORIES, PREGAO_SEED } = process.env;

/** PREGAO_STORIES makes a long search of what is a quick check otherwise. */
export const STORIES = Number(PREGAO_STORIES ?? 1200);
/** PREGAO_SEED tells the same stories again. */
export const SEED = PREGAO_SEED === undefined ? Date.now() & 0x7fffffff : Number(PREGAO_SEED);

console.info(`PREGAO_SEED=${SEED} PREGAO_STORIES=${STORIES}`);
