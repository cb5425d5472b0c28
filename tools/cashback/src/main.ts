#!/usr/bin/env node
import { buildProgram } from './program.ts';

const args = process.argv.slice(2);
const program = await buildProgram(args);
await program.parseAsync(args, { from: 'user' });
