/** The page at `/` in Debian's Chromium: by keyboard, by mouse, without scripts, on a phone, behind a prefix. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  background,
  barriers,
  focused,
  openTab,
  outlineOfFocus,
  overflow,
  startBrowser,
} from './support/browser.ts';
import { HOST, freePort, has, stageOfTest, type Stage } from './support/processes.ts';

const HOUR_MS = 3_600_000;
const NASTY = '<script>alert(1)</script>"\'&amp; \u202eעברית 😀';

const CONFIG = `route:
  receiver: default
  group_by: [alertname]
  group_wait: 1h
  routes:
  - receiver: team-db
    matchers: [team="db"]
receivers:
- name: default
- name: team-db
inhibit_rules:
- source_matchers: [alertname="NodeDown"]
  target_matchers: [alertname="Slow"]
`;

interface Served {
  /** With the prefix, ending in a slash. */
  readonly url: string;
  silences(): Promise<
    readonly {
      readonly id: string;
      readonly comment: string;
      readonly endsAt: string;
      readonly status: { readonly state: string };
    }[]
  >;
}

async function serve(stage: Stage, prefix = ''): Promise<Served> {
  const port = await freePort();
  const config = stage.file('alertmanager.yml', CONFIG);
  await stage.app('alertmanager', 'alertmanager', [
    `--config.file=${config}`,
    `--storage.path=${stage.dir}/data`,
    `--web.listen-address=${HOST}:${port}`,
    '--cluster.listen-address=',
    ...(prefix === '' ? [] : [`--web.route-prefix=${prefix}`]),
  ]);
  const url = `http://${HOST}:${port}${prefix}/`;
  const labels = (name: string, more = {}): object => ({ alertname: name, ...more });
  const alerts = [
    {
      labels: labels('DiskFull', { team: 'db', instance: 'a', severity: 'critical' }),
      annotations: { summary: 'full in 2 h' },
      generatorURL: 'http://prometheus.test/graph',
    },
    { labels: labels('DiskFull', { team: 'db', instance: 'b', severity: 'critical' }) },
    { labels: labels('Slow') },
    { labels: labels('NodeDown') },
    {
      labels: labels(NASTY, { instance: NASTY }),
      annotations: { summary: NASTY },
      generatorURL: 'javascript:alert(1)',
    },
  ].map((alert) => ({ ...alert, endsAt: new Date(Date.now() + HOUR_MS).toISOString() }));
  const posted = await fetch(`${url}api/v2/alerts`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(alerts),
  });
  expect(posted.status).toBe(200);
  return {
    url,
    silences: async () =>
      (await (await fetch(`${url}api/v2/silences`)).json()) as Awaited<ReturnType<Served['silences']>>,
  };
}

