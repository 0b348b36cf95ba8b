/**
 * When the page showed its first picture, ms since the navigation began, and the tasks before it
 * that took 50 ms or more: `firstPicture`. Needs `strip.js`. A canvas without a picture reads as 0.
 */
(() => {
  const seen = { at_ms: null, long_tasks_ms: [] };
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      if (seen.at_ms === null || startTime < seen.at_ms) seen.long_tasks_ms.push(duration);
  });
  observer.observe({ type: "longtask", buffered: true });

  function look(nowMs) {
    const pictures = [...document.querySelectorAll("[data-camera-id][data-channel]")];
    if (pictures.some((picture) => presentedStrip.read(picture) > 0)) seen.at_ms = nowMs;
    else requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
  globalThis.firstPicture = seen;
})();
