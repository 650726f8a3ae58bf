/** The ordeal of settlements for as long as one likes: `npm run settlements:endure -- --seconds 60`. Exit code 1 if anything is lost. */
import { parseArgs } from "node:util";
import { endure } from "./ordeal.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const figures = await endure(Number(values.seconds), console.log);
console.log(figures);
const { lost, wrong, outOfOrder, offBalance, complaints, failedStops } = figures;
const faults = lost + wrong + outOfOrder + offBalance.length + complaints.length + failedStops;
process.exitCode = faults === 0 ? 0 : 1;
