// Runs inside a Web Worker: elkjs finds no document there and answers layout messages by itself.
// oxlint-disable-next-line import/no-unassigned-import -- the import installs the worker's message handler
import 'elkjs/lib/elk-worker.min.js';
