/**
 * @module alertmanager-service/api/paging
 *
 * Pages of a list that changes while it is read. A cursor names the last element given by its sort key
 * and id, not by a number, so what comes and goes meanwhile shifts nothing: an element whose key stays
 * is given exactly once. The order is total: by key, and by id where keys are equal.
 */
import {
  AppError,
  compareUtf8,
  decodeUtf8,
  encodeUtf8,
  isWellFormed,
  type HttpRequest,
} from '@tocsin/kernel';
import type { Instant } from '@tocsin/model';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { last } from './query.ts';

/** Elements on one page. */
export const pageLimitMax = 1_000;
export const pageLimitDefault = 100;
/** Of a sort key, UTF-16 units: longer label values sort by their beginning, so that a cursor fits a URL. */
const KEY_LENGTH_MAX = 128;
/** Of what a client sends: sort, key and id, written in Base64. */
const CURSOR_LENGTH_MAX = 4_096;

interface Position {
  readonly key: string;
  readonly id: string;
}

export interface PageRequest {
  readonly limit: number;
  /** As given, `-` in front for descending. */
  readonly sort: string;
  /** Without the sign. */
  readonly field: string;
  readonly isDescending: boolean;
  readonly after: Position | undefined;
}

/** Throws AppError `invalid` for a bad `limit`, a field that `isField` refuses, and a cursor that is none or of another order. */
export function readPageRequest(
  request: HttpRequest,
  options: {
    readonly isField: (field: string) => boolean;
    readonly fields: string;
    readonly byDefault: string;
  },
): PageRequest {
  const limitText = last(request, 'limit') ?? '';
  const limit = limitText === '' ? pageLimitDefault : Number(limitText);
  if (!/^\d{0,9}$/.test(limitText) || limit < 1 || limit > pageLimitMax) {
    throw AppError.invalid(
      `limit: expected a whole number from 1 to ${pageLimitMax}, found ${JSON.stringify(limitText)}`,
    );
  }
  const sort = last(request, 'sort') || options.byDefault;
  const isDescending = sort.startsWith('-');
  const field = isDescending ? sort.slice(1) : sort;
  if (!options.isField(field)) {
    throw AppError.invalid(
      `sort: expected one of ${options.fields}, with - in front for descending, found ${JSON.stringify(sort)}`,
    );
  }
  const cursor = last(request, 'cursor') ?? '';
  return { limit, sort, field, isDescending, after: cursor === '' ? undefined : readCursor(cursor, sort) };
}

function readCursor(cursor: string, sort: string): Position {
  const [of, key, id] = partsOf(cursor);
  if (of === undefined || key === undefined || id === undefined)
    throw AppError.invalid('cursor: expected the next of an answer of this list, found something else');
  if (of !== sort) {
    throw AppError.invalid(
      `cursor: it goes on in the order of sort=${of}, but sort=${sort} is asked for; leave the cursor out to begin anew`,
    );
  }
  return { key, id };
}

function partsOf(cursor: string): readonly (string | undefined)[] {
  const bytes = cursor.length > CURSOR_LENGTH_MAX ? undefined : decodeBase64Url(cursor);
  if (bytes === undefined) return [];
  try {
    const parts = JSON.parse(decodeUtf8(bytes)) as unknown;
    const isGood =
      Array.isArray(parts) &&
      parts.length === 3 &&
      parts.every((part) => typeof part === 'string' && isWellFormed(part));
    return isGood ? (parts as string[]) : [];
  } catch {
    return [];
  }
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the page behind this one; undefined on the last. */
  readonly next: string | undefined;
  /** Of all pages. */
  readonly total: number;
}

/** Takes elements in any order and keeps those of one page: memory and sorting are bound by the page, not by the list. */
export class PageCollector<T> {
  readonly #request: PageRequest;
  readonly #sign: number;
  #kept: { readonly item: T; readonly at: Position }[] = [];
  #total = 0;
  /** What comes behind it is on a later page. */
  #bound: Position | undefined;

  constructor(request: PageRequest) {
    this.#request = request;
    this.#sign = request.isDescending ? -1 : 1;
  }

  add(item: T, key: string, id: string): void {
    this.#total++;
    const at = { key: cut(key), id };
    const { after, limit } = this.#request;
    if (after !== undefined && this.#compare(at, after) <= 0) return;
    if (this.#bound !== undefined && this.#compare(at, this.#bound) > 0) return;
    this.#kept.push({ item, at });
    if (this.#kept.length > 2 * (limit + 1)) this.#shrink();
  }

  page(): Page<T> {
    this.#shrink();
    const { limit, sort } = this.#request;
    const given = this.#kept.slice(0, limit);
    const lastGiven = given.at(-1);
    const hasMore = this.#kept.length > limit && lastGiven !== undefined;
    return {
      items: given.map(({ item }) => item),
      next: hasMore ? cursorOf(sort, lastGiven.at) : undefined,
      total: this.#total,
    };
  }

  /** One more than the page stays: whether there is a next page. */
  #shrink(): void {
    this.#kept.sort((left, right) => this.#compare(left.at, right.at));
    this.#kept = this.#kept.slice(0, this.#request.limit + 1);
    if (this.#kept.length > this.#request.limit) this.#bound = this.#kept.at(-1)?.at;
  }

  #compare(left: Position, right: Position): number {
    return this.#sign * (compareUtf8(left.key, right.key) || compareUtf8(left.id, right.id));
  }
}

const cursorOf = (sort: string, { key, id }: Position): string =>
  encodeBase64Url(encodeUtf8(JSON.stringify([sort, key, id])));

function cut(key: string): string {
  if (key.length <= KEY_LENGTH_MAX) return key;
  const short = key.slice(0, KEY_LENGTH_MAX);
  // Half a surrogate pair would come back from the cursor as another character.
  return isWellFormed(short) ? short : short.slice(0, -1);
}

/** Before every time that the API takes; keys must not be negative. */
const BEFORE_ALL_TIMES_S = 1e11;

/** Orders as the instants do. */
export const instantKey = ({ seconds, nanos }: Instant): string =>
  `${String(seconds + BEFORE_ALL_TIMES_S).padStart(13, '0')}${String(nanos).padStart(9, '0')}`;
