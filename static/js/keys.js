// A button with data-key is pressed by that letter, too. Every page works without this file.
// Whoever dictates or types elsewhere can turn it off (WCAG 2.1.4); the browser remembers that and nothing else.

const OFF = "keys-off";
let off = localStorage.getItem(OFF) === "yes";

document.addEventListener("keydown", (event) => {
  if (off || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const key = event.key.toLowerCase();
  if (!/^[a-z]$/.test(key)) return;
  document.querySelector(`[data-keys] [data-key="${key}"]`)?.click();
});

const help = document.querySelector("[data-keys-help]");
if (help) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-link";
  const tell = () => (button.textContent = off ? "Use letters as keys" : "Do not use letters as keys");
  tell();
  button.addEventListener("click", () => {
    off = !off;
    localStorage.setItem(OFF, off ? "yes" : "no");
    tell();
  });
  help.after(button);
}
