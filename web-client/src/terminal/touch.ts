/** Fingers on a terminal: one scrolls. What a wheel does there, a finger does: rows, a program's arrows, or its mouse. */

/** How far a finger moves before it scrolls, in pixels. */
const SLACK_PX = 8;

/** Makes touches on `box` wheels of the element under them. */
export function scrollByTouch(box: HTMLElement, signal: AbortSignal): void {
  let lastY = 0;
  let scrolls = false;
  box.addEventListener("touchstart", ({ touches }) => {
    lastY = touches[0]?.clientY ?? 0;
    scrolls = false;
  }, { signal, passive: true });
  box.addEventListener("touchmove", (event) => {
    const touch = event.touches[0];
    if (touch === undefined || event.touches.length > 1) {
      return;
    }
    const deltaY = lastY - touch.clientY;
    scrolls ||= Math.abs(deltaY) > SLACK_PX;
    if (scrolls) {
      event.preventDefault();
      lastY = touch.clientY;
      const { clientX, clientY } = touch;
      touch.target.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX, clientY, bubbles: true, cancelable: true, composed: true }));
    }
  }, { signal, passive: false });
}
