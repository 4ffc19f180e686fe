// Which port is listened on.

import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { choosePort } from '../../src/ports.ts';

let holder: Server;
let taken: number;

beforeEach(async () => {
  holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  taken = (holder.address() as AddressInfo).port;
});
afterEach(() => {
  holder.close();
});

describe('choosePort', () => {
  it('refuses a taken port that was asked for, and says what to do', async () => {
    await expect(choosePort({ wanted: taken, asked: true })).rejects.toThrow(
      `Port ${taken} of 127.0.0.1 is taken: free it, or ask for another one (0 = any free port).`,
    );
  });

  it('fails over an address that this machine does not have', async () => {
    await expect(choosePort({ wanted: 0, asked: true, host: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
  });

  it('replaces a default port that is taken, and says that it did', async () => {
    const { port, replaced } = await choosePort({ wanted: taken, asked: false });
    expect(replaced).toBe(true);
    expect(port).not.toBe(taken);
  });

  it('replaces a default port that is promised to somebody else', async () => {
    const { port: promised } = await choosePort({ wanted: 0, asked: false });
    const { port, replaced } = await choosePort({ wanted: promised, asked: false, except: promised });
    expect(replaced).toBe(true);
    expect(port).not.toBe(promised);
  });

  it('keeps a port that is free, and leaves it free', async () => {
    holder.close();
    for (const asked of [true, false]) {
      expect(await choosePort({ wanted: taken, asked })).toEqual({ port: taken, replaced: false });
    }
  });

  it('takes any free port for 0', async () => {
    const { port, replaced } = await choosePort({ wanted: 0, asked: true });
    expect(replaced).toBe(false);
    expect(port).toBeGreaterThan(0);
  });
});
