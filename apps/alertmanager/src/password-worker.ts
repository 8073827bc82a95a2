import { runPasswordThread } from '@tocsin/transport';

runPasswordThread();
