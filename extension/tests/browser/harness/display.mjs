// A screen of our own, with a mouse and a keyboard that the browser takes for real ones.
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function startDisplay() {
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1000x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await new Promise((found, failed) => {
    xvfb.stdio[3].once('data', (text) => found(String(text).trim()));
    xvfb.once('error', failed);
  });
  const env = { ...process.env, DISPLAY: `:${number}` };
  const xdotool = (...words) => run('xdotool', words.map(String), { env });
  return {
    env,
    key: (...names) => xdotool('key', '--delay', '80', ...names),
    type: (text) => xdotool('type', '--delay', '5', text),
    rightClick: (x, y) => xdotool('mousemove', Math.round(x), Math.round(y), 'click', '3'),
    click: (x, y) => xdotool('mousemove', Math.round(x), Math.round(y), 'click', '1'),
    screenshot: (path) => run('import', ['-window', 'root', path], { env }),
    /** As stores want it: 1280 x 800 px. */
    storePicture: (path) => run('import', ['-window', 'root', '-crop', '1280x800+0+0', '+repage', '-quality', '88', path], { env }),
    stop: () => xvfb.kill(),
  };
}
