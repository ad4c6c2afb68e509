// SPDX-License-Identifier: Apache-2.0

// A server of the build under test, and calls to it as curl would make them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const binary = join(process.env.MLT_BUILD, 'bin/mltrainerd');

export class Daemon {
  data = mkdtempSync(join(tmpdir(), 'mlt-page-'));
  address = '127.0.0.1:0';
  token = '';

  constructor(...more) {
    this.more = more;
  }

  /** Start, the second time at the address of the first. */
  async start() {
    this.process = spawn(binary, ['--listen', this.address, '--data-dir', this.data, ...this.more], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.address = await new Promise((resolve, reject) => {
      for (const stream of [this.process.stdout, this.process.stderr])
        createInterface({ input: stream }).on('line', (line) => line.startsWith('ready ') && resolve(line.slice(6).split(' ')[0]));
      this.process.once('exit', (code) => reject(new Error(`mltrainerd ended with ${code}`)));
    });
  }

  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    await this.ended;
  }

  async call(method, request) {
    const response = await fetch(`http://${this.address}/mltrainer.${method}`,
      { method: 'POST', headers: { 'content-type': 'application/json', ...(this.token && { authorization: `Bearer ${this.token}` }) },
        body: JSON.stringify(request) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method}: ${answer.code}: ${answer.message}`);
    return answer;
  }

  async upload(name, csv) {
    const envelope = (message) => {
      const json = Buffer.from(JSON.stringify(message));
      const head = Buffer.alloc(5);
      head.writeUInt32BE(json.length, 1);
      return Buffer.concat([head, json]);
    };
    const body = Buffer.concat([envelope({ header: { name, format: 'DATASET_FORMAT_CSV' } }), envelope({ chunk: Buffer.from(csv).toString('base64') })]);
    const response = await fetch(`http://${this.address}/mltrainer.execution.v1.ExecutionService/UploadDataset`,
      { method: 'POST', headers: { 'content-type': 'application/connect+json' }, body });
    const text = await response.text();
    if (text.includes('"error"')) throw new Error(text);
  }

  async remove() {
    await this.kill('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }
}
