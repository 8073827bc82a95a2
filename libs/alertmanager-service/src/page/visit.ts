/** What a page is made from: the alertmanager, and one request. */
import type { HttpRequest, HttpResponse } from '@tocsin/kernel';
import type { Tenant } from '@tocsin/model';
import type { ConfigurationStatus } from '../configuration-loader.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import type { Page } from './layout.ts';
import type { Pair } from './links.ts';

export interface PageDeps {
  readonly parts: AlertmanagerParts;
  readonly tenantOf: (tenant: Tenant) => TenantAlertmanager;
  readonly isReady: () => boolean;
  readonly startedAt: number;
  readonly configurationStatus: () => ConfigurationStatus;
  readonly newId: () => string;
}

/** One request for a page. */
export interface Visit {
  readonly request: HttpRequest;
  readonly tenant: TenantAlertmanager;
  readonly now: number;
  readonly root: string;
  /** Of a POST. */
  readonly fields: readonly Pair[];
  readonly breathe: () => Promise<void>;
  readonly show: (page: Page, status?: number) => HttpResponse;
}
export type Visitor = (visit: Visit, argument: string) => Promise<HttpResponse> | HttpResponse;
