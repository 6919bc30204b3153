/** The browser's audio, with our processors in it. */

/** Where the processors' script is, relative to this module's own file; the build knows. */
declare const SOUND_WORKLET: string;

/** What sound has on the link. */
const RATE_HZ = 48_000;

/** Makes a context in which our processors can be made. It may be suspended until the user does something. */
export async function newContext(): Promise<AudioContext> {
  const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule(new URL(SOUND_WORKLET, import.meta.url));
  } catch (error) {
    void context.close();
    throw error;
  }
  return context;
}
