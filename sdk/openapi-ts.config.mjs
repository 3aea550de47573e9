// Settings come from sdk/generate.py.
export default {
  input: process.env.SDK_SPEC,
  output: { path: process.env.SDK_OUTPUT, module: { extension: '.js' } },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
};
