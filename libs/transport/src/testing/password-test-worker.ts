/** The thread for passwords as an app's worker file runs it, for tests that bundle it. */
import { runPasswordThread } from '../web/password-thread.ts';

runPasswordThread();
