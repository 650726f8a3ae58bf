/** Who a client is as long as it shows no key: its address, and what is kept for so many of them. */
import { BlockList, isIP, isIPv6 } from "node:net";

/** The longest text of an address with a port. What a proxy passes on may be anything. */
const ADDRESS_CHARACTERS_MAX = 53;
/** An address as some proxies write it, with the port, which every connection has another of. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;
/** All whose address cannot be read are one client. */
const UNKNOWN = "unknown";
const MAPPED = "::ffff:";
/** Of an IPv6 address: what a provider gives to one customer at the least, in groups of 16 bits. */
const NETWORK_GROUPS = 4;
const IPV6_GROUPS = 8;
const SUBNET = /^([^/]+)\/(\d{1,3})$/;

/** One name for all addresses that one client can easily have: an IPv4 address, or a /64 network of IPv6. */
export function clientOf(address: string | undefined): string {
  if (address === undefined || address.length > ADDRESS_CHARACTERS_MAX) return UNKNOWN;
  const plain = plainAddress(address);
  const family = isIP(plain);
  if (family === 0) return UNKNOWN;
  return family === 6 ? network(plain) : plain;
}

/** Something for each of the addresses that were seen last; the one that has been there longest makes room. */
export class ByAddress<T> {
  readonly #max: number;
  readonly #make: () => T;
  readonly #items = new Map<string, T>();

  constructor(max: number, make: () => T) {
    this.#max = max;
    this.#make = make;
  }

  get size(): number {
    return this.#items.size;
  }

  find(address: string): T | undefined {
    return this.#items.get(clientOf(address));
  }

  get(address: string): T {
    const client = clientOf(address);
    const known = this.#items.get(client);
    if (known !== undefined) return known;
    if (this.#items.size >= this.#max) this.#items.delete(this.#items.keys().next().value!);
    const made = this.#make();
    this.#items.set(client, made);
    return made;
  }
}

/** Things of which a client may have so many at a time, such as connections. */
export class CountByAddress {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  /** 0 for no limit. */
  constructor(max: number) {
    this.#max = max;
  }

  isFull(address: string | undefined): boolean {
    return this.#max > 0 && (this.#counts.get(clientOf(address)) ?? 0) >= this.#max;
  }

  /** Counts one, and gives the way to say that it has ended. */
  add(address: string | undefined): () => void {
    const client = clientOf(address);
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
    return () => {
      const left = this.#counts.get(client)! - 1;
      if (left === 0) this.#counts.delete(client);
      else this.#counts.set(client, left);
    };
  }
}

/** Whether a text is an address, or a network such as `10.0.0.0/8`. */
export function isAddressOrNetwork(text: string): boolean {
  const subnet = SUBNET.exec(text);
  if (subnet === null) return isIP(text) !== 0;
  const family = isIP(subnet[1]!);
  return family !== 0 && Number(subnet[2]) <= (family === 4 ? 32 : 128);
}

/** Tells whether an address is one of those listed; to be made of addresses and networks only. */
export function addressMatcher(listed: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of listed) {
    const [, address = text, bits] = SUBNET.exec(text) ?? [];
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    if (isIP(plain) === 0) return false;
    return list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  };
}

/** Without a port; and where one socket listens for both families, IPv4 addresses come as IPv6. */
function plainAddress(address: string): string {
  const [, inBrackets, beforePort] = WITH_PORT.exec(address) ?? [];
  const bare = inBrackets ?? beforePort ?? address;
  return bare.toLowerCase().startsWith(MAPPED) ? bare.slice(MAPPED.length) : bare;
}

function network(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const behind = tail === "" ? 0 : tail.split(":").length;
    while (groups.length < IPV6_GROUPS - behind) groups.push("0");
  }
  const shortest = groups.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${shortest.join(":")}::/64`;
}
