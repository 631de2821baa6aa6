"use strict";
// Keys, focus and what goes wrong; the forms work without any of it.
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const help = one("#help"), ask = one("#ask"), keys = one("#keys");
  let at = null; // id of the criterion at hand

  const open = () => all(".criterion.waits")[0] || all(".criterion")[0] || null;
  const here = () => (at && document.getElementById(at)) || open();
  const pointsOf = (criterion) => criterion && one(".points", criterion);
  const focus = (field) => { if (field) { field.focus(); if (field.select) field.select(); } };
  const say = (text, wrong) => {
    const line = one("#said");
    if (line) { line.textContent = text; line.classList.toggle("wrong", Boolean(wrong)); }
  };
  const changed = () => all(".criterion textarea, .criterion .points, .override textarea, .override .points")
    .some((field) => field.value !== field.defaultValue);
  const insert = (button) => {
    const field = one("textarea", button.closest(".criterion"));
    field.value = field.value.trim() ? `${field.value.trim()}\n${button.dataset.comment}` : button.dataset.comment;
    focus(pointsOf(button.closest(".criterion")));
    say("The comment is in; Enter saves it.");
  };

  ask.hidden = false;
  ask.addEventListener("click", () => help.showModal());
  try { keys.checked = localStorage.getItem("keys") !== "off"; } catch { /* without storage they are on */ }
  keys.addEventListener("change", () => {
    try { localStorage.setItem("keys", keys.checked ? "on" : "off"); } catch { /* for this page only */ }
  });

  document.addEventListener("focusin", (event) => {
    const criterion = event.target.closest(".criterion");
    if (criterion) at = criterion.id;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-points], [data-comment]");
    if (!button) return;
    if (button.dataset.comment !== undefined) { insert(button); return; }
    const field = pointsOf(button.closest(".criterion"));
    field.value = button.dataset.points;
    focus(field);
  });

  const press = (id) => { const found = document.getElementById(id); if (found && !found.disabled) found.click(); };
  const single = {
    j: () => press("after"), n: () => press("after"), k: () => press("before"), p: () => press("before"),
    u: () => press("undo"), r: () => press("redo"), q: () => press("all"), "?": () => help.showModal(),
    c: () => { const criterion = here(); if (criterion) one("textarea", criterion).focus(); },
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target, inPoints = target.matches(".points"), writing = target.matches("textarea, input, select") && !inPoints;
    if (help.open || event.isComposing) return;
    if (event.altKey && !event.ctrlKey && !event.metaKey && /^Digit[1-9]$/.test(event.code)) {
      const button = here() && all("[data-comment]", here())[Number(event.code.slice(5)) - 1];
      if (button) { event.preventDefault(); insert(button); }
      return;
    }
    if (target.matches("textarea")) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); target.form.requestSubmit(); }
      if (event.key === "Escape") focus(one(".points", target.form));
      return;
    }
    if (writing || event.altKey || event.ctrlKey || event.metaKey || !keys.checked) return;
    if (/^[0-9]$/.test(event.key) && !inPoints) {
      const field = pointsOf(here());
      if (field) { event.preventDefault(); focus(field); field.value = event.key; }
      return;
    }
    const act = single[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // What was typed and not saved is not lost by a slip of a finger.
  addEventListener("beforeunload", (event) => { if (changed()) event.preventDefault(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) return;
    const reply = event.detail.xhr;
    say(reply && reply.status ? reply.responseText.trim() : "Not saved: the server does not answer. Is `grader review` still running?", true);
  });
  // The server says which criterion is next.
  document.addEventListener("next", (event) => {
    const found = document.getElementById(`p-${event.detail.value}`);
    if (found) { focus(found); found.closest("li").scrollIntoView({ block: "nearest" }); } else { const after = one("#after"); if (after) after.focus(); }
  });
  if (document.body.classList.contains("marking")) {
    const named = location.hash && document.getElementById(location.hash.slice(1));
    // On a phone that would scroll past what is to be read, and open its keyboard.
    if (matchMedia("(min-width:900px)").matches) focus(named ? one(".points", named) : pointsOf(open()));
    const current = one("#queue .current"), queue = one(".queue");
    if (current) queue.scrollTop = current.offsetTop - queue.clientHeight / 2;
  }
})();
