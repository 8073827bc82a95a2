/** A fresh database on a test server. */
import pg from 'pg';

let made = 0;

/** Its URL; it goes with the server. */
export async function newDatabase(serverUrl: string): Promise<string> {
  const name = `test_${process.pid}_${++made}`;
  await sql(serverUrl, `CREATE DATABASE ${name}`);
  return serverUrl.replace(/[^/]*$/, name);
}

/** Runs one statement on a connection of its own. */
export async function sql(url: string, text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as readonly Readonly<Record<string, unknown>>[];
  } finally {
    await client.end();
  }
}
