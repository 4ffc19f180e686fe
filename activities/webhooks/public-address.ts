// Which addresses anybody on the internet could reach as well: the only ones that a client may have us post to. All
// others (this machine, private networks, a cloud's metadata) it could otherwise reach through us.

import ipaddr from 'ipaddr.js';

/** False for what is no address at all. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // One that is written as IPv6 and means IPv4 is judged as the IPv4 that it means.
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  // All of IPv6 that has been given out; the rest has forms with an IPv4 address inside that the library does not know.
  if (address instanceof ipaddr.IPv6) return address.match(GLOBAL_IPV6);
  return !address.match(AZURE_HOST);
}

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** By its number public, and answered by the machine's own host: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 */
const AZURE_HOST = ipaddr.parseCIDR('168.63.129.16/32') as [ipaddr.IPv4, number];