const names = (page: Page): Promise<string[]> => page.locator('.alert .name').allInnerTexts();
describe.skipIf(!has('chromium'))('the page in Chromium', () => {
  it('is worked by keyboard: search, move, silence with preview; extended, expired and made again by mouse', async (context) => {
    const stage = stageOfTest(context);
    const { url, silences } = await serve(stage);
    const { page, complaints } = await openTab(await startBrowser(stage));
    await page.goto(url);
    expect(await names(page)).toEqual(
      [NASTY, 'DiskFull', 'DiskFull', 'NodeDown'].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    expect(await page.title()).toBe('Alerts · Tocsin');

    await page.keyboard.press('/');
    expect(await focused(page)).toBe('q');
    await page.keyboard.type('team=db, instance="a"');
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=/);
    expect(await page.locator('.chip bdi').allInnerTexts()).toEqual(['team="db"', 'instance="a"']);
    expect(new URL(page.url()).searchParams.has('active')).toBe(false);
    expect(await names(page)).toEqual(['DiskFull']);

    await page.keyboard.press('?');
    expect(await page.locator('dialog#keys').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog#keys').isVisible()).toBe(false);

    await page.keyboard.press('j');
    expect(await focused(page)).toBe('DiskFull');
    expect(await outlineOfFocus(page)).toBe('solid');
    await page.keyboard.press('s');
    await page.waitForURL(/silences\/new/);
    expect(await page.inputValue('#matchers')).toContain('instance="a"');
    expect(await page.innerText('.silence-form [role=status]')).toContain('1 alert of 5');

    await page.locator('#author').focus();
    await page.keyboard.type('mira');
    await page.keyboard.press('Tab');
    await page.keyboard.type('OPS-1 <b>disk</b>');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('which');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toContain('Create silence');
    await page.keyboard.press('Enter');
    await page.waitForURL(/done=created/);
    expect(await page.innerText('main')).toContain('The silence was created.');
    expect(await page.innerText('.comment')).toBe('OPS-1 <b>disk</b>');
    expect(await page.locator('.compact .alert').count()).toBe(1);

    const [before] = await silences();
    await page.click('button:has-text("+4h")');
    await page.waitForURL(/done=extended/);
    const [after] = await silences();
    expect(Date.parse(after?.endsAt ?? '') - Date.parse(before?.endsAt ?? '')).toBe(4 * HOUR_MS);

    await page.fill('#until', '2099-01-02 03:04');
    await page.click('button:has-text("Set end")');
    await page.waitForURL(/done=extended/);
    expect((await silences())[0]?.endsAt).toBe('2099-01-02T03:04:00.000Z');

    await page.click('nav >> text=Silences');
    await page.click('.silence a:has-text("Expire…")');
    await page.click('button:has-text("Expire now")');
    await page.waitForURL(/done=expired/);
    expect((await silences()).map(({ status }) => status.state)).toEqual(['expired']);

    await page.click('a:has-text("Recreate")');
    expect(await page.inputValue('#author')).toBe('mira');
    await page.click('button:has-text("1d")');
    expect(await page.inputValue('#duration')).toBe('1d');
    await page.fill('#ends', '2099-01-01');
    expect(await page.inputValue('#duration')).toBe('');
    await page.click('button:has-text("Create silence")');
    await page.waitForURL(/done=created/);
    expect((await silences()).map(({ status }) => status.state)).toEqual(['active', 'expired']);
    expect(complaints).toEqual([]);
  });

  it('is filtered by mouse: boxes and lists act at once, chips go, labels add themselves, groups change', async (context) => {
    const stage = stageOfTest(context);
    const { url } = await serve(stage);
    const { page, complaints } = await openTab(await startBrowser(stage));
    await page.goto(url);
    await page.click('label:has-text("Inhibited")');
    await page.waitForURL(/inhibited=true/);
    expect(await names(page)).toContain('Slow');
    await page.click('label:has-text("Active")');
    await page.waitForURL(/active=false/);
    expect(await names(page)).toEqual(['Slow']);
    await page.goto(url);
    await page.selectOption('#receiver', 'team-db');
    await page.waitForURL(/receiver=team-db/);
    expect(await names(page)).toEqual(['DiskFull', 'DiskFull']);
    await page.click('.alerts a.label:has-text("instance=b")');
    await page.waitForURL(/filter=/);
    expect(await names(page)).toEqual(['DiskFull']);
    await page.click('.chip a');
    await page.waitForURL((at) => !at.search.includes('filter'));
    expect(await names(page)).toEqual(['DiskFull', 'DiskFull']);
    await page.selectOption('#custom', 'true');
    await page.waitForURL(/customGrouping=true/);
    await page.fill('#group', 'instance');
    await page.click('button:has-text("Apply")');
    await page.waitForURL(/group=instance/);
    expect(await page.locator('.group').count()).toBe(2);
    await page.fill('#q', 'instance=~"("');
    await page.click('button:has-text("Apply")');
    await page.waitForURL(/filter=/);
    expect(await page.innerText('#q-help')).toContain('missing closing )');
    expect(await page.inputValue('#q')).toBe('instance=~"("');
    expect(complaints).toEqual([]);
  });

  it('shows hostile text as text: it reads back whole, runs nothing, and its link is none', async (context) => {
    const stage = stageOfTest(context);
    const { url } = await serve(stage);
    const { page, complaints } = await openTab(await startBrowser(stage));
    await page.goto(`${url}alerts?customGrouping=true`);
    const alert = page.locator('.alert', { hasText: 'script' });
    expect(await alert.locator('.name').evaluate((each) => each.textContent)).toBe(NASTY);
    expect(await alert.locator('.annotations dd').evaluate((each) => each.textContent)).toBe(NASTY);
    expect(await alert.locator('a:has-text("Source")').count()).toBe(0);
    await alert.locator('.silence-this').click();
    await page.fill('#author', NASTY);
    await page.fill('#comment', NASTY);
    await page.click('button:has-text("Create silence")');
    await page.waitForURL(/done=created/);
    expect(await page.locator('.comment').evaluate((each) => each.textContent)).toBe(NASTY);
    await page.goto(`${url}silences/new`);
    expect(await page.inputValue('#author')).toBe(NASTY);
    expect(complaints).toEqual([]);
  });

  it.for(['', '/some/prefix'])(
    'leads old links behind the hash to the right place, with the prefix %j',
    async (prefix, context) => {
      const stage = stageOfTest(context);
      const { url } = await serve(stage, prefix);
      const { page, complaints } = await openTab(await startBrowser(stage));
      const landed = async (hash: string): Promise<string> => {
        await page.goto('about:blank');
        await page.goto(`${url}${hash}`);
        await page.waitForURL((at) => at.hash === '');
        return decodeURIComponent(page.url().slice(url.length));
      };
      expect(await landed('#/alerts')).toBe('alerts');
      expect(
        await landed(
          '#/alerts?silenced=false&inhibited=true&active=true&filter=%7Bteam%3D%22db%22%7D&receiver=team-db',
        ),
      ).toContain('receiver=team-db');
      expect(await names(page)).toEqual(['DiskFull', 'DiskFull']);
      expect(
        await landed('#/silences/new?filter=%7Balertname%3D"DiskFull"%2C%20instance%3D"a"%7D'),
      ).toContain('silences/new');
      expect(await page.inputValue('#matchers')).toBe('alertname="DiskFull"\ninstance="a"');
      expect(await page.innerText('.silence-form [role=status]')).toContain('1 alert of 5');
      expect(await landed('#/silences')).toBe('silences');
      expect(await landed('#/silences/00000000-0000-4000-8000-000000000000')).toBe(
        'silences/00000000-0000-4000-8000-000000000000',
      );
      expect(await page.innerText('h1')).toBe('No such silence');
      expect(await landed('#/status')).toBe('status');
      expect(await landed('#/settings')).toBe('alerts');
      // From a page that is open, as when a hash is typed.
      await page.evaluate("location.hash = '#/silences'");
      await page.waitForURL(/silences$/);
      await page.click('nav >> text=Status');
      expect(await page.innerText('h1')).toBe('Status');
      expect(complaints.filter((complaint) => !complaint.includes('404'))).toEqual([]);
    },
  );

  it('can be used by everybody: axe finds nothing serious in light or dark, and a phone needs no sideways scrolling', async (context) => {
    const stage = stageOfTest(context);
    const { url, silences } = await serve(stage);
    const browser = await startBrowser(stage);
    const { page: maker } = await openTab(browser);
    await maker.goto(`${url}silences/new?filter=%7Bteam%3D"db"%7D`);
    await maker.fill('#author', 'mira');
    await maker.fill('#comment', 'x'.repeat(300));
    await maker.click('button:has-text("Create silence")');
    await maker.waitForURL(/done=created/);
    const [{ id } = { id: '' }] = await silences();
    await maker.goto(`${url}?silenced=true`);
    const alert = (await maker.locator('.alert .name').first().getAttribute('href')) ?? '';
    const paths = [
      '',
      '?silenced=true&inhibited=true&filter=a!%3Db',
      '?filter=%3D',
      '?customGrouping=true&group=team',
      alert,
      'silences',
      'silences?state=expired',
      `silences/${id}?done=created`,
      `silences/${id}/edit`,
      'silences/new',
      'silences/new?filter=%7Balertname%3D~".%2B"%7D',
      'status',
    ];
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openTab(browser, { colorScheme, reducedMotion: 'reduce' });
      for (const path of paths) {
        await page.goto(url + path);
        found.push(...(await barriers(page)));
      }
      expect(await background(page)).toBe(colorScheme === 'dark' ? 'rgb(15, 18, 22)' : 'rgb(244, 245, 247)');
    }
    const { page: phone } = await openTab(browser, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    for (const path of paths) {
      await phone.goto(url + path);
      const wider = await overflow(phone);
      if (wider > 0) found.push(`${path} is ${wider} px too wide for a phone`);
    }
    for (const path of ['', 'silences/new', `silences/${id}`]) {
      await phone.goto(url + path);
      found.push(...(await barriers(phone)));
    }
    expect(found).toEqual([]);
  });

  it('needs no script: list, filter, preview, silence and expire work with scripts off', async (context) => {
    const stage = stageOfTest(context);
    const { url, silences } = await serve(stage, '/am');
    const { page } = await openTab(await startBrowser(stage), { javaScriptEnabled: false });
    await page.goto(`${url}#/silences`);
    expect(await page.locator('.alert').count()).toBe(4);
    await page.fill('#q', 'team=db');
    await page.check('input[type=checkbox][name=inhibited]');
    await page.click('button:has-text("Apply")');
    expect(await page.locator('.alert').count()).toBe(2);
    await page.click('text=Silence this filter');
    await page.fill('#matchers', 'alertname=~".+"');
    await page.fill('#author', 'jo');
    await page.fill('#comment', 'maintenance');
    await page.click('button:has-text("Create silence")');
    expect(await page.innerText('main')).toContain('It hits everything');
    expect(await silences()).toEqual([]);
    await page.fill('#matchers', 'team="db"');
    await page.click('button:has-text("Preview")');
    expect(await page.innerText('.silence-form [role=status]')).toContain('2 alerts of 5');
    await page.click('button:has-text("Create silence")');
    expect(await page.innerText('main')).toContain('The silence was created.');
    await page.click('summary');
    await page.click('button:has-text("Expire now")');
    expect((await silences()).map(({ status }) => status.state)).toEqual(['expired']);
  });

  it('takes no form from a page of another origin', async (context) => {
    const stage = stageOfTest(context);
    const [ours, theirs] = [await serve(stage), await freePort()];
    const { createServer } = await import('node:http');
    const evil = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<form method="post" action="${ours.url}silences/new"><input name="matchers" value='a="b"'><input name="previewed" value='a="b"'><input name="duration" value="1h"><input name="author" value="x"><input name="comment" value="x"><input name="do" value="save"><button>go</button></form>`,
      );
    });
    await new Promise<void>((up) => evil.listen(theirs, HOST, () => up()));
    stage.onEnd(() => void evil.close());
    const { page } = await openTab(await startBrowser(stage));
    await page.goto(`http://${HOST}:${theirs}/`);
    const [answer] = await Promise.all([
      page.waitForResponse(`${ours.url}silences/new`),
      page.click('button'),
    ]);
    expect(answer.status()).toBe(403);
    expect(await ours.silences()).toEqual([]);
  });
});
