/** Each worker loads this: it ends when the run is killed, and its child processes end with it. */
process.once("disconnect", () => process.exit(1));
