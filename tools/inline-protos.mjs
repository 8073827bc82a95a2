// An esbuild plugin: what @grpc/reflection and grpc-health-check load from .proto files beside their own
// code is put into the bundle as JSON, so that a bundled app needs no file but itself.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const require = createRequire(import.meta.url);
const pbjs = promisify(require('protobufjs-cli/pbjs').main);

/** Each with the folder of its .proto, relative to the file, and the call that loads it. */
const LOADERS = [
  {
    filter: /grpc-health-check\/build\/src\/health\.js$/,
    proto: '../../proto/health/v1/health.proto',
    call: /\(0, proto_loader_1\.loadSync\)\('health\/v1\/health\.proto', /,
    becomes: (json) => `(0, proto_loader_1.fromJSON)(${json}, `,
  },
  ...['v1', 'v1alpha'].map((version) => ({
    filter: new RegExp(`@grpc/reflection/build/src/implementations/reflection-${version}\\.js$`),
    proto: `../../proto/grpc/reflection/${version}/reflection.proto`,
    call: /protoLoader\.loadSync\(protoPath, /,
    becomes: (json) => `protoLoader.fromJSON(${json}, `,
  })),
];

export const inlineProtos = {
  name: 'inline-protos',
  setup(build) {
    for (const { filter, proto, call, becomes } of LOADERS) {
      build.onLoad({ filter }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!call.test(source))
          throw new Error(`${path} does not load its .proto as expected: mend tools/inline-protos.mjs`);
        const json = JSON.stringify(JSON.parse(await pbjs(['-t', 'json', join(dirname(path), proto)])));
        // An ES module has no __dirname; what is left of its uses only names files that nobody opens.
        return {
          contents: `const __dirname = '';\n${source.replace(call, () => becomes(json))}`,
          loader: 'js',
        };
      });
    }
  },
};
