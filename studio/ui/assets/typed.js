// Streamlit sends a field a moment after it is left. Who reloads the page in the middle of a sentence leaves it, too, and
// by the keys the page waits that moment; closed or reloaded in another way, it may be gone before the field is sent.
// A page may put this here more than once.
if (!window.yardstickTyped) {
  window.yardstickTyped = true;
  const leave = () => document.activeElement?.blur();
  addEventListener("beforeunload", leave);
  addEventListener("keydown", (event) => {
    const again = event.key === "F5" || (event.key?.toLowerCase() === "r" && (event.ctrlKey || event.metaKey));
    if (!again || event.altKey || event.shiftKey || !document.activeElement?.matches("input, textarea")) return;
    event.preventDefault();
    leave();
    setTimeout(() => location.reload(), 150);
  });
}
