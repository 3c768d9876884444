// Loaded before every script, by whatever Node npm finds; so it is plain JavaScript and says what to do when that is
// not the one Weir brings.
const NODE_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) {
  process.stderr.write(
    `Weir runs on Node ${NODE_MAJOR}, which "npm ci" puts into node_modules; here is ${process.version}.\n` +
      'Run "npm ci" (with install scripts allowed), then the command again through npm: "npm start", "npm test".\n',
  );
  process.exit(1);
}
