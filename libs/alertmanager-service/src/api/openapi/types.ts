/** As much of OpenAPI 3.1 and JSON Schema as the document uses. */
export type Schema =
  | { readonly $ref: string }
  | {
      readonly type: 'object';
      readonly description?: string;
      readonly properties?: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
      readonly additionalProperties?: Schema | boolean;
    }
  | {
      readonly type: 'array';
      readonly description?: string;
      readonly items: Schema;
      readonly minItems?: number;
    }
  | {
      readonly type: 'string';
      readonly description?: string;
      readonly format?: 'date-time' | 'uri' | 'uuid';
      readonly enum?: readonly string[];
      readonly pattern?: string;
      readonly default?: string;
    }
  | {
      readonly type: 'integer';
      readonly description?: string;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly default?: number;
    }
  | { readonly type: 'boolean'; readonly description?: string; readonly default?: boolean };

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly required?: boolean;
  /** A repeated parameter: `name=a&name=b`. */
  readonly explode?: true;
  readonly schema: Schema;
}

export type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface ResponseDoc {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>;
  /** Absent: an empty body. */
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseDoc>>;
}
