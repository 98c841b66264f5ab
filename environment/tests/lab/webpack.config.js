// JupyterLab as one bundle, from its packages on npm. Which extensions there are is read from package.json.
const fs = require('fs');
const path = require('path');
const { merge } = require('webpack-merge');
const { Build } = require('@jupyterlab/builder');
const shared = require('@jupyterlab/builder/lib/webpack.config.base');

const output = path.join(__dirname, 'build');
const extensions = Object.keys(require('./package.json').dependencies).filter(name => name.endsWith('-extension'));

// Copies schemas and themes to where the server serves them, and writes build/style.js.
const assets = Build.ensureAssets({ packageNames: extensions, output, themeOutput: __dirname });
fs.writeFileSync(
  path.join(output, 'extensions.js'),
  `export default () => Promise.all([\n${extensions.map(name => `  import('${name}')`).join(',\n')}\n]);\n`
);

module.exports = [
  merge(shared.default ?? shared, {
    mode: 'development',
    devtool: false,
    bail: true,
    entry: './main.js',
    output: { path: output, filename: 'bundle.js', chunkFilename: '[name].[contenthash].js' },
  }),
  ...assets,
];
