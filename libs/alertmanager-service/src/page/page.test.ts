/** The page of a real alertmanager, asked as a browser asks. */
import { decodeSilence, encodeSilence, replicatedSilence, type MatcherSet } from '@tocsin/alerting';
import { disabledCluster } from '@tocsin/cluster';
import { encodeUtf8, type HttpResponse } from '@tocsin/kernel';
import { addMs } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, textOf, type BenchOptions } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { ALERTS_PER_PAGE, SLICE } from './alert-listing.ts';
import { queryOf, readForm, type Pair } from './links.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

class Browser {
  readonly bench: Bench;
  cookie = '';

  constructor(bench: Bench) {
    this.bench = bench;
  }

  get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.ask('GET', target, headers, '');
  }

  /** A form posted from the page itself, with line ends as browsers send them. */
  post(target: string, fields: Readonly<Record<string, string>>, headers = SAME_ORIGIN): Promise<Seen> {
    const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return this.ask(
      'POST',
      target,
      form,
      queryOf(Object.entries(fields).map(([name, value]) => [name, value.replaceAll('\n', '\r\n')])).slice(1),
    );
  }

  async ask(
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<Seen> {
    const [path = '', search = ''] = target.split('?');
    const answer = await this.bench.settled(
      Promise.resolve<HttpResponse>(
        this.bench.alertmanager.http({
          method,
          path,
          query: readForm(search) ?? [],
          headers: { cookie: this.cookie, ...headers },
          body: encodeUtf8(body),
        }),
      ),
    );
    return { status: answer.status, headers: answer.headers, text: await textOf(answer) };
  }

  /** What the form on a page would send. */
  formOf(page: Seen): Record<string, string> {
    const fields: Pair[] = [];
    for (const [, name = '', value = ''] of page.text.matchAll(/<input[^>]* name="([^"]+)" value="([^"]*)"/g))
      fields.push([name, plainOf(value)]);
    for (const [, name = '', value = ''] of page.text.matchAll(
      /<textarea[^>]* name="([^"]+)"[^>]*>\n([^<]*)<\/textarea>/g,
    ))
      fields.push([name, plainOf(value)]);
    return Object.fromEntries(fields);
  }
}

const SAME_ORIGIN: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' };
const plainOf = (html: string): string =>
  html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
const wordsOf = ({ text }: Seen): string => plainOf(text.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ');

async function open(options: Partial<BenchOptions> = {}): Promise<Browser> {
  const bench = new Bench({ turn, configuration: configurationOf(), ...options });
  await bench.start();
  return new Browser(bench);
}

interface ShownSilence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly comment: string;
  readonly createdBy: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly matchers: readonly unknown[];
}
const silencesOf = async (browser: Browser): Promise<readonly ShownSilence[]> =>
  (await browser.bench.request('GET', '/api/v2/silences')).body as ShownSilence[];

const firing = (
  name: string,
  more: Readonly<Record<string, string>> = {},
): { labels: Record<string, string> } => ({
  labels: { alertname: name, ...more },
});

const GOOD = { author: 'mira', comment: 'OPS-1', duration: '2h', starts: '', ends: '', do: 'save' };

/** Looks first, as the form wants it, then saves. */
async function makeSilence(
  browser: Browser,
  matchers: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const saved = await browser.post('/silences/new', { ...GOOD, matchers, previewed: matchers, ...more });
  expect(saved.status, wordsOf(saved)).toBe(303);
  return /^([0-9a-f-]{36})\?done=created$/.exec(saved.headers['Location'] ?? '')?.[1] ?? '';
}

