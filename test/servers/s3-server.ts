/** An S3 server with one bucket, started for a test. */
export interface S3Server {
  /** Address of a store below a prefix. */
  readonly url: (prefix: string) => string;
  /** Environment with the credentials. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}
