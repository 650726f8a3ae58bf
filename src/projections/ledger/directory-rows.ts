/**
 * The names behind the numbers: accounts, assets and markets, kept so that the file can be read by itself.
 * Markets are remembered, because postings need to know their assets.
 */
import type { Database, Statement } from "better-sqlite3";
import { assert } from "../../domain/assert.ts";
import { ACCOUNT_STATUSES } from "../../domain/commands.ts";
import type {
  AccountOpened,
  AccountStatusChanged,
  AssetListed,
  CancelAfterSet,
  MarketChanged,
  MarketListed,
} from "../../domain/events.ts";
import { MARKET_STATUSES } from "../../domain/market.ts";
import type { PostedMarket } from "./postings.ts";
import { numberOf } from "./words.ts";

export class DirectoryRows {
  readonly #markets = new Map<number, PostedMarket>();
  readonly #openAccount: Statement;
  readonly #changeAccount: Statement;
  readonly #setCancelAfter: Statement;
  readonly #listAsset: Statement;
  readonly #listMarket: Statement;
  readonly #changeMarket: Statement;

  constructor(database: Database) {
    const rows = database.prepare("SELECT market, base, quote, base_minor_per_lot FROM markets").raw().all();
    for (const [market, base, quote, baseMinorPerLot] of rows as [number, number, number, number][]) {
      this.#markets.set(market, { base, quote, baseMinorPerLot });
    }
    this.#openAccount = database.prepare(
      "INSERT INTO accounts (account, account_id, name, status) VALUES (?, ?, ?, ?)",
    );
    this.#changeAccount = database.prepare("UPDATE accounts SET status = ? WHERE account = ?");
    this.#setCancelAfter = database.prepare("UPDATE accounts SET cancel_after = ? WHERE account = ?");
    this.#listAsset = database.prepare("INSERT INTO assets (asset, name, scale) VALUES (?, ?, ?)");
    this.#listMarket = database.prepare(
      `INSERT INTO markets (market, name, base, quote, tick_units, tick_scale, lot_units, lot_scale,
         base_minor_per_lot, maker_fee, taker_fee, price_band, reference_price, status)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#changeMarket = database.prepare(
      "UPDATE markets SET status = ?, maker_fee = ?, taker_fee = ?, price_band = ? WHERE market = ?",
    );
  }

  market(market: number): PostedMarket {
    const listed = this.#markets.get(market);
    assert(listed !== undefined, "a market trades after it was listed");
    return listed;
  }

  openAccount({ account, accountId, name }: AccountOpened): void {
    this.#openAccount.run(account, accountId, name, numberOf(ACCOUNT_STATUSES, "active"));
  }

  changeAccount({ account, status }: AccountStatusChanged): void {
    this.#changeAccount.run(numberOf(ACCOUNT_STATUSES, status), account);
  }

  setCancelAfter({ account, deadline }: CancelAfterSet): void {
    this.#setCancelAfter.run(deadline, account);
  }

  listAsset({ asset, name, scale }: AssetListed): void {
    this.#listAsset.run(asset, name, scale);
  }

  listMarket(listing: MarketListed): void {
    const { market, name, base, quote, tickSize, lotSize, baseMinorPerLot, makerFee, takerFee } = listing;
    this.#listMarket.run(
      market,
      name,
      base,
      quote,
      tickSize.units,
      tickSize.scale,
      lotSize.units,
      lotSize.scale,
      baseMinorPerLot,
      makerFee,
      takerFee,
      listing.priceBand,
      listing.referencePrice,
      numberOf(MARKET_STATUSES, listing.status),
    );
    this.#markets.set(market, { base, quote, baseMinorPerLot });
  }

  changeMarket({ market, status, makerFee, takerFee, priceBand }: MarketChanged): void {
    this.#changeMarket.run(numberOf(MARKET_STATUSES, status), makerFee, takerFee, priceBand, market);
  }
}
