/** The parts of API v2 that the commands use. */
import { AppError, decodeUtf8, type HttpOut } from '@tocsin/kernel';

/** Answers larger than this are refused: a terminal is the wrong place for them. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export interface AlertmanagerClient {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  delete(path: string): Promise<void>;
}

/** `url`: as for amtool, with the route prefix, without /api/v2. Rejects with AppError that says what the server said. */
export function alertmanagerClient(url: string, http: HttpOut, timeoutMs: number): AlertmanagerClient {
  const base = `${url.replace(/\/+$/, '')}/api/v2/`;
  const send = async (method: string, path: string, body?: unknown): Promise<string> => {
    const answer = await http.send({
      method,
      url: base + path,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs,
      maxBytes: ANSWER_BYTES_MAX,
    });
    const text = decodeUtf8(answer.body);
    if (answer.status >= 200 && answer.status < 300) return text;
    const code = answer.status === 404 ? 'not-found' : answer.status >= 500 ? 'unavailable' : 'invalid';
    throw new AppError(code, `${method} ${base}${path}: ${answer.status} ${said(text)}`.trim());
  };
  return {
    get: async (path) => JSON.parse(await send('GET', path)) as unknown,
    post: async (path, body) => {
      const text = await send('POST', path, body);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    delete: async (path) => void (await send('DELETE', path)),
  };
}

function said(text: string): string {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  } catch {
    // Not JSON: a proxy in front may have answered; its words are shown as they are.
  }
  return text.trim().slice(0, 500);
}
