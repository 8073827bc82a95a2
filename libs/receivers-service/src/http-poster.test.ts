import { AppError } from '@tocsin/kernel';
import { expect, it } from 'vitest';
import { httpPoster, type PosterParts } from './http-poster.ts';
import { FakeHttp, HandClock } from './testing/fixtures.ts';

const parts = (http: FakeHttp): PosterParts => ({
  clock: new HandClock(),
  http,
  readSecret: (path) => Promise.resolve(` content of ${path}\n`),
});
const request = { body: '{}\n', contentType: 'application/json', timeoutMs: 700 };

it('posts as http_config says, within the time that is given', async () => {
  const http = new FakeHttp();
  const config = JSON.stringify({ authorization: { type: 'Bearer', credentials_file: '/t' } });
  const post = httpPoster('https://audit.test/x', config, parts(http));
  expect(await post(request)).toMatchObject({ status: 'delivered' });
  expect(http.sent[0]).toMatchObject({
    method: 'POST',
    url: 'https://audit.test/x',
    body: '{}\n',
    timeoutMs: 700,
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer content of /t' },
  });
});

it('refuses a URL or settings that can not be used, before anything is sent', () => {
  const http = new FakeHttp();
  const message = (url: string, config: string): string => {
    try {
      httpPoster(url, config, parts(http));
      return '';
    } catch (error) {
      return error instanceof AppError ? error.code : String(error);
    }
  };
  expect(message('nowhere', '')).toBe('invalid');
  expect(message('http://audit.test', '{"proxy_url":"gopher://p"}')).toBe('invalid');
  expect(http.sent).toEqual([]);
});
