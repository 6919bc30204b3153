/** Full screen, with the keys that the system keeps to itself otherwise. */

/** Brings an element to full screen, or the page back from it. Returns whether it is there now. */
export async function toggleFullscreen(element: HTMLElement): Promise<boolean> {
  if (document.fullscreenElement !== null) {
    await document.exitFullscreen();
    return false;
  }
  await element.requestFullscreen({ navigationUI: "hide" });
  // Chromium then lets us have Alt+Tab, the system key and Escape (a long press still leaves).
  await keyboardOf(navigator)?.lock().catch(() => undefined);
  return true;
}

/** Gives the keys back once full screen is over. */
export function watchFullscreen(signal: AbortSignal): void {
  document.addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement === null) {
      keyboardOf(navigator)?.unlock();
    }
  }, { signal });
}

/** Chromium's Keyboard Lock API, which the DOM library does not name. */
interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

function keyboardOf(holder: Navigator & { readonly keyboard?: KeyboardLock }): KeyboardLock | undefined {
  return holder.keyboard;
}