describe('the list of alerts', () => {
  it('says so when nothing fires, and when nothing fits', async () => {
    const browser = await open();
    expect(wordsOf(await browser.get('/'))).toContain('Nothing fires');
    expect(wordsOf(await browser.get('/alerts?filter=a%3Db'))).toContain('No alert fits this filter');
  });

  it('shows groups as they are notified; state, age, annotations and labels of each alert; and only web links', async () => {
    const browser = await open({
      configuration: configurationOf({
        receivers: ['db'],
        routes: [{ receiver: 'db', matchers: ['team="db"'] }],
      }),
    });
    const { bench } = browser;
    await bench.request('POST', '/api/v2/alerts', [
      {
        labels: { alertname: 'Disk', team: 'db', instance: 'a<b' },
        annotations: { summary: 'it is "full" & slow', runbook: 'https://run.test/x' },
        startsAt: bench.time(-HOUR),
        generatorURL: 'http://prometheus.test/graph?a=1&b=2',
      },
      {
        labels: { alertname: 'Evil' },
        annotations: { link: 'javascript:alert(2)' },
        generatorURL: 'javascript:alert(1)',
      },
    ]);
    const page = await browser.get('/');
    expect(wordsOf(page)).toContain('2 alerts in 2 groups');
    expect(wordsOf(page)).toMatch(
      /alertname = Disk .*1 alert to db .*Active Disk 1h · since .*summary it is "full" & slow .*instance = a<b/,
    );
    expect(page.text).toContain('href="http://prometheus.test/graph?a=1&amp;b=2"');
    expect(page.text).toContain('href="https://run.test/x"');
    expect(page.text).not.toMatch(/href="\s*javascript/i);
    expect(page.text).not.toContain('a<b');
  });

  it('filters by matchers and receiver, and hides what is suppressed unless asked, with the counts of all', async () => {
    const browser = await open({
      configuration: configurationOf({
        receivers: ['db'],
        routes: [{ receiver: 'db', matchers: ['team="db"'] }],
        more: {
          inhibit_rules: [{ source_matchers: ['alertname="Down"'], target_matchers: ['alertname="Slow"'] }],
        },
      }),
    });
    await browser.bench.post(firing('Disk', { team: 'db' }), firing('Down'), firing('Slow'), firing('Quiet'));
    await makeSilence(browser, 'alertname="Quiet"');
    const shown = async (query: string): Promise<string> => wordsOf(await browser.get(`/alerts?${query}`));
    expect(await shown('')).toContain('2 alerts in 2 groups; hidden: 1 silenced, 1 inhibited.');
    expect(await shown('silenced=true&inhibited=true')).toContain('4 alerts in 4 groups');
    expect(await shown('active=false&silenced=true')).toMatch(
      /1 alert in 1 group.* Silenced Quiet .*Suppressed by silence/,
    );
    expect(await shown('active=false&inhibited=true')).toMatch(/Inhibited Slow .*Suppressed by alert/);
    expect(await shown('receiver=db')).toMatch(/1 alert in 1 group.*Active Disk/);
    expect(await shown('filter=%7Bteam%3D%22db%22%7D&filter=alertname!%3DDown')).toMatch(
      /1 alert in 1 group.*Active Disk/,
    );
    expect(await shown('silenced=true&active=false&filter=alertname%3DDisk')).toContain('Show all states');
    // Unticked boxes send `false`, ticked ones `false` and `true`.
    expect(await shown('active=false&active=true&silenced=false')).toContain('2 alerts');
  });

  it('keeps a mistaken filter for mending, and says what is wrong with it', async () => {
    const browser = await open();
    const page = await browser.get('/alerts?filter=%22%3E%3Cscript%3E');
    expect(page.status).toBe(400);
    expect(page.text).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(page.text).toContain('aria-invalid="true"');
    expect(page.text).not.toContain('"><script>');
  });

  it('groups by any labels, or not at all', async () => {
    const browser = await open();
    await browser.bench.post(
      firing('A', { team: 'x' }),
      firing('B', { team: 'x' }),
      firing('C', { team: 'y' }),
    );
    expect(wordsOf(await browser.get('/alerts?group=team'))).toMatch(
      /3 alerts in 2 groups.* team = x 2 alerts .* team = y 1 alert/,
    );
    expect(wordsOf(await browser.get('/alerts?customGrouping=true'))).toContain('3 alerts in 1 group');
    expect(wordsOf(await browser.get('/alerts?customGrouping=false&group=team'))).toContain(
      '3 alerts in 3 groups',
    );
  });

  it('shows an alert of two groups in both and counts it once', async () => {
    const routes = [{ receiver: 'db', matchers: ['team="db"'], continue: true }, { receiver: 'team' }];
    const browser = await open({ configuration: configurationOf({ receivers: ['db'], routes }) });
    await browser.bench.post(firing('A', { team: 'db' }));
    expect(wordsOf(await browser.get('/'))).toContain('1 alert in 2 groups, 2 entries');
  });

  it('has pages of a fixed size, all of which together show every alert once', async () => {
    const browser = await open();
    const names = Array.from({ length: 3 * ALERTS_PER_PAGE + 7 }, (_, index) => `A${index % 9}-${index}`);
    await browser.bench.post(...names.map((instance) => firing(instance.slice(0, 2), { instance })));
    const seen: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const text = wordsOf(await browser.get(`/alerts?page=${page}`));
      expect(text).toContain(`${names.length} alerts in 9 groups`);
      const here = [...text.matchAll(/instance = (A\d-\d+)/g)].map(([, instance = '']) => instance);
      expect(here.length).toBeLessThanOrEqual(ALERTS_PER_PAGE);
      seen.push(...here);
    }
    expect(seen.toSorted()).toEqual(names.toSorted());
    expect(wordsOf(await browser.get('/alerts?page=999'))).toContain('Page 4 of 4');
  });

  it('lets other work run while it looks at many alerts', async () => {
    const browser = await open();
    const many = Array.from({ length: 2 * SLICE }, (_, index) => firing('Many', { instance: String(index) }));
    await browser.bench.post(...many);
    const request = { method: 'GET', path: '/', query: [], headers: {}, body: new Uint8Array() };
    let isThere = false;
    const page = Promise.resolve(browser.bench.alertmanager.http(request)).finally(() => (isThere = true));
    // Nothing but timers is missing, and time stands still until the world runs.
    for (let count = 0; count < 20; count++) await turn();
    expect(isThere).toBe(false);
    const text = await textOf(await browser.bench.settled(page));
    expect(text).toContain('4,000 alerts</strong> in 1 group; 1 to 50 shown');
  });

  it('stays small whatever an alert holds', async () => {
    const browser = await open();
    const labels = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`l${index}`, 'v'.repeat(20_000)]),
    );
    await browser.bench.post({
      labels: { alertname: 'Big', ...labels },
      annotations: { a: '💥'.repeat(100_000) },
    });
    const long = await browser.get(`/alerts?filter=${'l1!%3D%22' + 'w'.repeat(2_000)}%22`);
    for (const page of [await browser.get('/'), long]) expect(page.text.length).toBeLessThan(300_000);
    expect(wordsOf(long)).toContain('and 276 more labels');
  });
});

