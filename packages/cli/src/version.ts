/** Version of both programs. A test compares it with package.json: reading that file would cost start time. */
export const VERSION = '0.1.0';
