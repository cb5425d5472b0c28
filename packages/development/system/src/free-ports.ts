export { freePort, freePorts } from '@cashback/embedded-postgres/free-ports';
