// An operator replays a failed inference from Temporal's own web UI, in a real browser: its Reset button offers every
// workflow task, and whichever is chosen, the inference is tried again and answered.

import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = EXECUTABLES.find((path) => existsSync(path));

let service: TestService;
let browser: Browser;

beforeAll(async () => {
  service = await startTestService();
  if (!executablePath) return;
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}, FETCH_LIMIT_MS);

afterAll(async () => {
  await browser?.close();
  await service.stop();
});

function resetDialog(page: Page) {
  return page.getByRole('dialog', { name: 'Reset Workflow' });
}

/** Opens the page that the API links to, and the dialog behind its Reset button. */
async function openResetDialog(uiUrl: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(uiUrl);
  await page.getByRole('button', { name: 'Reset', exact: true }).first().click();
  await resetDialog(page).getByTestId('workflow-reset-event-id-select-button').click();
  return page;
}

/** Whether the server accepted it: the UI also offers the start of the first workflow task, which the server refuses. */
async function resetTo(uiUrl: string, event: string): Promise<boolean> {
  const page = await openResetDialog(uiUrl);
  const dialog = resetDialog(page);
  await dialog.getByRole('option', { name: event }).click();
  await dialog.getByRole('textbox', { name: /reason/i }).fill('the provider is back');
  const answered = page.waitForResponse((response) => response.url().includes('/reset'));
  await dialog.getByRole('button', { name: 'Confirm', exact: true }).click();
  const isAccepted = (await answered).ok();
  await page.close();
  return isAccepted;
}

test('Reset in the web UI answers a failed inference, whichever point is chosen', { timeout: 120_000 }, async ({
  skip,
}) => {
  if (!executablePath) skip(`no Chromium on this machine (looked for ${EXECUTABLES.join(', ')})`);
  const repair = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const failed: { id: string; uiUrl: string }[] = [];
  for (let count = 0; count < 4; count++) {
    const { headers } = await service.request('/v1/chat/completions', { body: chat('single') });
    const { body } = await service.request(`/v1/inferences/${headers.get('x-holdfast-inference-id')}`);
    expect(body.status).toBe('failed');
    failed.push({ id: body.id, uiUrl: body.temporal.ui_url });
  }
  const page = await openResetDialog(failed[0]?.uiUrl ?? '');
  const options = resetDialog(page).getByRole('option');
  await options.first().waitFor();
  const offered = (await options.allTextContents()).map((text) => text.trim());
  await page.close();
  expect(offered).toEqual([
    '3 - WorkflowTaskStarted',
    '4 - WorkflowTaskCompleted',
    '9 - WorkflowTaskStarted',
    '10 - WorkflowTaskCompleted',
  ]);
  repair();

  for (const [index, { id, uiUrl }] of failed.entries()) {
    const point = offered[index] ?? '';
    const isAccepted = await resetTo(uiUrl, point);
    const { body } = await service.request(`/v1/inferences/${id}?wait=20`);
    expect({ point, isAccepted, status: body.status }).toEqual({
      point,
      isAccepted: index > 0,
      status: index > 0 ? 'succeeded' : 'failed',
    });
  }
});