describe('one alert', () => {
  it('shows its groups and what was decided about it, and is not found when it is over', async () => {
    const browser = await open();
    await browser.bench.post(firing('Disk', { instance: 'a' }));
    await browser.bench.run(MINUTE);
    const [, fingerprint = ''] = /href="alerts\/([0-9a-f]{16})"/.exec((await browser.get('/')).text) ?? [];
    const page = await browser.get(`/alerts/${fingerprint}`);
    expect(page.status).toBe(200);
    expect(wordsOf(page)).toMatch(
      /receiver team , group \{alertname="Disk"\} with 1 alert; looked at again in/,
    );
    expect(wordsOf(page)).toContain('alert routed');
    expect(page.text).toContain(`href="../silences/new?alert=${fingerprint}"`);
    expect((await browser.get('/alerts/0123456789abcdef')).status).toBe(404);
  });
});

describe('a silence', () => {
  it('is made from an alert in two steps: its labels are filled in, what it hits is shown, saving leads to it', async () => {
    const browser = await open();
    await browser.bench.post(firing('Disk', { instance: 'a' }), firing('Disk', { instance: 'b' }));
    const [, link = ''] = /class="silence-this" href="([^"]+)"/.exec((await browser.get('/')).text) ?? [];
    const form = await browser.get(`/${link}`);
    expect(wordsOf(form)).toContain('It would hide 1 alert of 2 that fire now');
    const saved = await browser.post('/silences/new', {
      ...browser.formOf(form),
      author: 'Zoë, on call',
      comment: 'why',
      do: 'save',
    });
    expect(saved.status).toBe(303);
    const silence = await browser.get(`/silences/${saved.headers['Location'] ?? ''}`);
    expect(wordsOf(silence)).toMatch(
      /The silence was created\. Active Silence why .*Zoë, on call .*Alerts it hides now/,
    );
    expect((await silencesOf(browser))[0]).toMatchObject({
      createdBy: 'Zoë, on call',
      comment: 'why',
      status: { state: 'active' },
    });
    expect(saved.headers['Set-Cookie']).toMatch(
      /^tocsin_author=[^;]+; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
    browser.cookie = saved.headers['Set-Cookie']?.split(';')[0] ?? '';
    expect(browser.formOf(await browser.get('/silences/new'))['author']).toBe('Zoë, on call');
  });

  it('is not made before its preview was seen; a warning says when it hits everything or nothing', async () => {
    const browser = await open();
    await browser.bench.post(firing('A'), firing('B'));
    const all = await browser.post('/silences/new', { ...GOOD, matchers: 'alertname=~".+"', previewed: '' });
    expect(all.status).toBe(200);
    expect(wordsOf(all)).toMatch(/Save again to make it.*It hits everything : all 2 alerts/);
    expect(await silencesOf(browser)).toEqual([]);
    expect(browser.formOf(all)).toMatchObject({
      matchers: 'alertname=~".+"',
      previewed: 'alertname=~".+"',
      author: 'mira',
    });
    const nothing = await browser.post('/silences/new', {
      ...GOOD,
      do: 'preview',
      matchers: 'alertname=Typo',
    });
    expect(wordsOf(nothing)).toContain('It hits nothing of the 2 alerts');
    expect(await silencesOf(browser)).toEqual([]);
    await makeSilence(browser, 'alertname=~".+"');
    expect(await silencesOf(browser)).toHaveLength(1);
  });

  it.each([
    [{ matchers: 'alertname' }, 'matchers', 'alertname'],
    [{ matchers: '' }, 'matchers', 'at least one matcher is needed'],
    [{ matchers: 'a=~"("' }, 'matchers', 'missing closing )'],
    [{ matchers: 'a=""' }, 'matchers', 'at least one matcher must not match the empty string'],
    [{ duration: '' }, 'duration', 'give a duration'],
    [{ duration: 'soon' }, 'duration', 'not a valid duration string'],
    [{ duration: '2h', ends: '2099-01-01 00:00' }, 'duration', 'these two differ'],
    [{ duration: '', ends: '2001-01-01' }, 'duration', 'start time must be before end time'],
    [{ duration: '', ends: 'tomorrow' }, 'ends', 'expected a time like'],
    [{ starts: 'yesterday' }, 'starts', 'expected a time like'],
    [{ starts: '2001-01-01', duration: '1h' }, 'duration', "end time can't be in the past"],
    [{ author: ' ' }, 'author', 'say who'],
    [{ comment: '' }, 'comment', 'say why'],
  ])('with %j is refused at the field %s, and what was typed is kept', async (wrong, field, words) => {
    const browser = await open();
    const typed = { ...GOOD, matchers: 'a="b"', previewed: 'a="b"', ...wrong };
    const page = await browser.post('/silences/new', typed);
    expect(page.status).toBe(400);
    const [, hint = ''] =
      new RegExp(`<p id="${field}-help" class="hint">(.*?)</p>`, 's').exec(page.text) ?? [];
    expect(plainOf(hint)).toContain(words);
    expect(hint).toContain('mistake');
    const { do: _do, previewed: _previewed, ...kept } = typed;
    expect(browser.formOf(page)).toMatchObject(kept);
    expect(await silencesOf(browser)).toEqual([]);
  });

  it('keeps the limits of the API, with its words', async () => {
    const browser = await open({ settings: { silencesMax: 1, silenceBytesMax: 300 } });
    const big = await browser.post('/silences/new', {
      ...GOOD,
      matchers: 'a="b"',
      previewed: 'a="b"',
      comment: 'x'.repeat(400),
    });
    expect(big.status).toBe(400);
    expect(wordsOf(big)).toMatch(/silence exceeded maximum size: \d+ bytes \(limit: 300 bytes\)/);
    await makeSilence(browser, 'a="b"');
    const second = await browser.post('/silences/new', { ...GOOD, matchers: 'a="c"', previewed: 'a="c"' });
    expect(second.status).toBe(400);
    expect(wordsOf(second)).toContain('exceeded maximum number of silences: 1 (limit: 1)');
  });

  it('is extended by a span or to a time, and refuses an end in the past', async () => {
    const browser = await open();
    const id = await makeSilence(browser, 'a="b"');
    const endOf = async (): Promise<number> => Date.parse((await silencesOf(browser))[0]?.endsAt ?? '');
    const before = await endOf();
    const longer = await browser.post(`/silences/${id}/extend`, { by: '4h', until: '' });
    expect([longer.status, longer.headers['Location']]).toEqual([303, `../${id}?done=extended`]);
    expect((await endOf()) - before).toBe(4 * HOUR);
    await browser.post(`/silences/${id}/extend`, { by: '', until: '2099-01-02 03:04' });
    expect(await endOf()).toBe(Date.parse('2099-01-02T03:04:00Z'));
    const past = await browser.post(`/silences/${id}/extend`, { by: '', until: '2001-01-01' });
    expect(past.status).toBe(400);
    expect(wordsOf(past)).toContain('start time must be before end time');
    expect(browser.formOf(past)['until']).toBe('2001-01-01');
    expect(wordsOf(await browser.post(`/silences/${id}/extend`, { by: '' }))).toContain('say how long');
    expect(await silencesOf(browser)).toHaveLength(1);
  });

  it('is edited in place, or replaced when its matchers change, and keeps its annotations', async () => {
    const browser = await open();
    const made = await browser.bench.request('POST', '/api/v2/silences', {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      startsAt: browser.bench.time(1_500),
      endsAt: browser.bench.time(HOUR + 1_500),
      createdBy: 'api',
      comment: 'first',
      annotations: { ticket: 'T-1' },
    });
    const { silenceID: id } = made.body as { silenceID: string };
    await browser.bench.run(MINUTE);
    const [before] = await silencesOf(browser);
    const form = browser.formOf(await browser.get(`/silences/${id}/edit`));
    expect(form).toMatchObject({ matchers: 'a="b"', author: 'api', comment: 'first', duration: '' });
    const same = await browser.post(`/silences/${id}/edit`, { ...form, comment: 'second', do: 'save' });
    expect(same.headers['Location']).toBe(`../${id}?done=updated`);
    const [kept] = await silencesOf(browser);
    expect([kept?.startsAt, kept?.endsAt]).toEqual([before?.startsAt, before?.endsAt]);
    expect(kept?.startsAt).toMatch(/\.500Z$/);
    const other = await browser.post(`/silences/${id}/edit`, {
      ...form,
      matchers: 'a="c"',
      previewed: 'a="c"',
      do: 'save',
    });
    expect(other.headers['Location']).toMatch(/done=replaced$/);
    const now = await silencesOf(browser);
    expect(now.map(({ status }) => status.state)).toEqual(['active', 'expired']);
    expect(now.map((each) => (each as { annotations?: unknown }).annotations)).toEqual([
      { ticket: 'T-1' },
      { ticket: 'T-1' },
    ]);
    expect(now[1]).toMatchObject({ id, comment: 'second' });
  });

  it('is expired after a question, can then only be made again, and moves between the tabs', async () => {
    const browser = await open();
    const id = await makeSilence(browser, 'a="b"');
    await makeSilence(browser, 'a="c"', { starts: '2099-01-01' });
    expect(wordsOf(await browser.get(`/silences/${id}`))).toMatch(
      /Expire… It ends now\. No firing alert fits it\. Expire now/,
    );
    expect(wordsOf(await browser.get('/silences'))).toMatch(/Active 1 Pending 1 Expired 0/);
    const ended = await browser.post(`/silences/${id}/expire`, {});
    expect([ended.status, ended.headers['Location']]).toEqual([303, `../${id}?done=expired`]);
    expect(wordsOf(await browser.get('/silences'))).toMatch(/Active 0 Pending 1 Expired 1/);
    expect((await browser.get(`/silences/${id}`)).text).toContain(`href="../silences/new?from=${id}"`);
    expect((await browser.get(`/silences/${id}/edit`)).status).toBe(409);
    expect(wordsOf(await browser.post(`/silences/${id}/extend`, { by: '1h' }))).toContain(
      'recreate it instead',
    );
    const again = browser.formOf(await browser.get(`/silences/new?from=${id}`));
    expect(again).toMatchObject({
      matchers: 'a="b"',
      duration: '2h',
      starts: '',
      author: 'mira',
      comment: 'OPS-1',
    });
    await browser.post('/silences/new', { ...again, do: 'save' });
    expect(wordsOf(await browser.get('/silences'))).toMatch(/Active 1 Pending 1 Expired 1/);
  });

  it('of a peer with several sets of matchers shows them all, and keeps them when it is extended', async () => {
    const cluster = new FakeCluster();
    const browser = await open({ cluster: () => cluster });
    const id = await makeSilence(browser, 'a="b"');
    const [sent] = cluster.sent.filter(({ channel }) => channel === 'sil');
    const silence = decodeSilence(sent?.entry.bytes ?? new Uint8Array());
    const second: MatcherSet = [{ name: 'c', type: '=~', value: 'd|e' }];
    const wider = {
      ...silence,
      matcherSets: [...silence.matcherSets, second],
      updatedAt: addMs(silence.updatedAt, 1),
    };
    const entry = replicatedSilence({ ...wider, bytes: encodeSilence(wider) });
    cluster.arrived.push({ channel: 'sil', entry });
    void cluster.barrier();
    expect(wordsOf(await browser.get(`/silences/${id}`))).toMatch(
      /a = b or c =~ d\|e .*several sets of matchers/,
    );
    expect((await browser.get(`/silences/${id}/edit`)).status).toBe(409);
    await browser.bench.run(MINUTE);
    expect((await browser.post(`/silences/${id}/extend`, { by: '1h' })).headers['Location']).toBe(
      `../${id}?done=extended`,
    );
    expect(wordsOf(await browser.get(`/silences/${id}`))).toMatch(/a = b or c =~ d\|e/);
  });

  it('is found by its matchers as written and by words, and listed with what it hides', async () => {
    const browser = await open();
    await browser.bench.post(firing('Disk'));
    await makeSilence(browser, 'alertname="Disk"', { comment: 'waiting for OPS-77' });
    await makeSilence(browser, 'alertname=~"Net.*"', { author: 'jo' });
    const found = async (query: string): Promise<string> =>
      wordsOf(await browser.get(`/silences?filter=${query}`));
    expect(await found('alertname%3DDisk')).toMatch(/1 active silence .*waiting for OPS-77 .*hides 1 alert/);
    expect(await found('ops-77')).toContain('1 active silence');
    expect(await found('net.')).toContain('by jo');
    expect(await found('nobody+has+this')).toContain('No active silence fits');
  });

  it('from a link in a message fills the form; matchers that can not be read are kept for mending', async () => {
    const browser = await open();
    const page = await browser.get(
      '/silences/new?filter=%7Balertname%3D%22Disk%20Full%22%2C%20team%3D~%22a%7Cb%22%7D',
    );
    expect(browser.formOf(page)['matchers']).toBe('alertname="Disk Full"\nteam=~"a|b"');
    expect(browser.formOf(await browser.get('/silences/new?filter=%7Boops'))['matchers']).toBe('{oops');
    expect(wordsOf(await browser.get('/silences/new?alert=0123456789abcdef'))).toContain(
      'no longer holds that alert',
    );
    expect((await browser.get('/silences/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });
});

describe('forms of other pages', () => {
  const cross: readonly Readonly<Record<string, string>>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://am.test', host: 'am.test' },
    { origin: 'http://evil.test', host: 'am.test' },
    { origin: 'null', host: 'am.test' },
    { origin: 'http://am.test.evil.test', host: 'am.test' },
    { origin: 'http://am.test:81', host: 'am.test' },
  ];
  it.each(cross)('with %j are refused with 403, and nothing is written', async (headers) => {
    const browser = await open();
    const id = await makeSilence(browser, 'a="b"');
    const form = { ...GOOD, matchers: 'x="y"', previewed: 'x="y"' };
    for (const path of [
      '/silences/new',
      `/silences/${id}/edit`,
      `/silences/${id}/extend`,
      `/silences/${id}/expire`,
    ])
      expect((await browser.post(path, { ...form, by: '1h' }, headers)).status).toBe(403);
    expect(await silencesOf(browser)).toMatchObject([{ id, status: { state: 'active' } }]);
  });

  it.each([
    { 'sec-fetch-site': 'none' },
    { origin: 'http://am.test:9093', host: 'am.test:9093' },
    { origin: 'https://am.test', host: 'inner:9093', 'x-forwarded-host': 'am.test' },
    { origin: 'http://alertmanager.test', host: 'inner:9093' },
  ])('are not those with %j', async (headers) => {
    const browser = await open();
    const form = { ...GOOD, matchers: 'x="y"', previewed: 'x="y"' };
    expect((await browser.post('/silences/new', form, headers)).status).toBe(303);
  });

  it('must be forms, whole and not endless', async () => {
    const browser = await open();
    const ask = (type: string, body: string): Promise<Seen> =>
      browser.ask('POST', '/silences/new', { ...SAME_ORIGIN, 'content-type': type }, body);
    const form = 'application/x-www-form-urlencoded';
    expect((await ask('application/json', '{}')).status).toBe(415);
    expect((await ask('text/plain', 'a=b')).status).toBe(415);
    expect((await ask(form, 'a=%')).status).toBe(400);
    expect((await ask(form, `comment=${'x'.repeat(300_000)}`)).status).toBe(413);
    expect((await ask(form, '')).status).toBe(400);
    expect(await silencesOf(browser)).toEqual([]);
  });
});

describe('the page as a whole', () => {
  it('allows nothing from elsewhere, is never kept, and finds its parts by relative links at any depth', async () => {
    const browser = await open();
    const id = await makeSilence(browser, 'a="b"');
    for (const path of [
      '/',
      '/alerts',
      '/silences',
      '/silences/new',
      `/silences/${id}`,
      `/silences/${id}/edit`,
      '/status',
    ]) {
      const { status, headers, text } = await browser.get(path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'Cache-Control': 'no-cache, no-store, must-revalidate',
        Pragma: 'no-cache',
        Expires: '0',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'same-origin',
        'Content-Security-Policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      });
      expect(text).not.toMatch(/ style=| on\w+=|<script>|<style/);
      const links = [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, link = '']) =>
        plainOf(link),
      );
      for (const link of links) {
        expect(link, `${path} links to ${link}`).not.toMatch(/^\//);
        const { pathname, hash } = new URL(link, `http://h${path}`);
        if (!hash.includes('main'))
          expect((await browser.get(pathname)).status, `${path} → ${link}`).not.toBe(404);
      }
    }
  });

  it('has assets that may be kept for ever under the name of their content, and an icon', async () => {
    const browser = await open();
    const { text } = await browser.get('/');
    for (const kind of ['css', 'js']) {
      const [asset = ''] = new RegExp(`assets/page-[0-9a-f]{16}\\.${kind}`).exec(text) ?? [];
      const answer = await browser.get(`/${asset}`);
      expect(answer.headers['Cache-Control']).toBe('public, max-age=31536000, immutable');
      const again = await browser.get(`/${asset}`, { 'if-none-match': answer.headers['ETag'] ?? '' });
      expect([again.status, again.text]).toEqual([304, '']);
    }
    expect((await browser.get('/favicon.ico')).headers['Content-Type']).toBe('image/svg+xml');
    expect((await browser.get('/assets/page-0000000000000000.css')).status).toBe(404);
  });

  it('answers wrong methods with 405 and leaves other paths what they were', async () => {
    const browser = await open();
    const id = await makeSilence(browser, 'a="b"');
    const allowed = async (method: string, path: string): Promise<unknown> => {
      const { status, headers, text } = await browser.ask(method, path, {}, '');
      return [status, headers['Allow'], text];
    };
    const reads = [405, 'GET,HEAD,OPTIONS', 'Method Not Allowed\n'];
    for (const path of ['/', '/alerts', '/silences', `/silences/${id}`, '/status', '/favicon.ico'])
      expect(await allowed('POST', path)).toEqual(reads);
    expect(await allowed('DELETE', '/silences/new')).toEqual([
      405,
      'GET,HEAD,OPTIONS,POST',
      'Method Not Allowed\n',
    ]);
    expect(await allowed('GET', `/silences/${id}/expire`)).toEqual([
      405,
      'OPTIONS,POST',
      'Method Not Allowed\n',
    ]);
    expect((await browser.ask('HEAD', '/', {}, '')).status).toBe(200);
    for (const path of [
      '/nothing',
      '/alerts/',
      '/silences/x',
      '/api',
      '/assets/',
      '/alerts/XYZ',
      `/silences/${id}/other`,
    ])
      expect(await browser.get(path)).toMatchObject({ status: 404, text: '404 page not found\n' });
  });

  it('shows members with positions, the configuration without its secrets, and why a reload was refused', async () => {
    const configuration = configurationOf({ more: { global: { smtp_auth_password: 'hunter2' } } });
    const browser = await open({
      configuration,
      cluster: () => new FakeCluster({ position: 1, status: 'settling' }),
    });
    const before = wordsOf(await browser.get('/status'));
    expect(before).toMatch(/This replica m1 , position 1 \(from 0\) of 2/);
    expect(before).toMatch(/0 m0 10\.0\.0\.0:9094 Seen 1 m1 10\.0\.0\.1:9094 This one/);
    expect(before).toContain('This replica is joining its cluster');
    expect(before).toContain('smtp_auth_password: <secret>');
    expect(before).not.toContain('hunter2');
    browser.bench.configuration = { receivers: '<b>none</b>' };
    expect((await browser.bench.request('POST', '/-/reload')).status).toBe(500);
    const refused = await browser.get('/status');
    expect(wordsOf(refused)).toMatch(
      /The configuration on disk was refused.*Refused .* below is the one before/,
    );
    expect(refused.text).not.toContain('<b>none');
    browser.bench.configuration = configuration;
    await browser.bench.request('POST', '/-/reload');
    expect(wordsOf(await browser.get('/status'))).not.toContain('refused');
  });

  it('says that it is alone without a cluster', async () => {
    const browser = await open({ cluster: disabledCluster });
    expect(wordsOf(await browser.get('/status'))).toContain('Not clustered');
  });
});
