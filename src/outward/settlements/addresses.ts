/**
 * Which addresses a delivery may go to. An address inside (this machine, its networks, the services of a cloud that
 * live on link-local addresses) is refused unless the operator has allowed it, so that a setting or a name that
 * somebody else controls cannot make the exchange talk to what only the exchange can reach.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";

/** IPv4 that is not of the public internet (RFC 6890 and the registry that follows from it). */
const INSIDE_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** IPv6 is the other way round: only global unicast goes outside, and of it not what carries an IPv4 address in it. */
const OUTSIDE_IPV6 = ["2000::/3"];
const INSIDE_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** One of them is used for a connection. */
export type Address = { readonly address: string; readonly family: number };

export class AddressRules {
  readonly #allowed: BlockList;
  readonly #insideIpv4 = listOf(INSIDE_IPV4);
  readonly #outsideIpv6 = listOf(OUTSIDE_IPV6);
  readonly #insideIpv6 = listOf(INSIDE_IPV6);

  /** `allowed` are addresses and networks inside that may be used all the same. */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed);
  }

  permits(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    // An IPv4 address that is written as IPv6 is looked up in the lists of IPv4 by BlockList itself.
    if (this.#allowed.check(address, family === 6 ? "ipv6" : "ipv4")) return true;
    if (family === 4) return !this.#insideIpv4.check(address, "ipv4");
    return this.#outsideIpv6.check(address, "ipv6") && !this.#insideIpv6.check(address, "ipv6");
  }
}

/** The host of a URL as an address or a name: IPv6 addresses stand in brackets there. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/**
 * Why a URL cannot be delivered to as it is, with the address that it leads to; null if it can be, or if its name
 * cannot be resolved now: every connection looks again.
 */
export async function inwardAddressOf(url: URL, rules: AddressRules): Promise<string | null> {
  const host = hostOf(url);
  const addresses =
    isIP(host) === 0
      ? await lookup(host, { all: true }).catch((): Address[] => [])
      : [{ address: host, family: isIP(host) }];
  if (addresses.length === 0 || addresses.some(({ address }) => rules.permits(address))) return null;
  return addresses[0]!.address;
}

function listOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = "", bits] = text.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
